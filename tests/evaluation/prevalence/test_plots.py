from __future__ import annotations

import numpy as np
import pandas as pd

from toomre.evaluation.plots import save_figure
from toomre.evaluation.prevalence.bins import binned_fractions, estimate_table
from toomre.evaluation.prevalence.estimates import Estimator
from toomre.evaluation.prevalence.plots import (
    binned_fraction_figure,
    fraction_figure,
    selection_figure,
)
from toomre.evaluation.prevalence.selection import purity_by_fraction, selection_by_threshold
from toomre.evaluation.validation_scores import ValidationScores


def test_figures_are_drawn_with_their_numbers(rng, tmp_path):
    label = np.arange(200) % 2
    score = np.clip(rng.normal(0.3 + 0.4 * label, 0.2), 0, 1)
    validation = ValidationScores.of(label, score)
    estimator = Estimator(0.5, validation, rng=rng, draws=100)
    table = estimate_table(estimator(score), 200)
    figure = fraction_figure(table)
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names[1:3] == ["adjusted count", "expectation-maximisation"]
    save_figure(figure, tmp_path / "fraction.png")
    bins = binned_fractions(estimator, score, rng.normal(10, 1, 200), [8, 10, 11, 12])
    figure = binned_fraction_figure(bins, "log stellar mass [solar masses]")
    assert figure.axes[1].get_xlabel() == "log stellar mass [solar masses]"
    save_figure(figure, tmp_path / "bins.png")
    figure = selection_figure(
        selection_by_threshold(validation, 0.05, rng=rng, points=21),
        purity_by_fraction(validation, 0.5, np.geomspace(0.01, 0.5, 9), rng=rng),
        fraction=0.05,
        threshold=0.5,
    )
    assert figure.axes[0].get_title() == "where 0.05 of the galaxies are mergers"
    save_figure(figure, tmp_path / "selection.png")
    assert len(list(tmp_path.iterdir())) == 3


def test_a_bin_without_galaxies_is_left_empty(rng):
    table = binned_fractions(Estimator(0.5, rng=rng), [0.2], [0.5], [0, 1, 2])
    assert isinstance(table, pd.DataFrame)
    assert len(binned_fraction_figure(table, "redshift").axes) == 2
