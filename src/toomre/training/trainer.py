"""The only training loop: one or two domains, any network, any loss, resumable at any step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from toomre.errors import TrainingError
from toomre.losses.domain_batch import DomainBatch
from toomre.networks.network import Network
from toomre.training.checkpoint import Checkpoint, CheckpointFolder, read_weights, write_weights
from toomre.training.selection import Selector

__all__ = ["Batches", "Experiment", "Fitted", "Trainer"]

Row = dict[str, float]


class Batches(Protocol):
    """Training batches that can be asked for by epoch and step, in any order."""

    steps: int

    def batch(self, epoch: int, step: int) -> tuple[Tensor, Tensor | None]:
        """Return images, and labels or None."""
        ...


@dataclass(frozen=True, eq=False)
class Experiment:
    """Everything that the loop needs, as objects; it knows none of them by name.

    Attributes
    ----------
    network
        Images -> (features, logits), with `penalty()`.
    loss
        `DomainBatch` -> (total, named parts); what it learns is trained too.
    optimizer
        Over the network's and the loss's parameters.
    learning_rate
        Progress (0 to 1) -> learning rate.
    source
        Labelled batches.
    target
        Unlabelled batches, or None.
    validate
        Network -> metrics on the source's validation part.
    epochs, seed
        As in the recipe.
    device
        Where to compute.
    precision
        ``torch.float32`` or ``torch.bfloat16`` (autocast).
    """

    network: Network
    loss: nn.Module
    optimizer: torch.optim.Optimizer
    learning_rate: Callable[[float], float]
    source: Batches
    target: Batches | None
    validate: Callable[[Network], Mapping[str, float]]
    epochs: int
    seed: int
    device: torch.device
    precision: torch.dtype = torch.float32


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a training gives: the history, the best epoch and where its weights are."""

    history: list[Row]
    best_epoch: int
    weights: Path
    weights_sha256: str


class Trainer:
    """Fit an experiment in a folder, from its newest checkpoint if there is one.

    With the same machine, torch and number of threads, the weights on the CPU are the same,
    bit for bit, however often the training was killed and resumed: batches and random numbers
    follow from (seed, epoch, step), and a checkpoint holds all the rest.

    Parameters
    ----------
    experiment
        What to train.
    folder
        Where checkpoints and the best weights go.
    selector
        Which epoch to keep, and when to stop.
    checkpoint_seconds
        Longest time between checkpoints; each epoch ends with one too.
    progress
        Called with (steps done, all steps).
    listeners
        Called with each epoch's row of the history.
    """

    def __init__(
        self,
        experiment: Experiment,
        folder: Path,
        selector: Selector,
        *,
        checkpoint_seconds: float = 60.0,
        progress: Callable[[int, int], None] | None = None,
        listeners: Sequence[Callable[[Row], None]] = (),
    ) -> None:
        self.experiment = experiment
        self.checkpoints = CheckpointFolder(Path(folder))
        self.selector = selector
        self.checkpoint_seconds = checkpoint_seconds
        self.progress = progress or (lambda done, total: None)
        self.listeners = listeners
        self._step = 0
        self._history: list[Row] = []
        self._sums: Row = {}
        self._seconds = 0.0
        self._best: dict[str, str] = {}

    def fit(self) -> Fitted:
        """Train to the end, or until the selector stops; return the best epoch's weights.

        Raises
        ------
        TrainingError
            If the loss or a validation metric is not finite.
        """
        experiment = self.experiment
        self._restore()
        steps = experiment.source.steps
        total = steps * experiment.epochs
        saved = clock = time.monotonic()
        while self._step < total and not self.selector.should_stop:
            epoch, step = divmod(self._step, steps)
            self._train_step(epoch, step, self._step / max(1, total - 1))
            self._step += 1
            now = time.monotonic()
            self._seconds += now - clock
            clock = now
            if self._step % steps == 0:
                self._end_epoch(epoch)
                clock = time.monotonic()
            if self._step % steps == 0 or now - saved > self.checkpoint_seconds:
                self._save()
                saved = clock = time.monotonic()
            self.progress(self._step, total)
        self.progress(total, total)
        path = self.checkpoints.folder / self._best["file"]
        return Fitted(self._history, self.selector.best_epoch, path, self._best["sha256"])

    def _train_step(self, epoch: int, step: int, progress: float) -> None:
        experiment = self.experiment
        for group in experiment.optimizer.param_groups:
            group["lr"] = experiment.learning_rate(progress) * group.get("factor", 1.0)
        # Dropout and the like depend on the step alone, so that any step can be repeated.
        torch.manual_seed(_step_seed(experiment.seed, self._step))
        experiment.network.train()
        images, labels = experiment.source.batch(epoch, step)
        if labels is None:
            raise TrainingError("The source batches have no labels; use a labelled data set.")
        count = len(images)
        if experiment.target is not None:
            target_epoch, target_step = divmod(self._step, experiment.target.steps)
            images = torch.cat([images, experiment.target.batch(target_epoch, target_step)[0]])
        device = experiment.device
        with torch.autocast(
            device.type, torch.bfloat16, enabled=experiment.precision is torch.bfloat16
        ):
            features, logits = experiment.network(images.to(device, non_blocking=True))
        batch = _domain_batch(features.float(), logits.float(), labels.to(device), count)
        loss, parts = experiment.loss(batch)
        loss = loss + experiment.network.penalty()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"The loss is {value} in epoch {epoch + 1}, step {step + 1}. Lower the learning "
                "rate, or look for images with extreme values."
            )
        experiment.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        experiment.optimizer.step()
        for name, part in {"train_loss": value, **parts}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(part)

    def _end_epoch(self, epoch: int) -> None:
        experiment = self.experiment
        experiment.network.eval()
        with torch.inference_mode():
            metrics = dict(experiment.validate(experiment.network))
        if not all(math.isfinite(value) for value in metrics.values()):
            raise TrainingError(
                f"The validation metrics of epoch {epoch + 1} are not finite: {metrics}. Lower "
                "the learning rate, or look for images with extreme values."
            )
        row: Row = {"epoch": epoch + 1}
        row |= {name: value / experiment.source.steps for name, value in self._sums.items()}
        row |= {f"valid_{name}": value for name, value in metrics.items()}
        row["learning_rate"] = float(experiment.optimizer.param_groups[0]["lr"])
        row["seconds"] = self._seconds
        self._sums, self._seconds = {}, 0.0
        self._history.append(row)
        if self.selector.update(epoch + 1, metrics):
            name = f"best-{epoch + 1:05d}.safetensors"
            digest = write_weights(self.checkpoints.folder / name, experiment.network.state_dict())
            self._best = {"file": name, "sha256": digest}
        for listener in self.listeners:
            listener(row)

    def _save(self) -> None:
        experiment = self.experiment
        weights = _named(experiment.network, "network") | _named(experiment.loss, "loss")
        progress: dict[str, Any] = {
            "history": self._history,
            "sums": self._sums,
            "seconds": self._seconds,
            "selector": asdict(self.selector),
            "best": self._best,
        }
        state = experiment.optimizer.state_dict()
        self.checkpoints.save(Checkpoint(self._step, weights, state, progress))
        # The checkpoint before this one may still name the best weights before these.
        for path in sorted(self.checkpoints.folder.glob("best-*.safetensors"))[:-2]:
            if path.name != self._best.get("file"):
                path.unlink(missing_ok=True)

    def _restore(self) -> None:
        checkpoint = self.checkpoints.load()
        if checkpoint is None:
            return
        experiment, progress = self.experiment, checkpoint.progress
        for prefix, module in (("network", experiment.network), ("loss", experiment.loss)):
            start = f"{prefix}."
            own = {
                name.removeprefix(start): tensor
                for name, tensor in checkpoint.weights.items()
                if name.startswith(start)
            }
            module.load_state_dict(own)
        experiment.optimizer.load_state_dict(dict(checkpoint.optimizer))
        self._step = checkpoint.step
        self._history = list(progress["history"])
        self._sums = dict(progress["sums"])
        self._seconds = float(progress["seconds"])
        self._best = dict(progress["best"])
        self.selector = Selector(**progress["selector"])
        if self._best:
            read_weights(self.checkpoints.folder / self._best["file"], self._best["sha256"])


def _step_seed(seed: int, step: int) -> int:
    return int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint32)[0])


def _named(module: nn.Module, prefix: str) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in module.state_dict().items()}


def _domain_batch(features: Tensor, logits: Tensor, labels: Tensor, count: int) -> DomainBatch:
    if len(features) == count:
        return DomainBatch(features, logits, labels)
    return DomainBatch(features[:count], logits[:count], labels, features[count:], logits[count:])
