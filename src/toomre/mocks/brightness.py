"""How bright a galaxy appears in a survey that takes spectra down to a magnitude."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.surveys.survey import AB_NANOJANSKY

__all__ = ["ApparentBrightness"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ApparentBrightness:
    """Magnitudes in one band, from which follows how far away a galaxy of known light is.

    They are drawn without regard to the galaxy, so that brightness tells nothing of its kind.

    Attributes
    ----------
    band
        In which they hold.
    faintest, brightest
        Their ends [mag].
    slope
        Their counts rise as 10^(slope m) [dex/mag].
    redshifts
        A galaxy is not put nearer or farther than this.
    spectral_slope
        As in `toomre.mocks.placing.place`.
    """

    band: str
    faintest: float
    brightest: float = 13.5
    slope: float = 0.4
    redshifts: tuple[float, float] = (0.02, 0.1)
    spectral_slope: float = -1.0

    def __post_init__(self) -> None:
        if not self.brightest < self.faintest or not 0 < self.redshifts[0] < self.redshifts[1]:
            got = (self.brightest, self.faintest, self.redshifts)
            raise ArgumentError.expected("brightest, faintest, redshifts", "in rising order", got)

    def redshift_of(self, flux: float, redshift: float, rng: np.random.Generator) -> float:
        """Draw a magnitude and return the redshift where the galaxy has it.

        Parameters
        ----------
        flux
            Its flux in the band at `redshift` [nJy].
        redshift
            Where the flux was computed.
        rng
            For the magnitude.

        Examples
        --------
        >>> limits = ApparentBrightness("r", 17.77)
        >>> 0.02 <= limits.redshift_of(4e5, 0.05, np.random.default_rng(1)) <= 0.1
        True
        """
        if not flux > 0:
            raise ArgumentError.expected("flux", "above 0", flux)
        low = 10 ** (self.slope * (self.brightest - self.faintest))
        wanted = self.faintest + np.log10(rng.uniform(low, 1)) / self.slope
        grid, dimming = _dimming(self.redshifts, redshift, self.spectral_slope)
        seen = AB_NANOJANSKY - 2.5 * np.log10(flux) + dimming
        return float(np.interp(wanted, seen, grid))


@lru_cache(maxsize=8)
def _dimming(span: tuple[float, float], start: float, slope: float) -> tuple[Array, Array]:
    """Return redshifts, and how much fainter than at the first one a galaxy is there [mag]."""
    from astropy.cosmology import Planck18

    grid = np.linspace(*span, 200)
    distance = Planck18.luminosity_distance(np.append(grid, start)).value
    dimming = 5 * np.log10(distance[:-1] / distance[-1])
    dimming -= 2.5 * (1 + slope) * np.log10((1 + grid) / (1 + start))
    return grid, dimming
