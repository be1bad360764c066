"""The Sloan Digital Sky Survey's imaging."""

from __future__ import annotations

from toomre.surveys.survey import Band, Survey

__all__ = ["SDSS"]

# Wavelengths: Fukugita et al. (1996, AJ 111, 1748). Median seeing: Ross et al. (2011, MNRAS 417,
# 1350). Depth of a star at 5 sigma: SDSS, "Scope of the imaging survey".
#: u, g, r, i, z; images in nanomaggy (zero point 22.5 by the definition of the unit); pixels of
#: 0.396 arcsec (Gunn et al. 1998, AJ 116, 3040). The gain differs from chip to chip.
SDSS = Survey(
    name="sdss",
    bands=(
        Band("u", 355, 1.53, 22.15),
        Band("g", 469, 1.44, 23.13),
        Band("r", 617, 1.32, 22.70),
        Band("i", 748, 1.26, 22.20),
        Band("z", 893, 1.29, 20.71),
    ),
    pixel_scale=0.396,
    zeropoint=22.5,
)
