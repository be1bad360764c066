"""``toomre.explain``: what a trained model looks at, in figures and in numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toomre.evaluation.plots import save_figure
from toomre.interpretation.layers import shown_layers
from toomre.interpretation.plots import pointing_figure
from toomre.jobs.explain_figures import explain_figures
from toomre.jobs.explain_pointing import Pointed, pointing_bars, pointing_scores
from toomre.jobs.explain_views import View, own_views, same_view
from toomre.jobs.provenance import environment
from toomre.jobs.run import Run
from toomre.output import output_folder
from toomre.storage import write_json

__all__ = ["Explained", "explain"]

_NAMES = ("answers_sure", "answers_near", "layers", "saliency", "classes", "pointing")
_KINDS = ("png", "pdf")
_FILES = [*(f"{name}.{kind}" for name in _NAMES for kind in _KINDS), "explain.json"]
_NO_TRUTH = "The set's catalogue has no nuclei (as simulated ones have): nothing to point at."


@dataclass(frozen=True, eq=False)
class Explained:
    """What `explain` returns.

    Attributes
    ----------
    pointing
        Pointing scores by run, domain, method, layer and answer; empty where no truth is known.
    figures
        Name -> PNG; the PDF of the same name is beside it.
    folder
        Where the figures and ``explain.json`` are.
    """

    pointing: list[Pointed]
    figures: dict[str, Path]
    folder: Path


def explain(
    run: Run | Path | str,
    out: Path | str,
    *,
    against: Run | Path | str | None = None,
    data: Path | str | None = None,
    part: str = "test",
    layer: str | None = None,
    device: str = "auto",
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Explained:
    """Draw Grad-CAM, saliency and activation maps of a run's model, and score what they point at.

    The figures are those of Ćiprijanović et al. (2020, figures 6 and 7; 2021, figures 6 and 7).
    Images are chosen by their scores, evenly over ranks, and not by how their maps look. Labels
    of a target are read as `evaluate` reads them, to say what is right.

    Parameters
    ----------
    run
        A run or its folder.
    out
        The folder to make.
    against
        Another run to compare with, such as one without adaptation; it must not have been
        trained on the same part.
    data
        A prepared set; None: the one that the run was trained with, and its target if it has one.
    part
        ``"test"``, ``"valid"``, ``"train"`` or ``"all"``, as for `evaluate`.
    layer
        The layer of Grad-CAM, as in ``network.named_modules()``; None for the backbone's own.
    device
        Where to compute.
    overwrite
        Replace an earlier result.
    progress
        Called with the number of steps that are done and of all.

    Raises
    ------
    OutputExistsError
        If the folder is there already.
    SplitMismatchError
        If a run was trained on what it is to be explained with.
    ArgumentError
        If the layer is unknown, or the two runs take other images.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    steps = _Steps(progress, len(_NAMES) + 2)
    with output_folder(Path(out), _FILES, overwrite=overwrite) as folder:
        views = own_views(run, data, part, device)
        shown_layers(views[0].model.network, layer)  # refuses a wrong name before the work
        steps.one()
        others: list[View] = []
        if against is not None:
            other = against if isinstance(against, Run) else Run.open(against)
            others = [same_view(other, view, part, device) for view in views]
        steps.one()
        names = []
        for name, figure in explain_figures(views, others, layer):
            names.append(name)
            _save(figure, folder, name)
            steps.one()
        scores = [each for view in (*views, *others) for each in pointing_scores(view, layer)]
        if scores:
            names.append("pointing")
            _save(pointing_figure(pointing_bars(scores)), folder, "pointing")
        write_json(folder / "explain.json", _record(views, others, scores, part))
        steps.all()
    done = Path(out).resolve()
    return Explained(scores, {name: done / f"{name}.png" for name in names}, done)


class _Steps:
    """Counts steps for a progress bar."""

    def __init__(self, progress: Callable[[int, int], None] | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def one(self) -> None:
        self._done = min(self._done + 1, self._total)
        if self._progress is not None:
            self._progress(self._done, self._total)

    def all(self) -> None:
        self._done = self._total - 1
        self.one()


def _save(figure: Any, folder: Path, name: str) -> None:
    for kind in _KINDS:
        save_figure(figure, folder / f"{name}.{kind}")


def _record(
    views: list[View], others: list[View], scores: list[Pointed], part: str
) -> dict[str, Any]:
    seen = [
        {
            "run": view.run,
            "domain": view.domain,
            "part": part,
            "images": len(view.rows),
            "model_id": view.model.card.model_id,
            "dataset_sha256": view.prepared.info.sha256,
        }
        for view in (*views, *others)
    ]
    pointing = [each.to_dict() for each in scores]
    return {
        **environment(),
        "views": seen,
        "pointing": pointing,
        "note": "" if scores else _NO_TRUTH,
    }
