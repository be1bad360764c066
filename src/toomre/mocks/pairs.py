"""The ready-made twins of the papers: one simulated sample, observed in several ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from toomre.mocks.observing import ObservePlan
from toomre.mocks.placing import InputFacts, arcsec_of_kpc
from toomre.mocks.plan import MockPlan, distant_plan, nearby_plan, nearby_plan_at
from toomre.surveys.hst_jwst import HST_JWST
from toomre.surveys.sdss import SDSS
from toomre.surveys.survey import Survey

__all__ = ["PAIRS", "Pair", "Twin", "facts_of", "plan_of"]

# Pixels on a side of the pictures of the SDSS: 51 arcsec.
_PICTURE_SIZE = 128
# Scatter of the seeing from one frame of the SDSS to the next [natural logarithm].
_SEEING = 0.12
# Stars are sharper in the survey's colour pictures than in its frames by this factor.
_SHARPER = 0.79
_PICTURES = replace(
    SDSS,
    bands=tuple(replace(band, psf_fwhm=_SHARPER * band.psf_fwhm) for band in SDSS.bands),
)


@dataclass(frozen=True)
class Twin:
    """One way of observing the sample.

    Attributes
    ----------
    survey, plan
        As for `toomre.mocks.observing.observe`.
    in_place
        Whether each galaxy is seen at its own redshift, in the survey's pixels, and not at the
        redshift and in the pixels of the pair's plan.
    """

    survey: Survey
    plan: ObservePlan
    in_place: bool = False


@dataclass(frozen=True)
class Pair:
    """What is simulated, and the twins that are made of it.

    Attributes
    ----------
    plan
        For the simulation.
    twins
        Name of the data set -> how it is observed.
    galaxy_zoo
        Whether the systems and their labels are those of `toomre.mocks.galaxy_zoo`, and not those
        of `toomre.mocks.population`.

    Examples
    --------
    >>> list(PAIRS["distant"]().twins)
    ['pristine', 'noisy']
    """

    plan: MockPlan
    twins: Mapping[str, Twin]
    galaxy_zoo: bool = False


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
    picture = ObservePlan(plan.bands, size=_PICTURE_SIZE, field=True, picture=True, seeing=_SEEING)
    return Pair(
        plan,
        {
            "pristine": Twin(round_star, quiet),
            "noisy": Twin(round_star, noisy),
            "sdss": Twin(_PICTURES, picture, in_place=True),
        },
        galaxy_zoo=True,
    )


def plan_of(pair: Pair, twin: Twin, redshift: float) -> MockPlan:
    """Return the plan for the simulation of a twin, of a galaxy at a redshift.

    Examples
    --------
    >>> pair = PAIRS["nearby"]()
    >>> plan_of(pair, pair.twins["noisy"], 0.08).redshift
    0.05
    >>> plan_of(pair, pair.twins["sdss"], 0.08).redshift
    0.08
    """
    if not twin.in_place:
        return pair.plan
    scale = twin.survey.pixel_scale / arcsec_of_kpc(1.0, redshift)
    return nearby_plan_at(redshift, scale, twin.plan.size)


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
