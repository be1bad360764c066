"""Hubble and Webb together, as in the DeepMerge papers."""

from __future__ import annotations

from toomre.surveys.survey import Band, Survey

__all__ = ["HST_JWST"]

# Ciprijanovic et al. (2020, Astron. Comput. 32, 100390): ACS F814W, WFC3 F160W and NIRCam F356W,
# noise of a 5 sigma limit of 25 mag/arcsec^2 after Snyder et al. (2019, MNRAS 486, 3702). The
# widths are those of the latter's public code for its point spread functions (0.13, 0.20 and
# 0.18 arcsec). Wavelengths: the instruments' handbooks.
#: F814W, F160W, F356W, from blue to red, on WFC3's 0.06 arcsec pixels of drizzled images; ACS
#: (0.03) and NIRCam (0.065) are brought to them. Fluxes in nJy.
HST_JWST = Survey(
    name="hst_jwst",
    bands=(
        Band("F814W", 805, 0.13, 25.0),
        Band("F160W", 1537, 0.20, 25.0),
        Band("F356W", 3568, 0.18, 25.0),
    ),
    pixel_scale=0.06,
    zeropoint=31.4,
    profile="gaussian",
    depth_of="surface",
)
