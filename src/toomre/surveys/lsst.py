"""The Legacy Survey of Space and Time of the Vera C. Rubin Observatory, after ten years."""

from __future__ import annotations

from toomre.surveys.survey import Band, Survey

__all__ = ["LSST"]

# Ivezic et al. (2019, ApJ 873, 111), table 2 and text: expected median seeing at the zenith
# (effective width) and depth of a star at 5 sigma in the sum of all visits. Wavelengths: the same
# survey's filters, rounded.
#: u, g, r, i, z, y; images in nJy (zero point 31.4 by the definition of the unit); 0.2
#: arcsec/pixel.
LSST = Survey(
    name="lsst",
    bands=(
        Band("u", 368, 0.92, 26.1),
        Band("g", 480, 0.87, 27.4),
        Band("r", 622, 0.83, 27.5),
        Band("i", 755, 0.80, 26.8),
        Band("z", 869, 0.78, 26.1),
        Band("y", 971, 0.76, 24.9),
    ),
    pixel_scale=0.2,
    zeropoint=31.4,
)
