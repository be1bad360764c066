"""The only training loop: one or two domains, any network, any loss, resumable at any step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from toomre.errors import TrainingError
from toomre.losses.domain_batch import DomainBatch
from toomre.training.batch_norm import held_norms
from toomre.training.checkpoint import Checkpoint, CheckpointFolder, read_weights, write_weights
from toomre.training.experiment import Experiment, Fitted
from toomre.training.plateau import Plateau
from toomre.training.schedule import set_momentum
from toomre.training.selection import Selector
from toomre.training.stopwatch import Stopwatch

__all__ = ["Trainer", "load_best"]

Row = dict[str, float]
Outputs = tuple[Tensor, Tensor]

# Of the names of what is kept beside the network.
_NORM = "batch_norm"
_AVERAGE = "average"


class Trainer:
    """Fit an experiment in a folder, from its newest checkpoint if there is one.

    With the same machine, torch and number of threads, the weights on the CPU are the same,
    bit for bit, however often the training was killed and resumed: batches and random numbers
    follow from (seed, epoch, step), and a checkpoint holds all the rest. Of several processes
    (`Experiment.divided`) each calls `fit`, and the first one writes.

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
    step_listeners
        Called with each step's losses and its learning rate.
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
        step_listeners: Sequence[Callable[[Row], None]] = (),
    ) -> None:
        self.experiment = experiment
        self.plateau = experiment.plateau
        self.checkpoints = CheckpointFolder(Path(folder))
        self.selector = selector
        self.checkpoint_seconds = checkpoint_seconds
        self.progress = progress or (lambda done, total: None)
        self.listeners = listeners
        self.step_listeners = step_listeners
        self._step = 0
        self._history: list[Row] = []
        self._sums: Row = {}
        self._watch = Stopwatch()
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
        self._agree()
        steps = experiment.source.steps
        total = steps * experiment.epochs
        saved = time.monotonic()
        self._watch.skip()
        while self._step < total and not self.selector.should_stop:
            epoch, step = divmod(self._step, steps)
            epoch += experiment.epochs_before
            self._train_step(epoch, step, self._step / max(1, total - 1))
            self._step += 1
            self._watch.count()
            if self._step % steps == 0:
                self._end_epoch(epoch)
            if self._step % steps == 0 or time.monotonic() - saved > self.checkpoint_seconds:
                if experiment.group.is_first:
                    self._save()
                saved = time.monotonic()
                self._watch.skip()
            self.progress(self._step, total)
        self.progress(total, total)
        path = self.checkpoints.folder / self._best["file"]
        return Fitted(self._history, self.selector.best_epoch, path, self._best["sha256"])

    def _train_step(self, epoch: int, step: int, progress: float) -> None:
        experiment = self.experiment
        self._set_rate(progress)
        # Dropout and the like depend on the step alone, so that any step can be repeated.
        number = epoch * experiment.source.steps + step
        torch.manual_seed(_step_seed(experiment.seed, number))
        experiment.network.train()
        images, labels = experiment.source.batch(epoch, step)
        if labels is None:
            raise TrainingError("The source batches have no labels; use a labelled data set.")
        device = experiment.device
        others = self._target_images(number)
        counts = [len(each) for each in (images, others) if each is not None]
        half = experiment.precision is torch.bfloat16
        with (
            torch.autocast(device.type, torch.bfloat16, enabled=half),
            held_norms(experiment.network, experiment.frozen_norms),
            experiment.group.as_one(counts),
        ):
            source, target = experiment.batch_norm.forward(
                experiment.network,
                images.to(device, non_blocking=True),
                None if others is None else others.to(device, non_blocking=True),
            )
        batch = self._whole_batch(source, labels.to(device), target, progress)
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
        experiment.group.average(_parameters(experiment.optimizer))
        experiment.optimizer.step()
        if experiment.average is not None:
            experiment.average.update(experiment.network, self._step)
        losses = {"train_loss": value} | {name: float(part) for name, part in parts.items()}
        for name, part in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + part
        rate = float(experiment.optimizer.param_groups[0]["lr"])
        for listener in self.step_listeners:
            listener({**losses, "learning_rate": rate})

    def _set_rate(self, progress: float) -> None:
        experiment = self.experiment
        rate = experiment.learning_rate(progress)
        if self.plateau is not None:
            rate *= self.plateau.scale
        for group in experiment.optimizer.param_groups:
            group["lr"] = rate * group.get("factor", 1.0)
            if experiment.momentum is not None:
                set_momentum(group, experiment.momentum(progress))

    def _target_images(self, number: int) -> Tensor | None:
        """Return the target's batch of a step; it goes round on its own count."""
        target = self.experiment.target
        return None if target is None else target.batch(*divmod(number, target.steps))[0]

    def _whole_batch(
        self, source: Outputs, labels: Tensor, target: Outputs | None, progress: float
    ) -> DomainBatch:
        """Return the outputs of all processes, in float32."""
        gather = self.experiment.group.gather
        features, logits = gather(source[0].float()), gather(source[1].float())
        labels = gather(labels)
        if target is None:
            return DomainBatch(features, logits, labels, progress=progress)
        others = gather(target[0].float()), gather(target[1].float())
        return DomainBatch(features, logits, labels, *others, progress=progress)

    def _end_epoch(self, epoch: int) -> None:
        average = self.experiment.average
        with nullcontext() if average is None else average.on(self.experiment.network):
            self._judge(epoch)

    def _judge(self, epoch: int) -> None:
        """Validate the network as it is now, and keep it if it is the best so far."""
        experiment = self.experiment
        experiment.network.eval()
        with torch.inference_mode():
            metrics = experiment.group.agreed(lambda: dict(experiment.validate(experiment.network)))
        if not all(math.isfinite(value) for value in metrics.values()):
            raise TrainingError(
                f"The validation metrics of epoch {epoch + 1} are not finite: {metrics}. Lower "
                "the learning rate, or look for images with extreme values."
            )
        row: Row = {"epoch": epoch + 1}
        row |= {name: value / experiment.source.steps for name, value in self._sums.items()}
        row |= {f"valid_{name}": value for name, value in metrics.items()}
        row["learning_rate"] = float(experiment.optimizer.param_groups[0]["lr"])
        row |= self._watch.take()
        self._sums = {}
        self._history.append(row)
        if self.plateau is not None:
            self.plateau.update(metrics)
        if self.selector.update(epoch + 1, metrics):
            self._best = experiment.group.agreed(partial(self._keep, epoch))
        for listener in self.listeners:
            listener(row)

    def _keep(self, epoch: int) -> dict[str, str]:
        experiment = self.experiment
        name = f"best-{epoch + 1:05d}.safetensors"
        weights = experiment.network.state_dict()
        weights |= _prefixed(experiment.batch_norm.state(), _NORM)
        digest = write_weights(self.checkpoints.folder / name, weights)
        return {"file": name, "sha256": digest}

    def _save(self) -> None:
        experiment = self.experiment
        weights = _prefixed(experiment.network.state_dict(), "network")
        weights |= _prefixed(experiment.loss.state_dict(), "loss")
        weights |= _prefixed(experiment.batch_norm.state(), _NORM)
        if experiment.average is not None:
            weights |= _prefixed(experiment.average.state(), _AVERAGE)
        progress: dict[str, Any] = {
            "history": self._history,
            "sums": self._sums,
            **self._watch.elapsed,
            "selector": asdict(self.selector),
            "plateau": None if self.plateau is None else asdict(self.plateau),
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
        experiment.network.load_state_dict(_under(checkpoint.weights, "network"))
        experiment.loss.load_state_dict(_under(checkpoint.weights, "loss"))
        experiment.batch_norm.load(_under(checkpoint.weights, _NORM))
        if experiment.average is not None:
            experiment.average.load(_under(checkpoint.weights, _AVERAGE))
        experiment.optimizer.load_state_dict(dict(checkpoint.optimizer))
        self._step = checkpoint.step
        self._history = list(progress["history"])
        self._sums = dict(progress["sums"])
        self._watch.restore(progress)
        self._best = dict(progress["best"])
        self.selector = Selector(**progress["selector"])
        if self.plateau is not None:
            self.plateau = Plateau(**progress["plateau"])
        if self._best:
            read_weights(self.checkpoints.folder / self._best["file"], self._best["sha256"])

    def _agree(self) -> None:
        """Let several processes start from one place.

        Raises
        ------
        TrainingError
            If they do not see the same checkpoint.
        """
        experiment, group = self.experiment, self.experiment.group
        first = group.agreed(lambda: self._step)
        if first != self._step:
            raise TrainingError(
                f"The first process goes on from step {first}, but process {group.rank} from step "
                f"{self._step}. Give a folder that is the same for all processes."
            )
        for part in (experiment.network, experiment.loss):
            group.spread(part.state_dict().values())


def _step_seed(seed: int, step: int) -> int:
    return int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint32)[0])


def load_best(experiment: Experiment, fitted: Fitted) -> None:
    """Give an experiment's network the weights of the best epoch."""
    weights = read_weights(fitted.weights, fitted.weights_sha256)
    experiment.batch_norm.load(_under(weights, _NORM))
    start = f"{_NORM}."
    experiment.network.load_state_dict(
        {name: tensor for name, tensor in weights.items() if not name.startswith(start)}
    )


def _prefixed(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in weights.items()}


def _under(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {
        name.removeprefix(start): tensor
        for name, tensor in weights.items()
        if name.startswith(start)
    }


def _parameters(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [each for group in optimizer.param_groups for each in group["params"]]
