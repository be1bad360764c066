"""The Dark Energy Camera Legacy Survey, a part of the DESI Legacy Imaging Surveys."""

from __future__ import annotations

from toomre.surveys.survey import Band, Survey

__all__ = ["DECALS"]

# Dey et al. (2019, AJ 157, 168): median delivered seeing, and depth. The depth is that of a round
# exponential galaxy of 0.45 arcsec half-light radius; a star is seen some 0.3 to 0.5 mag deeper.
# Wavelengths: DECam's filters (Flaugher et al. 2015, AJ 150, 150; rounded).
#: g, r, z; images in nanomaggy; 0.262 arcsec/pixel (the same paper).
DECALS = Survey(
    name="decals",
    bands=(
        Band("g", 481, 1.29, 24.0),
        Band("r", 643, 1.18, 23.4),
        Band("z", 917, 1.11, 22.5),
    ),
    pixel_scale=0.262,
    zeropoint=22.5,
)
