"""The runs of a report: what their folders hold, and which are seeds of one training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toomre.errors import ArgumentError, MissingFileError
from toomre.evaluation.bootstrap import Interval
from toomre.jobs.report_judgement import Judgement, is_evaluation
from toomre.jobs.run import Run
from toomre.networks.card import ModelCard
from toomre.preparation.prepared import PreparedSet
from toomre.reproduction.over_seeds import over_seeds
from toomre.storage import read_json

__all__ = ["DOMAINS", "Group", "Reported", "group_runs", "read_runs"]

#: What a run is judged on.
DOMAINS = ("source", "target")
# Where a run keeps evaluations of another domain, the first that is there counts.
_TARGETS = ("target", "target-all", "evaluations/*")


@dataclass(frozen=True, eq=False)
class Reported:
    """A run, the name that it has in the report, and its evaluations by domain."""

    run: Run
    name: str
    domains: Mapping[str, Judgement]


@dataclass(frozen=True, eq=False)
class Group:
    """Runs of one recipe on the same images, which differ by their seeds."""

    name: str
    runs: Sequence[Reported]

    @property
    def first(self) -> Reported:
        """The run whose figures are shown."""
        return self.runs[0]

    def judged(self, domain: str) -> list[Judgement]:
        """Return the evaluations on a domain, one a seed that has it."""
        return [one.domains[domain] for one in self.runs if domain in one.domains]

    def metrics(self, domain: str) -> dict[str, Interval]:
        """Return each metric: the mean over the seeds and its interval, of one seed its own."""
        every = [one.metrics for one in self.judged(domain)]
        names = dict.fromkeys(name for metrics in every for name in metrics)
        found = {}
        for name in names:
            over = over_seeds([metrics[name] for metrics in every if name in metrics])
            found[name] = Interval(over.mean, over.lower, over.upper)
        return found


def read_runs(folders: Sequence[Path], evaluations: Iterable[Path]) -> list[Reported]:
    """Read runs and their evaluations, without scoring anything.

    Parameters
    ----------
    folders
        Of the runs.
    evaluations
        Folders of further evaluations; the model's name says to which run one belongs. They go
        before those that a run's own folder holds.

    Raises
    ------
    MissingFileError
        If a folder is no finished run, or has not been evaluated.
    ArgumentError
        If an evaluation is of none of the runs, a run is given twice, or gives votes.
    """
    runs = [Run.open(folder) for folder in folders]
    ids = [_models(run) for run in runs]
    known = [name for names in ids for name in names]
    if not runs or len(set(known)) < len(known):
        raise ArgumentError.expected(
            "runs", "one run or more, each once", [str(f) for f in folders]
        )
    given: list[list[Path]] = [[] for _ in runs]
    for folder in evaluations:
        model = str(read_json(folder / "metrics.json").get("model_id"))
        if model not in known:
            allowed = f"evaluations of the runs' models ({', '.join(known)})"
            raise ArgumentError.expected("with", allowed, f"{folder} of {model}")
        given[next(place for place, own in enumerate(ids) if model in own)].append(folder)
    names = [run.folder.resolve().name for run in runs]
    return [
        Reported(run, _unlike(names, place), _domains(run, given[place]))
        for place, run in enumerate(runs)
    ]


def group_runs(runs: Sequence[Reported]) -> list[Group]:
    """Put together the runs that differ by their seeds alone, in the order given."""
    found: dict[tuple[str, ...], list[Reported]] = {}
    for one in runs:
        facts = one.run.environment
        target = str(facts.get("target_images_sha256"))
        start = str(facts.get("start_sha256"))
        key = (one.run.recipe.replaced(seed=0).sha256, facts["dataset_sha256"], target, start)
        found.setdefault(key, []).append(one)
    names = [members[0].run.recipe.name for members in found.values()]
    return [
        Group(name if names.count(name) == 1 else f"{name} ({members[0].name})", members)
        for name, members in zip(names, found.values(), strict=True)
    ]


def _models(run: Run) -> set[str]:
    """Return the names of a run's models: with a target the source's may be another."""
    cards = [run.card, *map(ModelCard.read, run.folder.glob("source/model.json"))]
    if any(card.architecture.answers for card in cards):
        allowed = "networks that give the score of a merger"
        raise ArgumentError.expected("runs", allowed, f"{run.folder}, which gives votes")
    return {card.model_id for card in cards}


def _unlike(names: Sequence[str], place: int) -> str:
    """Return a name, with a number where an earlier one is the same."""
    before = names[:place].count(names[place])
    return names[place] if not before else f"{names[place]} ({before + 1})"


def _domains(run: Run, given: Sequence[Path]) -> dict[str, Judgement]:
    sets = {domain: _set_at_hand(run, domain) for domain in DOMAINS}
    own = [path for name in _TARGETS for path in sorted(run.folder.glob(name))]
    found: dict[str, Judgement] = {}
    for folder in (*given, run.folder, *own):
        if not is_evaluation(folder):
            continue
        part = str(read_json(folder / "metrics.json").get("part"))
        if not part.endswith(("test", "all")):
            continue
        # Without a target the run's own folder is the source, and all else another domain.
        named = part.partition(" ")[0]
        home = "source" if folder.resolve() == run.folder.resolve() else "target"
        domain = named if named in DOMAINS else home
        found.setdefault(domain, Judgement.read(folder, sets[domain]))
    if not found:
        raise MissingFileError(
            f"{run.folder} has not been evaluated. Run `toomre evaluate {run.folder}` first."
        )
    return {domain: found[domain] for domain in DOMAINS if domain in found}


def _set_at_hand(run: Run, domain: str) -> PreparedSet | None:
    """Return the source's or the target's images if they are there, and still the same."""
    place = run.environment.get("data" if domain == "source" else "target")
    if not place or not (Path(place) / "dataset.json").is_file():
        return None
    prepared = PreparedSet.open(place)
    if domain == "target":
        return prepared if run.is_target(prepared) else None
    same = prepared.info.sha256 == run.environment["dataset_sha256"]
    return prepared if same else None
