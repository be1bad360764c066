"""How to make a published table again: which images, rows and seeds, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toomre.errors import ArgumentError

__all__ = ["ReproduceOptions"]

# Systems of each simulated pair, four images each: of 2,143, 6,000 images are for training.
_GALAXIES = {"distant": 2143, "nearby": 1500}
# A quick look.
_QUICK_GALAXIES, _QUICK_EPOCHS, _QUICK_SEEDS = 160, 3, 2


@dataclass(frozen=True)
class ReproduceOptions:
    """How to make a table.

    Attributes
    ----------
    data
        Folder of the published sets, prepared by `toomre.convert` as ``data/<name>/<domain>``;
        None: the built-in mocks take their place.
    paper
        Folder of the same sets with the published split (``protocol="paper"``): every row is
        trained and tested on them too, and both stand side by side. `data` is then split by galaxy.
    target
        A prepared set in the place of the table's real target (T4, T6, T7, T8), with the bands
        i, r, g and 75 pixels of 0.4946 arcsec.
    seeds
        Trainings of each row, with seeds 1, 2, ...; None: 10, or 2 if `quick`.
    quick
        Few galaxies and epochs, for a look.
    rows
        Words, separated by commas: only rows with one of them in their name; a whole name means
        that row alone.
    epochs, galaxies
        Other numbers than the recipes' and the simulator's 2143 (distant) and 1500 (nearby).
    workers
        Trainings at a time, each with one thread; 1: one after the other, with all threads.
    device
        As for `toomre.train`.

    Examples
    --------
    >>> options = ReproduceOptions(quick=True)
    >>> list(options.seed_numbers), options.changes, options.galaxies_of["distant"]
    ([1, 2], {'training.epochs': 3}, 160)
    """

    data: Path | None = None
    paper: Path | None = None
    target: Path | None = None
    seeds: int | None = None
    quick: bool = False
    rows: str | None = None
    epochs: int | None = None
    galaxies: int | None = None
    workers: int = 1
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in ("seeds", "epochs", "galaxies", "workers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ArgumentError.expected(name, "1 or more", value)
        if self.paper is not None and (self.data is None or self.target is not None):
            raise ArgumentError(
                "The published split (--paper) goes with the published sets split by galaxy "
                "(--data), and without a target of your own (--target)."
            )

    @property
    def seed_numbers(self) -> range:
        """The seeds."""
        return range(1, 1 + (self.seeds or (_QUICK_SEEDS if self.quick else 10)))

    @property
    def changes(self) -> dict[str, Any]:
        """What differs from every recipe: dotted name -> value."""
        epochs = self.epochs or (_QUICK_EPOCHS if self.quick else None)
        return {} if epochs is None else {"training.epochs": epochs}

    @property
    def galaxies_of(self) -> dict[str, int]:
        """Pair of the simulator -> how many systems."""
        count = self.galaxies or (_QUICK_GALAXIES if self.quick else None)
        return {pair: count or usual for pair, usual in _GALAXIES.items()}
