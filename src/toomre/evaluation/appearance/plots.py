"""The figure of a comparison: a histogram of each feature for both sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toomre.evaluation import drawing, palette
from toomre.evaluation.appearance.features import FEATURES

__all__ = ["comparison_figure"]

_COLUMNS, _BINS = 4, 30
_SETS = (("simulated", palette.MERGER, "-"), ("real", palette.NONMERGER, "--"))


def comparison_figure(simulated: pd.DataFrame, real: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draw a histogram of each feature for both sets, their medians and 16 to 84 %.

    Parameters
    ----------
    simulated, real
        A row a picture, with columns of `FEATURES`.
    table
        From `toomre.evaluation.appearance.difference.difference_table`.

    Examples
    --------
    >>> from toomre.evaluation.appearance.difference import difference_table
    >>> both = pd.DataFrame({"sky": [1.0, 2.0, 3.0]}), pd.DataFrame({"sky": [2.0, 3.0, 5.0]})
    >>> comparison_figure(*both, difference_table(*both)).axes[0].get_ylabel()
    'density'
    """
    rows = -(-len(table) // _COLUMNS)
    figure = Figure(figsize=(3.6 * _COLUMNS, 2.6 * rows), layout="constrained")
    grid = np.atleast_1d(figure.subplots(rows, _COLUMNS, squeeze=False).ravel())
    for axes in grid[len(table) :]:
        axes.set_visible(False)
    for axes, (_, row) in zip(grid, table.iterrows(), strict=False):
        name = str(row["feature"])
        _draw(axes, (simulated[name], real[name]), row)
        drawing.dress(axes, FEATURES[name], "density")
        axes.xaxis.label.set_size(9)
        axes.set_title(f"distance {row['distance']:.2f}", fontsize=drawing.TICK, pad=14)
    for axes in grid:
        if axes.get_legend_handles_labels()[0]:
            drawing.legend(axes)
            break
    return figure


def _draw(axes: object, both: tuple[pd.Series, pd.Series], row: pd.Series) -> None:
    values = [each.dropna().to_numpy(dtype=np.float64) for each in both]
    whole = np.concatenate(values)
    if not len(whole):
        return
    low, high = np.percentile(whole, [0.5, 99.5])
    bins = np.linspace(low, high if high > low else low + 1, _BINS)
    for number, ((name, color, style), each) in enumerate(zip(_SETS, values, strict=True)):
        axes.hist(  # type: ignore[attr-defined]
            np.clip(each, bins[0], bins[-1]),
            bins,
            density=True,
            histtype="step",
            color=color,
            ls=style,
            lw=2,
            label=name,
        )
        # The intervals stand above the curves.
        axes.errorbar(  # type: ignore[attr-defined]
            row[name],
            1.03 + 0.05 * number,
            xerr=[[row[name] - row[f"{name}_low"]], [row[f"{name}_high"] - row[name]]],
            fmt="o" if number == 0 else "s",
            color=color,
            transform=axes.get_xaxis_transform(),  # type: ignore[attr-defined]
            clip_on=False,
            ms=4,
        )
