"""The table of surveys."""

from __future__ import annotations

from collections.abc import Mapping

from toomre.surveys.decals import DECALS
from toomre.surveys.euclid import EUCLID
from toomre.surveys.hsc import HSC
from toomre.surveys.hst_jwst import HST_JWST
from toomre.surveys.lsst import LSST
from toomre.surveys.sdss import SDSS
from toomre.surveys.survey import Survey

__all__ = ["SURVEYS"]

#: Name -> survey.
SURVEYS: Mapping[str, Survey] = {
    survey.name: survey for survey in (HST_JWST, SDSS, DECALS, HSC, EUCLID, LSST)
}
