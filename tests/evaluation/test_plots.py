"""The figures can be saved, carry their labels, and nothing overlaps or is cut off."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from toomre.errors import ArgumentError
from toomre.evaluation.bootstrap import Interval, bootstrap, roc_band
from toomre.evaluation.metrics import confusion_matrix
from toomre.evaluation.plots import (
    confusion_figure,
    gallery_figure,
    history_figure,
    metrics_figure,
    reliability_figure,
    roc_figure,
    save_figure,
    score_histogram_figure,
)
from toomre.evaluation.reliability import reliability

rng = np.random.default_rng(5)
LABEL = rng.integers(0, 2, 200)
SCORE = np.clip(0.3 + 0.4 * LABEL + rng.normal(0, 0.2, 200), 0, 1)
IMAGES = rng.uniform(0, 255, (200, 3, 16, 16)).astype(np.float32)
METRICS = bootstrap(LABEL, SCORE, None, threshold=0.5, rng=rng, resamples=50)
HISTORY = pd.DataFrame(
    {
        "epoch": np.arange(1, 11),
        "train_loss": np.linspace(0.7, 0.1, 10),
        "valid_loss": np.abs(np.linspace(-0.5, 0.4, 10)) + 0.2,
        "valid_accuracy": np.linspace(0.6, 0.9, 10),
        "learning_rate": 1e-5,
    }
)
FIGURES = {
    "history": lambda: history_figure(HISTORY),
    "roc": lambda: roc_figure(roc_band(LABEL, SCORE, None, rng=rng, resamples=20), METRICS),
    "confusion": lambda: confusion_figure(confusion_matrix(LABEL, SCORE), METRICS),
    "histogram": lambda: score_histogram_figure(LABEL, SCORE, 0.5),
    "reliability": lambda: reliability_figure(reliability(LABEL, SCORE), METRICS),
    "metrics": lambda: metrics_figure({"source": METRICS, "target": METRICS}),
    "gallery": lambda: gallery_figure(IMAGES, SCORE, LABEL, 0.5, encoding="display", count=3),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_saved_whole_and_readable(name, tmp_path, check_texts):
    figure = FIGURES[name]()
    save_figure(figure, tmp_path / "new" / "figure.png")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["figure.png"]
    with Image.open(tmp_path / "new" / "figure.png") as image:
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        size = image.size
    np.testing.assert_allclose(size, figure.get_size_inches() * 150, atol=1)
    check_texts(figure, dpi=150)


@pytest.mark.parametrize("name", ["history", "roc", "confusion", "histogram", "reliability"])
def test_axes_are_named(name):
    axes = FIGURES[name]().axes
    assert axes[-1].get_xlabel()
    assert all(panel.get_ylabel() for panel in axes)


def test_pyplot_is_not_used():
    for figure in FIGURES.values():
        figure()
    assert "toomre.evaluation.plots" in sys.modules
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_history_draws_what_there_is_and_marks_the_best_epoch():
    figure = history_figure(HISTORY)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy", "learning rate"]
    assert figure.axes[0].lines[-1].get_xdata()[0] == 6
    assert len(history_figure(HISTORY[["epoch", "train_loss"]]).axes) == 1
    save = history_figure(HISTORY.assign(valid_loss=np.nan))
    assert len(save.axes[0].lines) == 2


def test_history_needs_something_to_draw():
    with pytest.raises(ArgumentError) as caught:
        history_figure(pd.DataFrame({"epoch": [1]}))
    assert "at least one of `train_loss`, `valid_loss`" in str(caught.value)


def test_titles_print_the_numbers():
    title = FIGURES["reliability"]().axes[0].get_title()
    assert title == f"expected calibration error {METRICS['expected_calibration_error']}"
    entries = [text.get_text() for text in FIGURES["roc"]().axes[0].get_legend().get_texts()]
    assert f"ROC-AUC {METRICS['roc_auc']}" in entries


def test_degenerate_data_still_give_figures(tmp_path):
    nan = {name: Interval(np.nan, np.nan, np.nan) for name in METRICS}
    band = roc_band([1, 1], [0.2, 0.4], None, rng=rng)
    for number, figure in enumerate(
        [
            roc_figure(band, nan),
            confusion_figure([[0, 0], [1, 1]], nan),
            score_histogram_figure([1, 1], [np.nan, 0.4], 0.5),
            reliability_figure(reliability([1], [0.4]), nan),
            metrics_figure({"test": nan}),
        ]
    ):
        save_figure(figure, tmp_path / f"{number}.png")


def test_gallery_rows_hold_the_scores_and_say_none():
    score = np.where(LABEL == 0, np.minimum(SCORE, 0.4), SCORE)
    figure = gallery_figure(IMAGES, score, LABEL, 0.5, encoding="display", count=3)
    rows = np.array(figure.axes).reshape(4, 3)
    names = [row[0].get_ylabel().replace("\n", " ") for row in rows]
    assert names == ["true positive", "false positive", "true negative", "false negative"]
    assert rows[1, 0].texts[0].get_text() == "none"
    shown = float(rows[0, 0].get_title())
    assert shown == pytest.approx(score[LABEL == 1].max(), abs=5e-4)


@pytest.mark.parametrize(("encoding", "origin"), [("linear", "lower"), ("display", "upper")])
@pytest.mark.parametrize("stretch", ["linear", "log"])
def test_gallery_is_the_right_way_up(encoding, origin, stretch):
    figure = gallery_figure(IMAGES, SCORE, LABEL, 0.5, encoding=encoding, stretch=stretch, count=1)
    assert figure.axes[0].images[0].origin == origin
    assert stretch in figure.get_suptitle()


def test_wrong_arguments_are_refused():
    with pytest.raises(ArgumentError, match="Expected `images` to be an array of shape"):
        gallery_figure(IMAGES[:10], SCORE, LABEL, 0.5)
    with pytest.raises(ArgumentError, match="Expected `confusion` to be counts of shape"):
        confusion_figure([[1, 2, 3]])
    with pytest.raises(ArgumentError, match="Expected `evaluations` to be a name -> metrics"):
        metrics_figure({})


def test_a_figure_as_pdf_is_the_same_each_time(tmp_path):
    for name in ("a.pdf", "b.PDF"):
        save_figure(confusion_figure([[8, 2], [1, 9]]), tmp_path / name)
    first, second = ((tmp_path / name).read_bytes() for name in ("a.pdf", "b.PDF"))
    assert first.startswith(b"%PDF")
    assert first == second
