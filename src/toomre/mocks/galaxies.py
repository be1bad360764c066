"""Drawn galaxies by kind: nonmergers of four kinds and mergers of three.

Drawings, not a simulation: a kind is smooth ellipses, arms, tails and shells put together with
random sizes, colours and angles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from toomre.mocks.brushes import (
    Canvas,
    Ellipse,
    TailShape,
    clumps,
    sersic,
    shells,
    spiral_arms,
    tail,
)
from toomre.mocks.sdss_picture import EARLY, LATE, ZEROPOINT, Colour, light_of

__all__ = ["MERGERS", "NONMERGERS"]

Image = NDArray[np.float64]

# Magnitude in r of a galaxy with a spectrum in SDSS: mean, spread and ends of what is drawn;
# the spectra go down to 17.77 (Strauss et al. 2002, AJ 124, 1810).
_MAGNITUDE = (16.4, 0.9, 14.0, 17.7)
# Mean surface brightness within the half-light radius [mag/arcsec^2]: mean and spread (main
# galaxy sample, Strauss et al. 2002; rounded).
_SURFACE_BRIGHTNESS = (20.9, 0.4)
# Pairs: how much fainter the second galaxy is [mag]; most mergers of Galaxy Zoo are major ones,
# with a mass ratio of 1:3 at most (Darg et al. 2010).
_FAINTER = (0.0, 0.9)
# Light in tails, bridges and shells as a part of the whole: chosen so that they show.
_STREAM_FRACTION = (0.12, 0.30)


def _spiral(canvas: Canvas, rng: np.random.Generator) -> Image:
    magnitude = _magnitude(rng)
    return _disc_galaxy(canvas, rng, _seen(rng, (0.0, 0.0), magnitude, (0.45, 1.0)), magnitude)


def _elliptical(canvas: Canvas, rng: np.random.Generator) -> Image:
    magnitude = _magnitude(rng)
    return _spheroid(canvas, rng, _seen(rng, (0.0, 0.0), magnitude, (0.6, 1.0)), magnitude)


def _edge_on(canvas: Canvas, rng: np.random.Generator) -> Image:
    magnitude = _magnitude(rng)
    disc = _seen(rng, (0.0, 0.0), magnitude, (0.15, 0.28))
    bulge = Ellipse(0, 0, 0.2 * disc.radius, 0.7, disc.angle)
    share = rng.uniform(0.1, 0.35)
    light = share * light_of(sersic(canvas, bulge, 3), magnitude, EARLY)
    return light + (1 - share) * light_of(sersic(canvas, disc, 1), magnitude, _between(rng))


def _irregular(canvas: Canvas, rng: np.random.Generator) -> Image:
    magnitude = _magnitude(rng) + 0.5
    ellipse = _seen(rng, (0.0, 0.0), magnitude, (0.4, 0.9))
    shape = sersic(canvas, ellipse, 0.9) * clumps(canvas, rng, 0.8, 0.5)
    return light_of(shape, magnitude, _shade(rng, LATE))


def _pair(canvas: Canvas, rng: np.random.Generator) -> Image:
    """Draw two galaxies within one envelope, their middles 3 to 7 arcsec apart."""
    light, magnitude, _ = _two_galaxies(canvas, rng, (3.0, 7.0))
    envelope = _seen(rng, (rng.normal(0, 1.5), rng.normal(0, 1.5)), magnitude, (0.5, 0.9), 1.4)
    share = rng.uniform(*_STREAM_FRACTION)
    shape = sersic(canvas, envelope, 1) * clumps(canvas, rng, 2.5, 0.4)
    return (1 - share) * light + share * light_of(shape, magnitude - 0.5, _between(rng))


def _tails(canvas: Canvas, rng: np.random.Generator) -> Image:
    """Draw two discs 5 to 11 arcsec apart with a bridge between them and a tail on each."""
    light, magnitude, second = _two_galaxies(canvas, rng, (5.0, 11.0), spirals=True)
    towards = float(np.degrees(np.arctan2(second[1], second[0])))
    distance = float(np.hypot(*second))
    side = rng.choice([-1, 1])
    bridge = tail(canvas, (0, 0), towards - 25 * side, TailShape(1.05 * distance, 50 * side, 0.9))
    streams = 0.4 * bridge
    for start, away in (((0.0, 0.0), towards + 180), (second, towards)):
        shape = TailShape(rng.uniform(10, 24), side * rng.uniform(70, 150), rng.uniform(0.7, 1.3))
        streams = streams + 0.8 * tail(canvas, start, away - 50 * side, shape)
    share = rng.uniform(*_STREAM_FRACTION)
    return (1 - share) * light + share / 2 * light_of(streams, magnitude - 0.5, LATE)


def _shells(canvas: Canvas, rng: np.random.Generator) -> Image:
    """Draw a galaxy with a second core 3 to 5.5 arcsec away, shells and a plume."""
    light, magnitude, second = _two_galaxies(canvas, rng, (3.0, 5.5))
    host = _seen(rng, (0.0, 0.0), magnitude, (0.7, 1.0))
    arcs = shells(canvas, host, (1.3, 1.9, 2.6), rng.uniform(25, 45))
    heading = float(np.degrees(np.arctan2(second[1], second[0])))
    shape = TailShape(rng.uniform(8, 14), rng.uniform(-60, 60), 1.2)
    plume = tail(canvas, second, heading, shape)
    share = rng.uniform(*_STREAM_FRACTION)
    return (1 - share) * light + share * light_of(
        0.6 * arcs + 0.4 * plume, magnitude - 0.3, _between(rng)
    )


#: Kinds of nonmergers and of mergers -> how each is drawn.
NONMERGERS: Mapping[str, Callable[[Canvas, np.random.Generator], Image]] = {
    "spiral": _spiral,
    "elliptical": _elliptical,
    "edge_on": _edge_on,
    "irregular": _irregular,
}
MERGERS: Mapping[str, Callable[[Canvas, np.random.Generator], Image]] = {
    "pair": _pair,
    "tails": _tails,
    "shells": _shells,
}


def _two_galaxies(
    canvas: Canvas,
    rng: np.random.Generator,
    distances: tuple[float, float],
    *,
    spirals: bool | None = None,
) -> tuple[Image, float, tuple[float, float]]:
    """Draw one galaxy in the middle and one beside it: light, magnitude of the first, place."""
    magnitude = _magnitude(rng)
    distance, angle = rng.uniform(*distances), rng.uniform(0, 2 * np.pi)
    second = (float(distance * np.cos(angle)), float(distance * np.sin(angle)))
    light = np.zeros((3, canvas.size, canvas.size))
    for at, fainter in (((0.0, 0.0), 0.0), (second, float(rng.uniform(*_FAINTER)))):
        disc = rng.uniform() < 0.5 if spirals is None else spirals
        seen = _seen(rng, at, magnitude + fainter, (0.5, 1.0), scale=0.8)
        draw = _disc_galaxy if disc else _spheroid
        light += draw(canvas, rng, seen, magnitude + fainter)
    return light, magnitude, second


def _spheroid(canvas: Canvas, rng: np.random.Generator, seen: Ellipse, magnitude: float) -> Image:
    return light_of(sersic(canvas, seen, rng.uniform(3, 4.5)), magnitude, _shade(rng, EARLY))


def _disc_galaxy(
    canvas: Canvas, rng: np.random.Generator, seen: Ellipse, magnitude: float
) -> Image:
    """Draw an exponential disc with arms, and a bulge of old stars."""
    share, strength = rng.uniform(0.15, 0.45), rng.uniform(0.3, 0.75)
    bulge = Ellipse(seen.x, seen.y, 0.16 * seen.radius, max(seen.axis_ratio, 0.7), seen.angle)
    pitch = rng.choice([-1, 1]) * rng.uniform(12, 30)
    arms = spiral_arms(canvas, seen, pitch, rng.uniform(0, 360)) * clumps(canvas, rng, 0.7, 0.5)
    disc = sersic(canvas, seen, 1)
    # Two arms of cosine shape hold three eighths of the light of a full disc.
    young = strength * light_of(disc * arms / 0.375, magnitude, _shade(rng, LATE))
    old = (1 - strength) * light_of(disc, magnitude, _between(rng))
    return share * light_of(sersic(canvas, bulge, 3), magnitude, EARLY) + (1 - share) * (
        young + old
    )


def _seen(
    rng: np.random.Generator,
    at: tuple[float, float],
    magnitude: float,
    axis_ratios: tuple[float, float],
    scale: float = 1.0,
) -> Ellipse:
    """Draw how a galaxy is seen; its radius follows from magnitude and surface brightness."""
    axis_ratio = rng.uniform(*axis_ratios)
    flux = 10 ** (0.4 * (ZEROPOINT - magnitude))
    brightness = 10 ** (0.4 * (ZEROPOINT - rng.normal(*_SURFACE_BRIGHTNESS)))
    radius = scale * np.sqrt(flux / 2 / np.pi / brightness / max(axis_ratio, 0.3))
    return Ellipse(at[0], at[1], float(radius), axis_ratio, rng.uniform(0, 180))


def _shade(rng: np.random.Generator, colour: Colour) -> Colour:
    """Draw a colour near another one."""
    shift = rng.normal(0, 0.08)
    return Colour(colour.g_r + shift, colour.r_i + 0.4 * shift)


def _between(rng: np.random.Generator) -> Colour:
    """Draw a colour between those of old stars and of young discs."""
    part = rng.uniform()
    return Colour(*(part * old + (1 - part) * new for old, new in zip(EARLY, LATE, strict=True)))


def _magnitude(rng: np.random.Generator) -> float:
    mean, spread, brightest, faintest = _MAGNITUDE
    return float(np.clip(rng.normal(mean, spread), brightest, faintest))
