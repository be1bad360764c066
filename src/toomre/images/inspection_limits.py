"""The thresholds of the pixel checks, in one place."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["InspectionLimits"]


@dataclass(frozen=True)
class InspectionLimits:
    """Every threshold of `inspect` and `range_flag`.

    "Sky" and "noise" are, for each band, the median of the outer sixteenth of the frame and
    its distance from the 16 % quantile there (1 sigma of normal noise; light only adds above).

    Attributes
    ----------
    masked_fraction
        TOO_MASKED: more than this part of a band is not finite.
    centre_side, centre_fraction
        CENTRE_MASKED: more than this part of the central square of this many pixels (at most a
        third of the side) is not finite in a band.
    outlier_sigma, outlier_ratio
        OUTLIER: a pixel is this many times the noise above the sky, and more than this many
        times as high as the highest of its eight neighbours. (A point source of 1.5 pixels
        FWHM reaches 3.4.)
    saturated_pixels, saturated_sigma
        SATURATED: linear; this many connected pixels have exactly the band's maximum, which is
        this many times the noise above the sky.
    background_sigma, background_contrast
        BACKGROUND: linear; in a band 9 of 10 border pixels are above this many times the noise
        and above this part of the maximum.
    edge_fraction, edge_surround
        EDGE: a connected region of exact zeros touches the border and covers at least this part
        of the frame. Where zeros make up more than `edge_surround` of the border, they are
        taken for a sky without noise.
    offcentre_radius, offcentre_sigma, offcentre_linear, offcentre_display
        OFFCENTRE: the smoothed image has a peak this many times its noise above the sky, but
        within this part of the half side from the centre there is no peak of at least this part
        of its height (by encoding: a screen shows a star of 100 times the flux as 5 times as
        bright).
    range_linear, range_display
        RANGE (by encoding): a band's mean lies further than this many training standard
        deviations from the training mean, or its standard deviation is this factor larger or
        smaller than that of the training images.
    """

    masked_fraction: float = 0.5
    centre_side: int = 9
    centre_fraction: float = 0.75
    outlier_sigma: float = 20.0
    outlier_ratio: float = 10.0
    saturated_pixels: int = 5
    saturated_sigma: float = 20.0
    background_sigma: float = 5.0
    background_contrast: float = 0.01
    edge_fraction: float = 0.05
    edge_surround: float = 0.95
    offcentre_radius: float = 0.25
    offcentre_sigma: float = 10.0
    offcentre_linear: float = 0.01
    offcentre_display: float = 0.1
    range_linear: float = 1000.0
    range_display: float = 30.0
