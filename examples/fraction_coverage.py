"""How often the 95 % intervals of the merger fraction hold the truth, on simulated scores.

``python examples/fraction_coverage.py [OUT.md [SCORES.parquet]]`` draws, for each true fraction,
200 catalogues of 5,000 galaxies, each with a validation set of its own: 2,000 images, half of them
mergers, from which the threshold, the rates and the calibration come, as in a training. ROC-AUC
0.90. It prints the tables, or writes them to OUT.md.

``normal``: the log odds of mergers and of nonmergers are normal with equal widths, so that the
scores are calibrated at half mergers. ``wide``: those of mergers are 1.5 times as wide, which no
straight line of log odds calibrates; ``sure``: 30 % of the mergers are sure: log odds of 8 +- 1.

With SCORES, labelled scores of `toomre evaluate`, also ``real``: 200 times half of the galaxies are
the validation set, and the other half the catalogue, of which mergers are left out by chance until
the true fraction is reached.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import expit, ndtri

from toomre.evaluation.prevalence.estimates import Estimator
from toomre.evaluation.threshold import best_threshold
from toomre.evaluation.validation_scores import ValidationScores

FRACTIONS = (0.02, 0.05, 0.1, 0.2, 0.5)
SOME_FRACTIONS = (0.02, 0.1, 0.5)
REAL_FRACTIONS = (0.02, 0.05, 0.1, 0.2)
METHODS = ("count", "adjusted", "expectation_maximisation")
DRAWS, GALAXIES, VALIDATION, RESAMPLES = 200, 5000, 2000, 400
# Distance of the two normal distributions for a ROC-AUC of 0.90.
DISTANCE = float(np.sqrt(2) * ndtri(0.9))

Drawing = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Row(NamedTuple):
    """How one method did at one true fraction."""

    method: str
    fraction: float
    mean: float
    coverage: float
    width: float


def normal(label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw scores whose log odds are normal, with equal widths."""
    return expit(DISTANCE * (DISTANCE * (label - 0.5) + rng.normal(size=len(label))))


def wide(label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw scores with a wider distribution for mergers."""
    width = np.where(label == 1, 1.5, 1.0)
    distance = DISTANCE * np.sqrt((1 + 1.5**2) / 2)
    return expit(DISTANCE * (distance * (label - 0.5) + width * rng.normal(size=len(label))))


def sure(label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw scores of which 30 % of the mergers' leave hardly a doubt."""
    plain = normal(label, rng)
    certain = (label == 1) & (rng.random(len(label)) < 0.3)
    return np.where(certain, expit(8 + rng.normal(size=len(label))), plain)


def coverage(
    fraction: float, draw: Drawing = normal, *, draws: int = DRAWS, seed: int = 1
) -> list[Row]:
    """Estimate the fraction of some catalogues, and see whether the intervals hold it."""
    found: dict[str, list[tuple[float, float, float]]] = {method: [] for method in METHODS}
    for number in range(draws):
        rng = np.random.default_rng((seed, number))
        label = np.arange(VALIDATION) % 2
        score = draw(label, rng)
        estimator = Estimator(
            best_threshold(label, score),
            ValidationScores.of(label, score),
            rng=rng,
            draws=RESAMPLES,
        )
        truth = (rng.random(GALAXIES) < fraction).astype(np.int64)
        for estimate in estimator(draw(truth, rng)):
            if estimate.method in found:
                found[estimate.method].append(tuple(estimate.fraction))
    return _rows(found, fraction)


def _rows(found: dict[str, list[tuple[float, float, float]]], fraction: float) -> list[Row]:
    rows = []
    for method, values in found.items():
        value, lower, upper = np.array(values).T
        held = float(np.mean((lower <= fraction) & (fraction <= upper)))
        rows.append(Row(method, fraction, float(value.mean()), held, float((upper - lower).mean())))
    return rows


def real_coverage(scores: ValidationScores, fraction: float, *, draws: int = DRAWS) -> list[Row]:
    """Do the same with halves of real scores."""
    found: dict[str, list[tuple[float, float, float]]] = {method: [] for method in METHODS}
    for number in range(draws):
        rng = np.random.default_rng(number)
        half = (rng.permutation(scores.galaxies) % 2 == 0)[scores.group]
        label, score = scores.label[half], scores.score[half]
        validation = ValidationScores.of(label, score, scores.group[half])
        threshold = best_threshold(label, score)
        estimator = Estimator(threshold, validation, rng=rng, draws=RESAMPLES)
        mergers, others = (scores.score[~half & (scores.label == value)] for value in (1, 0))
        kept = round(len(others) * fraction / (1 - fraction))
        sample = np.r_[rng.permutation(mergers)[:kept], others]
        for estimate in estimator(sample):
            if estimate.method in found:
                found[estimate.method].append(tuple(estimate.fraction))
    return _rows(found, fraction)


def table(rows: list[Row]) -> str:
    """Return a Markdown table."""
    lines = [
        "| true fraction | method | mean estimate | 95 % interval holds the truth | mean width |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        name = row.method.replace("_", " ")
        numbers = f"{row.mean:.4f} | {row.coverage:.3f} | {row.width:.4f}"
        lines.append(f"| {row.fraction:g} | {name} | {numbers} |")
    return "\n".join(lines)


def main(out: Path | None = None, real: Path | None = None) -> None:
    """Print the tables, or write them."""
    plan = {normal: FRACTIONS, wide: SOME_FRACTIONS, sure: SOME_FRACTIONS}
    tables = []
    for draw, fractions in plan.items():
        rows = [row for fraction in fractions for row in coverage(fraction, draw)]
        tables.append(f"## {draw.__name__}\n\n{table(rows)}")
    if real is not None:
        scores = ValidationScores.read(real)
        rows = [row for fraction in REAL_FRACTIONS for row in real_coverage(scores, fraction)]
        tables.append(f"## real\n\n{table(rows)}")
    text = "\n\n".join(tables) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
