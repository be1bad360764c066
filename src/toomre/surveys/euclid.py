"""The Euclid Wide Survey."""

from __future__ import annotations

from toomre.surveys.survey import Band, Survey

__all__ = ["EUCLID"]

# Depth of a point source at 5 sigma: Scaramella et al. (2022, A&A 662, A112), table 1; VIS is
# also required to reach 24.5 for galaxies at 10 sigma. Sharpness: VIS 0.16 arcsec with its pixels
# (Cropper et al. 2016, SPIE 9904), NISP 0.35 arcsec (Jahnke et al. 2025, A&A 697, A3), both
# rounded. Wavelengths: VIS (Cropper et al. 2016), NISP (Schirmer et al. 2022, A&A 662, A92).
#: VIS, Y, J, H on the 0.1 arcsec pixels of VIS, to which merged images are brought (NISP's own
#: are 0.3 arcsec). Fluxes in microjansky: zero point 23.9 by the definition of the unit.
EUCLID = Survey(
    name="euclid",
    bands=(
        Band("VIS", 715, 0.16, 26.2),
        Band("Y", 1081, 0.35, 24.5),
        Band("J", 1367, 0.35, 24.5),
        Band("H", 1771, 0.35, 24.5),
    ),
    pixel_scale=0.1,
    zeropoint=23.9,
    profile="gaussian",
)
