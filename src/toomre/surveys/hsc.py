"""The wide layer of the Hyper Suprime-Cam Subaru Strategic Program."""

from __future__ import annotations

from toomre.surveys.survey import Band, Survey

__all__ = ["HSC"]

# Median seeing and depth of a star at 5 sigma: third data release, wide layer (Aihara et al.
# 2022, PASJ 74, 247). Wavelengths: Kawanomoto et al. (2018, PASJ 70, 66; rounded).
#: g, r, i, z, y; zero point 27 (Bosch et al. 2018, PASJ 70, S5); 0.168 arcsec/pixel.
HSC = Survey(
    name="hsc",
    bands=(
        Band("g", 480, 0.79, 26.5),
        Band("r", 622, 0.75, 26.5),
        Band("i", 770, 0.61, 26.2),
        Band("z", 892, 0.68, 25.2),
        Band("y", 976, 0.68, 24.4),
    ),
    pixel_scale=0.168,
    zeropoint=27.0,
)
