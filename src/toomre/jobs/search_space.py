"""Which entries of a recipe a search may change, and to what."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from toomre.errors import ArgumentError, MissingFileError
from toomre.jobs.search_places import Value, changed, check_places, in_effect
from toomre.recipe import Recipe
from toomre.storage import sha256_bytes

__all__ = ["Range", "SearchSpace", "Trial", "default_space", "read_space"]

# The losses whose weight is the published code's `trade_off`: those that align the domains.
_ALIGNMENTS = ("mmd", "adversarial", "coral", "contrastive_discrepancy", "sinkhorn")


class Trial(Protocol):
    """What asks a search for the next values."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return one of the choices."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
        """Return a number from low to high."""
        ...

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int:
        """Return a whole number from low to high."""
        ...


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, whole ones if both are; `log`: evenly in the logarithm."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class SearchSpace:
    """Place in a recipe, with dots -> the values to choose from, or their range.

    Of the list of losses one names the loss, ``loss.mmd.weight``, and of the list of stages the
    stage, ``stage.head.optimizer.learning_rate``.

    Examples
    --------
    >>> space = SearchSpace({"optimizer.learning_rate": Range(1e-4, 1e-2, log=True)})
    >>> space.middle()
    {'optimizer.learning_rate': 0.0001}
    """

    entries: Mapping[str, tuple[Value, ...] | Range]

    def middle(self) -> dict[str, Value]:
        """Return some values of the space: the first choice, or the lowest number."""
        return {
            place: entry.low if isinstance(entry, Range) else entry[0]
            for place, entry in self.entries.items()
        }

    def to_build(self) -> list[dict[str, Value]]:
        """Return values to build before a search: the middle, and each other name in its place.

        Numbers are checked by the recipe; whether there is something of a name shows when it is
        built.

        Examples
        --------
        >>> SearchSpace({"head.name": ("a", "b"), "optimizer.learning_rate": (1.0, 2.0)}).to_build()
        [{'head.name': 'a', 'optimizer.learning_rate': 1.0},
         {'head.name': 'b', 'optimizer.learning_rate': 1.0}]
        """
        middle = self.middle()
        others = [
            {**middle, place: value}
            for place, entry in self.entries.items()
            for value in (() if isinstance(entry, Range) else entry[1:])
            if isinstance(value, str)
        ]
        return [middle, *others]

    def check(self, recipe: Recipe) -> None:
        """Refuse a space that does not fit a recipe.

        Raises
        ------
        ArgumentError
            If the recipe has no such place, goes by it in no stage, or a value is not allowed.
        """
        check_places(recipe, self.entries)
        middle = self.middle()
        for place, entry in self.entries.items():
            for value in (entry.low, entry.high) if isinstance(entry, Range) else entry:
                changed(recipe, {**middle, place: value})

    def suggest(self, trial: Trial) -> dict[str, Value]:
        """Return the values that a trial of the search takes."""
        return {place: _suggest(trial, place, entry) for place, entry in self.entries.items()}

    @property
    def sha256(self) -> str:
        """SHA-256 of the content."""
        return sha256_bytes(repr(sorted(self.entries.items())).encode())


def default_space(recipe: Recipe) -> SearchSpace:
    """Return the space that the published DeepMerge II code searched, where the recipe has it.

    Learning rate, weight decay, the weight of the losses that align the domains, and the length
    of a cycle; rate, decay and cycle also of each stage that has its own.

    Examples
    --------
    >>> recipe = Recipe.parse('''
    ... name = "a"
    ... backbone.name = "deepmerge2"
    ... head.name = "deepmerge2"
    ... schedule.name = "triangle"
    ... loss = [{ name = "cross_entropy" }, { name = "mmd" }]
    ... ''')
    >>> list(default_space(recipe).entries)
    ['optimizer.learning_rate', 'optimizer.weight_decay', 'loss.mmd.weight',
     'schedule.cycle_length']
    """
    entries: dict[str, tuple[Value, ...] | Range] = {}
    for place in in_effect(recipe, "optimizer"):
        entries[f"{place}.learning_rate"] = (1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 0.1)
        entries[f"{place}.weight_decay"] = (1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.1)
    for term in recipe.loss:
        if term.name in _ALIGNMENTS:
            entries[f"loss.{term.name}.weight"] = (0.01, 0.05, 0.1, 0.5, 1.0)
    for place, schedule in in_effect(recipe, "schedule").items():
        if schedule.name == "triangle":
            entries[f"{place}.cycle_length"] = (2.0, 4.0, 5.0, 8.0, 10.0)
    return SearchSpace(entries)


def read_space(path: Path | str) -> SearchSpace:
    """Read a search space: the sections of a recipe, with lists or ranges for values.

    A list holds the choices, a table ``{ low = 1e-5, high = 0.1, log = true }`` is a range.

    Raises
    ------
    MissingFileError, ArgumentError
        If there is no such file, or an entry is neither.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingFileError(f"There is no search space at {path}.") from error
    except (OSError, ValueError) as error:
        raise ArgumentError(f"{path} is not a readable search space: {error}.") from error
    entries = dict(_flat(content, ""))
    if not entries:
        raise ArgumentError(f"{path} is empty: a search space needs at least one entry.")
    return SearchSpace(entries)


def _suggest(trial: Trial, place: str, entry: tuple[Value, ...] | Range) -> Value:
    if not isinstance(entry, Range):
        chosen: Value = trial.suggest_categorical(place, entry)
        return chosen
    if isinstance(entry.low, int) and isinstance(entry.high, int):
        return trial.suggest_int(place, entry.low, entry.high, log=entry.log)
    return trial.suggest_float(place, entry.low, entry.high, log=entry.log)


def _flat(table: Mapping[str, Any], start: str) -> list[tuple[str, tuple[Value, ...] | Range]]:
    found: list[tuple[str, tuple[Value, ...] | Range]] = []
    for key, value in table.items():
        place = f"{start}{key}"
        if isinstance(value, dict) and not {"low", "high"} & value.keys():
            found += _flat(value, f"{place}.")
        else:
            found.append((place, _entry(place, value)))
    return found


def _entry(place: str, value: object) -> tuple[Value, ...] | Range:
    """Check one entry of a search space."""
    if isinstance(value, list) and value and all(isinstance(v, Value) for v in value):
        return tuple(value)
    if isinstance(value, dict) and {"low", "high"} <= value.keys() <= {"low", "high", "log"}:
        found = Range(**value)
        if _is_range(found):
            return found
    allowed = (
        "a list of choices, or { low = ..., high = ..., log = false } with numbers low < high "
        "(low > 0 where log = true)"
    )
    raise ArgumentError.expected(place, allowed, value)


def _is_range(given: Range) -> bool:
    numbers = all(type(each) in {int, float} for each in (given.low, given.high))
    if not numbers or type(given.log) is not bool or not math.isfinite(given.high):
        return False
    return given.low < given.high and (given.low > 0 or not given.log)
