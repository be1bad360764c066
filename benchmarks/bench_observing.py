"""Observing beside GalSim's own convolution of the same images, and images a second on one core.

Run it by itself: ``python benchmarks/bench_observing.py``.
"""

from __future__ import annotations

from dataclasses import replace

import galsim
import numpy as np
from timing import seconds

from toomre.images.psf import PSF, blur
from toomre.mocks.observing import observe
from toomre.mocks.pairs import PAIRS, facts_of

IMAGES, RATIO_FLOOR, IMAGES_FLOOR = 100, 6, 400


def main() -> tuple[float, float]:
    """Print both numbers and return them."""
    pair = PAIRS["distant"]()
    twin, size = pair.twins["noisy"], pair.plan.size
    scale = twin.plan.pixel_scale or twin.survey.pixel_scale
    rng = np.random.default_rng(1)
    images = rng.uniform(0, 1, (IMAGES, 3, size, size)).astype(np.float32)
    psf = PSF(0.2)
    plan, facts = replace(twin.plan, psf_fwhm=psf.fwhm), facts_of(pair.plan)
    observe(images[0], facts, twin.survey, plan, rng)  # draws the stamps
    blur(images[0], psf, scale)
    ratios, rates = [], []
    for _ in range(3):
        fast = seconds(lambda: [blur(image, psf, scale) for image in images[:20]])
        slow = seconds(lambda: [_galsim(plane, scale) for image in images[:20] for plane in image])
        ratios.append(slow / fast)
        spent = seconds(lambda: [observe(image, facts, twin.survey, plan, rng) for image in images])
        rates.append(IMAGES / spent)
    ratio, rate = float(np.median(ratios)), float(np.median(rates))
    print(f"blur_over_galsim  ratio {ratio:.0f}  floor {RATIO_FLOOR}")
    print(f"observed_images_per_second_and_core  {rate:.0f}  floor {IMAGES_FLOOR}")
    return ratio, rate


def _galsim(plane: np.ndarray, scale: float) -> np.ndarray:
    image = galsim.InterpolatedImage(galsim.Image(plane, scale=scale), x_interpolant="linear")
    both = galsim.Convolve(image, galsim.Gaussian(fwhm=0.2))
    return both.drawImage(nx=len(plane), ny=len(plane), scale=scale, method="no_pixel").array


if __name__ == "__main__":
    main()
