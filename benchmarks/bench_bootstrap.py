"""Bootstrap of the ROC-AUC against a loop over scikit-learn: 1,000 resamples of 3,000 images.

Run it by itself: ``python benchmarks/bench_bootstrap.py``.
"""

from __future__ import annotations

from statistics import median

import numpy as np
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits
from timing import seconds

from toomre.evaluation.bootstrap import bootstrap

IMAGES, RESAMPLES, ROUNDS, FLOOR = 3000, 1000, 5, 15


def main() -> float:
    """Print the ratio of the median times and return it."""
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, IMAGES)
    score = 1 / (1 + np.exp(-2 * label + 1 - rng.normal(size=IMAGES)))
    galaxy = np.arange(IMAGES)

    def loop() -> tuple[float, float]:
        values = []
        for _ in range(RESAMPLES):
            rows = rng.integers(0, IMAGES, IMAGES)
            values.append(roc_auc_score(label[rows], score[rows]))
        lower, upper = np.percentile(values, [2.5, 97.5])
        return float(lower), float(upper)

    def vectorised() -> tuple[float, float]:
        found = bootstrap(
            label,
            score,
            galaxy,
            threshold=0.5,
            resamples=RESAMPLES,
            rng=rng,
            metrics=("roc_auc",),
        )
        return found["roc_auc"][1:]

    with threadpool_limits(1):
        if not np.allclose(loop(), vectorised(), atol=0.005):
            raise SystemExit("the two intervals differ")
        times = [(seconds(loop), seconds(vectorised)) for _ in range(ROUNDS)]
    ratio = median(slow for slow, _ in times) / median(fast for _, fast in times)
    print(f"bootstrap_roc_auc  ratio {ratio:.1f}  floor {FLOOR}")
    return ratio


if __name__ == "__main__":
    main()
