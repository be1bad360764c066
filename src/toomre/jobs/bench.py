"""``toomre.bench``: how quick this machine is, and what `toomre.classify` waits for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from toomre.engines.process import cores, torch_threads
from toomre.errors import OutputExistsError
from toomre.inference.store import DEFAULT_MODEL, Model, open_model
from toomre.jobs.bench_inputs import draw_samples
from toomre.jobs.bench_network import PLAIN, gigaflops, network_rates, plain_logits
from toomre.jobs.provenance import environment
from toomre.jobs.timing import interleaved, seconds
from toomre.storage import write_json

__all__ = ["Bench", "bench"]

#: What `toomre classify` uses unless it is told otherwise.
_DEFAULT = "torch"
_BATCH = 16
_MILLION = 1e6
_HOUR = 3600


@dataclass(frozen=True)
class Bench:
    """How quick one core of this machine is.

    Attributes
    ----------
    model_id
        The model.
    cores
        How many the machine has.
    gigaflops
        Precision -> 10^9 operations a second, of a product of matrices.
    network
        Way -> images a second, each scored by its eight views.
    left_out
        Way -> why it cannot be had here.
    reading
        Kind of input -> images a second, read and checked and brought to the model's pixels.
    """

    model_id: str
    cores: int
    gigaflops: Mapping[str, float]
    network: Mapping[str, float]
    left_out: Mapping[str, str]
    reading: Mapping[str, float]

    def network_share(self, kind: str, way: str = _DEFAULT) -> float:
        """Return the fraction of a core's time that goes into the network.

        Examples
        --------
        >>> Bench("a", 2, {}, {"torch": 100.0}, {}, {"JPEG": 300.0}).network_share("JPEG")
        0.75
        """
        return self.reading[kind] / (self.reading[kind] + self.network[way])

    def hours(self, kind: str, way: str = _DEFAULT) -> float:
        """Return how many hours of one core a million images take."""
        return _MILLION * (1 / self.reading[kind] + 1 / self.network[way]) / _HOUR

    @property
    def verdict(self) -> tuple[str, ...]:
        """What it means, in sentences."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        ways = [way for way in self.network if way != PLAIN]
        fastest = max(ways, key=lambda way: self.network[way])
        for kind in self.reading:
            share = self.network_share(kind)
            what = "the network" if share >= 0.5 else "reading and checking"
            one, every = self.hours(kind), self.hours(kind) / self.cores
            words = (
                f"{kind}: {what} is the bottleneck ({share:.0%} of the time is the network's). A "
                f"million take {_duration(one)} of one core, {_duration(every)} of all {self.cores}"
            )
            if fastest != _DEFAULT:
                every = self.hours(kind, fastest) / self.cores
                share = self.network_share(kind, fastest)
                words += f"; by {fastest} {_duration(every)}, of which the network has {share:.0%}"
            yield f"{words}."


def bench(
    model: Model | Path | str | None = None,
    out: Path | str | None = None,
    *,
    quick: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Bench:
    """Measure this machine with one thread: arithmetic, the network, reading, cutting.

    Each number is the median of some rounds of processor time, in turn. The inputs are drawn and
    read from a temporary folder, so from the computer's memory: a slow disk is not measured.

    Parameters
    ----------
    model
        A shipped model's name, a folder, or an opened model; None: `sdss-jpeg`.
    out
        A JSON file to write the numbers to, with the versions of all packages.
    quick
        Fewer images and one round: some 15 seconds in place of a minute.
    progress
        Called with (steps done, all steps).

    Raises
    ------
    OutputExistsError
        If `out` is there already.
    """
    path = None if out is None else Path(out)
    if path is not None and path.exists():
        raise OutputExistsError(f"{path} is there already. Give another name.")
    opened = model if isinstance(model, Model) else open_model(model or DEFAULT_MODEL)
    report = progress or (lambda done, total: None)
    rounds, budget, count = (1, 0.5, 64) if quick else (3, 1.5, 256)
    with torch_threads():
        report(0, 3)
        arithmetic = gigaflops(3 * rounds)
        report(1, 3)
        network = network_rates(opened, _how_many(opened, budget), rounds)
        report(2, 3)
        reading = _reading(opened, count, rounds)
        report(3, 3)
    found = Bench(
        opened.card.model_id, cores(), arithmetic, network.rates, network.left_out, reading
    )
    if path is not None:
        facts = {**asdict(found), "verdict": found.verdict, "quick": quick}
        write_json(path, {**facts, "environment": environment()})
    return found


def _reading(model: Model, count: int, rounds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        samples = draw_samples(model.card, Path(folder), count)
        times = interleaved([sample.read for sample in samples.values()], rounds)
    pairs = zip(samples.items(), times, strict=True)
    return {kind: sample.count / time for (kind, sample), time in pairs}


def _how_many(model: Model, budget: float) -> int:
    """Return how many images the plain network scores in so many seconds, in whole batches."""
    grid, bands = model.card.input.grid, len(model.card.input.bands)
    run = plain_logits(model, np.zeros((1, bands, grid.size, grid.size), np.float32))
    run()
    return _BATCH * max(1, round(budget / seconds(run) / _BATCH))


def _duration(hours: float) -> str:
    """Return hours as one reads them.

    Examples
    --------
    >>> _duration(0.51), _duration(3.27), _duration(80)
    ('31 minutes', '3.3 hours', '3.3 days')
    """
    if hours < 1.5:
        return f"{60 * hours:.0f} minutes"
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
