"""The figures can be saved, show what was given, and nothing is cut off or too small."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from toomre.errors import ArgumentError
from toomre.evaluation.votes import plots
from toomre.evaluation.votes.correlation import correlation
from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.metrics import rmse

rng = np.random.default_rng(5)
TRUTH = rng.beta(0.4, 1, (40, 37))
PREDICTED = np.clip(TRUTH + rng.normal(0, 0.1, TRUTH.shape), 0, 1)
NAMES = [f"galaxy {number}" for number in range(40)]
PICTURES = Pictures(rng.integers(0, 255, (40, 3, 8, 8), dtype=np.uint8))
HISTORY = pd.DataFrame(
    {
        "epoch": np.arange(1, 6),
        "train_loss": np.linspace(0.05, 0.01, 5),
        "valid_loss": np.linspace(0.06, 0.02, 5),
        "valid_accuracy": np.linspace(0.5, 0.7, 5),
    }
)
HOLES = np.where(np.arange(37) == 9, np.nan, correlation(TRUTH))
FIGURES = {
    "sheet": lambda: plots.image_sheet(PICTURES, range(25), NAMES[:25], "25 random images"),
    "histograms": lambda: plots.histogram_grid(TRUTH),
    "parts": lambda: plots.parts_grid(TRUTH[:25], TRUTH[25:]),
    "prototypes": lambda: plots.prototype_grid(PICTURES, TRUTH, NAMES),
    "correlations": lambda: plots.correlation_figure(HOLES),
    "question_correlations": lambda: plots.question_correlations(HOLES),
    "scatter": lambda: plots.scatter_grid(TRUTH, PREDICTED, "CNN"),
    "histories": lambda: plots.compare_histories({"CNN": HISTORY, "ResNet-50": HISTORY[:3]}),
    "prototype_rows": lambda: plots.prototype_rows(PICTURES, TRUTH, PREDICTED, name="CNN"),
    "mergers": lambda: plots.random_mergers(PICTURES, TRUTH[:, 23], rng=rng),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off_too_small_or_runs_into_another(name):
    figure = FIGURES[name]()
    figure.draw_without_rendering()
    width, height = figure.bbox.max
    shown = [axes for axes in figure.axes if axes.get_visible() and axes.axison]
    texts = list(figure.texts)
    for axes in shown:
        texts += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        if "correlations" in name:
            texts += [*axes.get_xticklabels(), *axes.get_yticklabels()]
    for text in (text for text in texts if text.get_text()):
        box = text.get_window_extent()
        assert text.get_fontsize() >= 11
        assert 0 <= box.x0 < box.x1 <= width, text
        assert 0 <= box.y0 < box.y1 <= height, text
    boxes = [axes.get_tightbbox() for axes in shown]
    for number, box in enumerate(boxes):
        assert not [other for other in boxes[number + 1 :] if box.overlaps(other)], number


def test_png_and_pdf_are_saved_and_the_same_again(tmp_path):
    for folder in ("a", "b"):
        plots.save_figures(
            {"mergers": plots.image_sheet(PICTURES, [3], ["one"])}, tmp_path / folder
        )
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "mergers.pdf", "mergers.png"
    ]  # fmt: skip
    for kind in ("pdf", "png"):
        first, second = ((tmp_path / folder / f"mergers.{kind}").read_bytes() for folder in "ab")
        assert first == second
    assert (tmp_path / "a" / "mergers.pdf").read_bytes().startswith(b"%PDF")
    with Image.open(tmp_path / "a" / "mergers.png") as image:
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)


def test_a_sheet_shows_the_rows_in_order():
    figure = plots.image_sheet(PICTURES, [7, 3], ["seven", "three"])
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["seven", "three"]
    for axes, row in zip(shown, (7, 3), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), PICTURES.rgb(row))


def test_histograms_are_the_data():
    figure = FIGURES["histograms"]()
    values = figure.axes[23].patches[-1].get_data().values
    np.testing.assert_allclose(values, np.histogram(TRUTH[:, 23], 25, (0, 1), density=True)[0])
    assert {axes.get_yscale() for axes in figure.axes[:37]} == {"log"}


def test_parts_carry_their_distance():
    figure = FIGURES["parts"]()
    a, b = TRUTH[:25, 23], TRUTH[25:, 23]
    distance = max(abs((a <= x).mean() - (b <= x).mean()) for x in np.r_[a, b])
    assert figure.axes[23].texts[0].get_text().startswith(f"KS {distance:.2f}, p ")
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert entries == ["training (25 images)", "validation (15 images)"]


def test_prototypes_are_the_greatest_and_none_is_said():
    votes = TRUTH.copy()
    votes[:, 19] = 0
    figure = plots.prototype_grid(PICTURES, votes, NAMES)
    row = int(TRUTH[:, 23].argmax())
    assert figure.axes[23].get_xlabel() == f"{TRUTH[row, 23]:.2f}\n{NAMES[row]}"
    np.testing.assert_array_equal(figure.axes[23].images[0].get_array(), PICTURES.rgb(row))
    assert figure.axes[19].texts[0].get_text() == "no votes"
    assert not figure.axes[19].images


def test_grey_is_explained_only_where_there_is_some():
    whole = correlation(TRUTH)
    for draw in (plots.correlation_figure, plots.question_correlations):
        texts = [[text.get_text() for text in draw(matrix).texts] for matrix in (HOLES, whole)]
        assert [text.split(":")[0] for text in texts[0] if text][-1] == "Grey"
        assert not any(texts[1])


def test_scatter_prints_the_errors():
    figure = FIGURES["scatter"]()
    error = np.sqrt(np.mean((TRUTH[:, 23] - PREDICTED[:, 23]) ** 2))
    assert figure.axes[23].texts[0].get_text() == f"RMSE {error:.3f}"
    assert f"RMSE of all 37 answers {rmse(TRUTH, PREDICTED):.4f}" in figure.texts[0].get_text()
    with pytest.raises(ArgumentError, match=r"`predicted` to be of the shape \(40, 37\)"):
        plots.scatter_grid(TRUTH, PREDICTED[1:])


def test_histories_stand_alone_and_together():
    figure = FIGURES["histories"]()
    grid = np.array(figure.axes).reshape(2, 3)
    assert [axes.get_title() for axes in grid[0]] == ["CNN", "ResNet-50", "validation, all models"]
    assert [len(axes.lines) for axes in grid.ravel()] == [2, 2, 2, 1, 1, 2]
    np.testing.assert_allclose(grid[0, 2].lines[1].get_ydata(), HISTORY["valid_loss"][:3])
    alone = plots.compare_histories({"CNN": HISTORY[["epoch", "train_loss"]]})
    assert [len(axes.lines) for axes in alone.axes] == [1, 0]


@pytest.mark.parametrize("histories", [{}, {"CNN": pd.DataFrame({"epoch": [1]})}])
def test_histories_need_something_to_draw(histories):
    with pytest.raises(ArgumentError, match="at least one of train_loss, valid_loss"):
        plots.compare_histories(histories)


def test_prototype_rows_are_true_left_and_predicted_right():
    figure = plots.prototype_rows(PICTURES, TRUTH, PREDICTED, answers=["Class8.6"], n=2)
    left = np.argsort(-TRUTH[:, 23], kind="stable")[:2]
    right = np.argsort(-PREDICTED[:, 23], kind="stable")[:2]
    shown = [axes for axes in figure.axes if axes.images]
    for axes, row in zip(shown, [*left, *right], strict=True):
        assert axes.get_title() == f"t {TRUTH[row, 23]:.2f}  p {PREDICTED[row, 23]:.2f}"
        np.testing.assert_array_equal(axes.images[0].get_array(), PICTURES.rgb(row))
    assert figure.axes[0].get_ylabel() == "8.6 odd feature\nmerger"


def test_mergers_are_counted_and_none_is_said():
    p = np.r_[[0.3] * 4, [0.2] * 36]
    figure = plots.random_mergers(PICTURES, p, n=3, rng=rng)
    assert "3 of the 4 images with p(merger) ≥ 0.30" in figure.texts[0].get_text()
    assert "40 images; 0.100 of them" in figure.texts[0].get_text()
    empty = plots.random_mergers(PICTURES, p, 0.9, rng=rng)
    assert empty.axes[0].texts[0].get_text() == "no image"


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.prototype_grid(PICTURES, TRUTH[1:], NAMES),
        lambda: plots.prototype_grid(PICTURES, TRUTH, NAMES[1:]),
        lambda: plots.prototype_rows(PICTURES, TRUTH[1:], PREDICTED[1:]),
        lambda: plots.random_mergers(PICTURES, TRUTH[1:, 23], rng=rng),
        lambda: plots.image_sheet(PICTURES, [1, 2], ["one"]),
    ],
)
def test_each_image_needs_its_row(draw):
    with pytest.raises(ArgumentError, match="one row an image|one a row"):
        draw()
