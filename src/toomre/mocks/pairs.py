"""The ready-made twins of the papers: one simulated sample, observed in several ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from toomre.mocks.brightness import ApparentBrightness
from toomre.mocks.observing import ObservePlan
from toomre.mocks.placing import InputFacts, arcsec_of_kpc
from toomre.mocks.plan import MockPlan, distant_plan, nearby_plan
from toomre.surveys.hst_jwst import HST_JWST
from toomre.surveys.sdss import SDSS
from toomre.surveys.survey import Survey

__all__ = ["PAIRS", "Pair", "Twin", "facts_of"]

# Simulated pixels for the pictures of the SDSS [kpc], fine for near galaxies and in a frame that
# is wide enough for far ones, and pixels on a side of the pictures: 44 arcsec.
_FINE_PIXEL, _FINE_SIZE, _PICTURE_SIZE = 0.25, 300, 110
# Magnitude in r down to which SDSS took spectra of galaxies (Strauss et al. 2002, AJ 124, 1810).
# The counts of Galaxy Zoo's mergers with spectra rise a little slower than those of all galaxies.
_SPECTRA = ApparentBrightness("r", faintest=17.77, slope=0.4)


@dataclass(frozen=True)
class Twin:
    """One way of observing the sample.

    Attributes
    ----------
    survey, plan
        As for `toomre.mocks.observing.observe`.
    mock
        Pixels of the simulation, if they are not those of the pair.
    brightness
        Puts each galaxy where it has a magnitude drawn from these; None leaves it in its place.
    """

    survey: Survey
    plan: ObservePlan
    mock: MockPlan | None = None
    brightness: ApparentBrightness | None = None


@dataclass(frozen=True)
class Pair:
    """What is simulated, and the twins that are made of it.

    Attributes
    ----------
    plan
        For the simulation.
    twins
        Name of the data set -> how it is observed.

    Examples
    --------
    >>> list(PAIRS["distant"]().twins)
    ['pristine', 'noisy']
    """

    plan: MockPlan
    twins: Mapping[str, Twin]


def _distant() -> Pair:
    """DeepMerge I and II at redshift 2: blurred, and blurred with noise of 25 mag/arcsec^2."""
    plan = distant_plan()
    scale = arcsec_of_kpc(plan.pixel_scale, plan.redshift)
    quiet = ObservePlan(plan.bands, size=plan.size, noise="none", pixel_scale=scale)
    noisy = replace(quiet, noise="brightness", level=25.0)
    return Pair(plan, {"pristine": Twin(HST_JWST, quiet), "noisy": Twin(HST_JWST, noisy)})


def _nearby() -> Pair:
    """DeepMerge II at redshift 0.05: blurred by 1 kpc, with noise, and as pictures of the SDSS."""
    plan = nearby_plan()
    round_star = replace(SDSS, profile="gaussian")
    quiet = ObservePlan(
        plan.bands,
        size=plan.size,
        noise="none",
        pixel_scale=arcsec_of_kpc(plan.pixel_scale, plan.redshift),
        psf_fwhm=arcsec_of_kpc(1.0, plan.redshift),
    )
    noisy = replace(quiet, noise="signal_to_noise", level=25.0)
    picture = ObservePlan(plan.bands, size=_PICTURE_SIZE, field=True, picture=True)
    mock = replace(plan, pixel_scale=_FINE_PIXEL, size=_FINE_SIZE)
    return Pair(
        plan,
        {
            "pristine": Twin(round_star, quiet),
            "noisy": Twin(round_star, noisy),
            "sdss": Twin(SDSS, picture, mock, _SPECTRA),
        },
    )


def facts_of(plan: MockPlan) -> InputFacts:
    """Return what `observe` must know of simulated images.

    Examples
    --------
    >>> facts_of(distant_plan()).length
    'kpc'
    """
    return InputFacts(plan.pixel_scale, "kpc", plan.redshift, "nJy")


#: Name -> what makes the pair; the distances take a moment to compute.
PAIRS: Mapping[str, Callable[[], Pair]] = {"distant": _distant, "nearby": _nearby}
