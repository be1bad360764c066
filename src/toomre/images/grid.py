"""The pixel grid that every input is brought to: centred, square, of one size and scale."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Grid"]


class Grid(BaseModel):
    """A centred square of the sky and the pixels to show it with.

    Attributes
    ----------
    size
        Pixels on a side of the result.
    crop
        Side of the centred square that is cut from an input [pixels of an input at
        `native_pixel_scale`]; a fraction is allowed. None: `fraction` of the largest square
        that fits, which may be another field for each input.
    fraction
        Only used where `crop` is None.
    native_pixel_scale
        Pixel scale of the inputs [arcsec/pixel], or None if it is not known. An input that
        states another scale is cut by angle, so that the result shows the same field.

    Examples
    --------
    >>> Grid(size=75, crop=150, native_pixel_scale=0.396).pixel_scale
    0.792
    >>> Grid(size=105, crop=150, native_pixel_scale=0.396).centre(75)
    Grid(size=75, crop=107.14285714285714, fraction=1.0, native_pixel_scale=0.396)
    >>> Grid(size=100).centre(75).fraction
    0.75
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=8, le=4096)
    crop: float | None = Field(default=None, ge=8)
    fraction: float = Field(default=1.0, gt=0, le=1)
    native_pixel_scale: float | None = Field(default=None, gt=0)

    @property
    def pixel_scale(self) -> float | None:
        """Pixel scale of the result [arcsec/pixel], or None if it is not known."""
        if self.crop is None or self.native_pixel_scale is None:
            return None
        return self.native_pixel_scale * self.crop / self.size

    def centre(self, size: int) -> Grid:
        """Return the grid of the central `size` pixels of this one, at the same scale."""
        part = size / self.size
        if self.crop is None:
            return self.model_copy(update={"size": size, "fraction": self.fraction * part})
        return self.model_copy(update={"size": size, "crop": self.crop * part})
