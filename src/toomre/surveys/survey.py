"""The facts of a survey that an image of it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from toomre.errors import ArgumentError
from toomre.lookup import lookup

__all__ = ["AB_NANOJANSKY", "Band", "Profile", "Survey"]

#: AB magnitude of 1 nJy (Oke & Gunn 1983: 3631 Jy is magnitude 0).
AB_NANOJANSKY = 31.4

#: Shape of a point spread function: Gaussian for space, Moffat (1969, A&A 3, 455) for seeing.
Profile = Literal["gaussian", "moffat"]


@dataclass(frozen=True)
class Band:
    """One filter of a survey.

    Attributes
    ----------
    name
        As in the survey's own papers.
    wavelength
        Pivot wavelength [nm], rounded to about 1 %.
    psf_fwhm
        Median full width at half maximum of a star [arcsec].
    depth
        What is seen with 5 sigma [mag]: see `Survey.depth_of`.

    Examples
    --------
    >>> Band("r", wavelength=622, psf_fwhm=0.83, depth=27.5).name
    'r'
    """

    name: str
    wavelength: float
    psf_fwhm: float
    depth: float

    def __post_init__(self) -> None:
        if not (self.wavelength > 0 and self.psf_fwhm > 0):
            got = (self.wavelength, self.psf_fwhm)
            raise ArgumentError.expected("wavelength, psf_fwhm", "above 0", got)


@dataclass(frozen=True)
class Survey:
    """A survey: its bands and what they have in common.

    Attributes
    ----------
    name
        As in `toomre.surveys.tables.SURVEYS`.
    bands
        From blue to red.
    pixel_scale
        Pixel scale of its images [arcsec/pixel].
    zeropoint
        Magnitude of 1 count in its images [mag, AB].
    profile
        The shape of its point spread function.
    depth_of
        What `Band.depth` is: the magnitude of a ``"point"`` source, or the brightness of a
        ``"surface"`` [mag/arcsec^2].
    gain
        Electrons in a count, or None where its images are sums of many exposures.

    Examples
    --------
    >>> bands = (Band("g", 481, 0.9, 26.0), Band("r", 622, 0.8, 26.1))
    >>> survey = Survey("mine", bands, pixel_scale=0.2, zeropoint=27.0)
    >>> [band.name for band in survey.choose(("r", "g"))]
    ['r', 'g']
    """

    name: str
    bands: tuple[Band, ...]
    pixel_scale: float
    zeropoint: float
    profile: Profile = "moffat"
    depth_of: Literal["point", "surface"] = "point"
    gain: float | None = None

    def __post_init__(self) -> None:
        if not self.bands or len(self._table) != len(self.bands):
            raise ArgumentError.expected("bands", "bands of different names", self.bands)
        if not self.pixel_scale > 0:
            raise ArgumentError.expected("pixel_scale", "above 0 arcsec/pixel", self.pixel_scale)

    @cached_property
    def _table(self) -> dict[str, Band]:
        return {band.name: band for band in self.bands}

    @property
    def nanojansky(self) -> float:
        """Flux of 1 count of its images [nJy]."""
        return float(10 ** (0.4 * (AB_NANOJANSKY - self.zeropoint)))

    def choose(self, names: Sequence[str]) -> tuple[Band, ...]:
        """Return bands by name, in the order of the names.

        Raises
        ------
        ArgumentError
            If the survey has no band of that name.
        """
        return tuple(lookup(self._table, name, f"band of {self.name}") for name in names)
