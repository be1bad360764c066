"""What a report shows beside the trainings: judgements, maps, features, shapes; made if missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from toomre.build import choose_device
from toomre.engines.process import cores
from toomre.errors import ArgumentError, OutputExistsError
from toomre.evaluation.bias.columns import choose_columns
from toomre.jobs.audit import audit
from toomre.jobs.bias import bias
from toomre.jobs.embed import EmbedOptions, embed
from toomre.jobs.evaluate import evaluate, evaluation_folder
from toomre.jobs.explain import explain
from toomre.jobs.lr_scan import lr_scan
from toomre.jobs.measure import measure
from toomre.jobs.parallel import Report, in_parallel
from toomre.jobs.run import Run
from toomre.output import output_lock
from toomre.preparation.catalog import has_labels
from toomre.preparation.prepared import PreparedSet
from toomre.storage import read_json, write_json
from toomre.training.lr_scan import Ramp

__all__ = ["STEPS", "Evidence", "gather_evidence"]

Progress = Callable[[int, int], None]

_RECORD = "evidence.json"


@dataclass(frozen=True, eq=False)
class Evidence:
    """The runs of a report, and where what is found out about them goes.

    Attributes
    ----------
    places
        Folders of finished trainings.
    folder
        Each result has a folder in it.
    images
        So many images of the test part are measured for their shapes at most; 0: none.
    epochs
        Of the learning-rate scan.
    device
        Where to compute.
    pixels
        Whether the search for leaks compares the pixels too, not only the tables.
    """

    places: Sequence[Path]
    folder: Path
    images: int = 400
    epochs: int = 5
    device: str = "auto"
    pixels: bool = True

    def __post_init__(self) -> None:
        if not self.places:
            raise ArgumentError.expected("runs", "one run or more", [])

    @cached_property
    def runs(self) -> list[Run]:
        """The trainings."""
        return [Run.open(place) for place in self.places]

    @cached_property
    def shown(self) -> Run:
        """The run that is looked at closely: the first with a target, or else the first."""
        adapted = (run for run in self.runs if run.card.training.target is not None)
        return next(adapted, self.runs[0])

    @cached_property
    def plain(self) -> Run | None:
        """A run without a target on the same images, to compare an adapted one with."""
        shown = self.shown.environment["dataset_sha256"]
        plain = (
            run
            for run in self.runs
            if run.card.training.target is None and run.environment["dataset_sha256"] == shown
        )
        return None if self.shown.card.training.target is None else next(plain, None)

    @cached_property
    def data(self) -> PreparedSet:
        """The images that the shown run was trained with."""
        return self.shown.data()

    @cached_property
    def target(self) -> PreparedSet | None:
        """The images that it was adapted to."""
        place = self.shown.environment.get("target")
        return None if place is None else PreparedSet.open(place)


def gather_evidence(
    evidence: Evidence,
    *,
    workers: int | None = None,
    stage: Callable[[str], Progress] | None = None,
) -> list[Path]:
    """Make what is not there yet, and return the folders for `toomre.report`.

    Every run is judged on its own test part and, where the labels are known, on that of the
    shown run's target. The shown run's maps, features, errors by what is known of the galaxies,
    and learning rates are looked at, and its images are searched for leaks.

    Parameters
    ----------
    evidence
        The runs and the folder; a call that was stopped goes on where it was.
    workers
        Processes; None takes all cores, but one on a GPU. A script that uses more than one must
        be guarded by ``if __name__ == "__main__":``.
    stage
        Called with the name of each of two stages; what it returns is called with (done, all).

    Raises
    ------
    OutputExistsError
        If the folder holds evidence of other runs.
    """
    folder = evidence.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    begin = stage or (lambda name: lambda done, total: None)
    if workers is None:
        workers = cores() if choose_device(evidence.device).type == "cpu" else 1
    with output_lock(folder):
        _claim(evidence)
        _judge(evidence, begin("Judging the networks"))
        progress = begin("Looking for reasons")

        def told(fractions: Sequence[float]) -> None:
            progress(int(100 * sum(fractions)), 100 * len(STEPS))

        fresh = replace(evidence)  # what was opened here is not sent to the processes
        list(in_parallel(_do, [(fresh, name) for name in STEPS], workers, told))
    return [each for each in _places(evidence).values() if each.is_dir()]


def _do(task: tuple[Evidence, str], report: Report) -> None:
    """Do a step if it is not done."""
    evidence, name = task
    STEPS[name](evidence, lambda done, total: report(done / max(total, 1)))


def _claim(evidence: Evidence) -> None:
    """Refuse a folder that is not that of the same runs."""
    wanted = {"runs": [run.card.model_id for run in evidence.runs], "images": evidence.images}
    record = evidence.folder / _RECORD
    if record.is_file():
        if (found := read_json(record)) != wanted:
            raise OutputExistsError(
                f"{evidence.folder} holds the evidence of other runs ({found}). "
                "Remove it, or give another folder."
            )
    elif any(path.name[0] != "." for path in evidence.folder.iterdir()):
        raise OutputExistsError(f"{evidence.folder} holds something else. Give another folder.")
    else:
        write_json(record, wanted)


def _places(evidence: Evidence) -> dict[str, Path]:
    """Return the folders that a report takes."""
    names = ("audit", "bias", "bias-target", "explained", "embedded", "rates")
    return {name: evidence.folder / name for name in names}


def _judge(evidence: Evidence, progress: Progress) -> None:
    judged = list(_judged(evidence))
    for number, (run, prepared, part) in enumerate(judged):
        progress(number, len(judged))
        record = evaluation_folder(run, prepared, part, run.domain_of(prepared)) / "metrics.json"
        if not record.is_file():
            evaluate(run, prepared, part=part, device=evidence.device, figures=False)
    progress(len(judged), len(judged))


def _judged(evidence: Evidence) -> Iterator[tuple[Run, PreparedSet, str]]:
    """Give each run with the images that it is judged on, and their part."""
    target = evidence.target if _is_labelled(evidence.target) else None
    for run in evidence.runs:
        yield run, run.data(), "test"
        # A run that saw other galaxies in training may have seen the target's test galaxies.
        if target is not None and run.environment["data"] == evidence.shown.environment["data"]:
            # To a run that was not adapted all are new, unless they are its own galaxies' twins.
            known = run.is_target(target) or run.domain_of(target) == "source"
            yield run, target, "test" if known else "all"


def _is_labelled(prepared: PreparedSet | None) -> bool:
    return prepared is not None and has_labels(prepared.catalog)


def _search(evidence: Evidence, progress: Progress) -> None:
    record = _places(evidence)["audit"] / "audit.json"
    if not record.is_file():
        write_json(
            record, audit(evidence.data, pixels=evidence.pixels, progress=progress).to_dict()
        )


def _explain(evidence: Evidence, progress: Progress) -> None:
    place = _places(evidence)["explained"]
    if not place.is_dir():
        explain(
            evidence.shown,
            place,
            against=evidence.plain,
            device=evidence.device,
            progress=progress,
        )


def _embed(evidence: Evidence, progress: Progress) -> None:
    place = _places(evidence)["embedded"]
    if evidence.target is not None and not place.is_dir():
        options = EmbedOptions(device=evidence.device)
        embed(evidence.shown, place, options=options, progress=progress)


def _measure(evidence: Evidence, progress: Progress) -> None:
    """Measure concentration, M20 and others of test images, in the last band."""
    if _is_measured(evidence):
        measure(
            evidence.data,
            evidence.folder / "measured",
            bands=evidence.data.info.bands[-1:],
            at_most={"train": 0, "valid": 0, "test": evidence.images},
            workers=1,
            progress=progress,
        )


def _is_measured(evidence: Evidence) -> bool:
    """Whether shapes are wanted and can be measured: statmorph is an extra, and wants flux."""
    at_hand = find_spec("statmorph") is not None and find_spec("photutils") is not None
    return evidence.images > 0 and at_hand and evidence.data.info.encoding == "linear"


def _compare(evidence: Evidence, progress: Progress) -> None:
    """Look at the scores against all that is known of the galaxies, the measured shapes too."""
    _measure(evidence, progress)
    shapes = evidence.folder / "measured" / "measurements.parquet"
    for name, prepared in (("bias", evidence.data), ("bias-target", evidence.target)):
        place = _places(evidence)[name]
        if prepared is None or not _is_labelled(prepared) or place.is_dir():
            continue
        own = prepared.catalog["image_id"].tolist() == evidence.data.catalog["image_id"].tolist()
        table = shapes if own and _is_measured(evidence) else None
        if table is not None or choose_columns(prepared.catalog, None):
            bias(evidence.shown, place, data=prepared, table=table, device=evidence.device)


def _scan(evidence: Evidence, progress: Progress) -> None:
    place = _places(evidence)["rates"]
    if not place.is_dir():
        lr_scan(
            evidence.shown.recipe,
            evidence.data,
            place,
            target=evidence.target,
            ramp=Ramp(epochs=evidence.epochs),
            device=evidence.device,
            progress=progress,
        )


#: Name of a step -> what does it, if it is not done; none needs another.
STEPS: Mapping[str, Callable[[Evidence, Progress], None]] = {
    "shapes and errors": _compare,
    "features": _embed,
    "leaks": _search,
    "maps": _explain,
    "learning rates": _scan,
}
