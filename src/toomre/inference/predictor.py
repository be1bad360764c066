"""Score images: eight flips and quarter turns, calibrated, with their scatter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from toomre.datasets.normalisation import Normalisation
from toomre.errors import ArgumentError
from toomre.evaluation.isotonic import apply_knots
from toomre.images.dihedral import transform
from toomre.inference.runtimes.runtime import Precision
from toomre.inference.runtimes.tables import find_runtime
from toomre.inference.store import Model
from toomre.networks.card import Calibration, ModelCard
from toomre.networks.network import merger_logit

__all__ = ["VIEWS", "Predictor", "Scores", "scores_of", "votes_refused"]

#: The flips and quarter turns that a score is averaged over.
VIEWS = 8

# Quickest for 75 to 150 pixels on one core (1 MB of cache); a GPU wants to be filled.
_BATCH_CPU = 16
_BATCH_GPU = 512


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of n images.

    Attributes
    ----------
    p
        Calibrated probability of a merger, the mean over the views, (n,).
    raw
        The same without calibration.
    std
        Standard deviation of the calibrated probability over the views.
    spread
        Its standard deviation over the models of an ensemble; None for one model.
    """

    p: NDArray[np.float64]
    raw: NDArray[np.float64]
    std: NDArray[np.float64]
    spread: NDArray[np.float64] | None = None


def scores_of(logits: NDArray[np.float64], calibration: Calibration) -> Scores:
    """Turn merger logits of shape (n, views) into scores.

    Examples
    --------
    >>> scores_of(np.zeros((1, 8)), Calibration()).p
    array([0.5])
    >>> float(scores_of(np.array([[-40.0, 40.0]]), Calibration()).std[0])
    0.5
    """
    views = expit((logits + calibration.bias) / calibration.temperature)
    p = views.mean(axis=1)
    if calibration.knots:  # fitted to the mean over the views
        p, views = (apply_knots(values, calibration.knots) for values in (p, views))
    return Scores(p, expit(logits).mean(axis=1), views.std(axis=1))


def votes_refused(card: ModelCard) -> str:
    """Return why a model of vote fractions cannot be asked how probable a merger is."""
    return (
        f"The model {card.name} predicts {len(card.architecture.answers)} vote fractions and no "
        "probability of a merger. Use `toomre zoo classify` and `toomre zoo evaluate`, or take "
        "another model."
    )


class Predictor:
    """A network made ready for scoring many images.

    BatchNorm is folded away, images lie in memory as is quickest, and few of them go through
    the network at a time, so that what passes between its layers stays in the processor's cache.

    Parameters
    ----------
    model
        Card and network; the network is copied, not changed.
    device
        Where to compute.
    batch_size
        Images at a time; None: what is quickest on the device.
    runtime
        What runs the network; `toomre.inference.runtimes.tables.RUNTIMES` has the names. All but
        ``"torch"`` are for CPUs only.
    precision
        ``"float32"``, or ``"bfloat16"`` where the device has it and the runtime takes it.

    Raises
    ------
    ArgumentError
        If the batch size is not positive, or the device and the runtime do not do what is asked.
    MissingPackageError
        If the runtime is not installed.

    Notes
    -----
    The last images are filled up to a whole batch, for the order of sums within the network
    depends on the size of the batch. So a score does not depend on the images beside it, and
    another `batch_size` changes it by no more than rounding (below 1e-5), as another runtime
    does. With bfloat16 it moves by up to a few hundredths. Other runtimes take as many
    threads as torch has when the predictor is made, which serves one thread at a time.

    Examples
    --------
    ``Predictor(open_model(name)).scores(images).p`` is one probability an image.
    """

    def __init__(
        self,
        model: Model,
        device: torch.device | str = "cpu",
        batch_size: int | None = None,
        *,
        runtime: str = "torch",
        precision: Precision = "float32",
    ) -> None:
        if batch_size is not None and batch_size < 1:
            raise ArgumentError.expected("batch_size", "a positive number", batch_size)
        self.card = model.card
        make = find_runtime(runtime, precision)
        device = torch.device(device)
        self._batch_size = batch_size or (_BATCH_CPU if device.type == "cpu" else _BATCH_GPU)
        side = model.card.input.grid.size
        shape = (self._batch_size, len(model.card.input.bands), side, side)
        self._runtime = make(model.network, shape, device, precision)
        self._normalisation = Normalisation(
            model.card.input.mean, model.card.input.std, model.card.input.stretch
        )

    def logits(self, images: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the merger logit of each view, (n, 8).

        Parameters
        ----------
        images
            (n, band, size, size), as the model's card says; finite.

        Raises
        ------
        ArgumentError
            If the shape is another, or the model predicts votes.
        """
        if self.card.architecture.answers:
            raise ArgumentError(votes_refused(self.card))
        return self._each_view(images, merger_logit)

    def votes(self, images: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the fraction of each answer, the mean over the views, (n, answer).

        Parameters
        ----------
        images
            As for `logits`.

        Raises
        ------
        ArgumentError
            If the shape is another, or the model gives the logits of a merger.
        """
        if not self.card.architecture.answers:
            raise ArgumentError(
                f"The model {self.card.name} says how probable a merger is, and predicts no vote "
                "fractions. Take one that was trained on votes, or use `toomre classify`."
            )
        votes: NDArray[np.float64] = self._each_view(images, lambda output: output).mean(axis=1)
        return votes

    def _each_view(
        self, images: NDArray[np.float32], read: Callable[[Tensor], Tensor]
    ) -> NDArray[np.float64]:
        """Return what `read` takes from the network's output of each view, (n, 8, ...)."""
        size, bands = self.card.input.grid.size, len(self.card.input.bands)
        if images.ndim != 4 or images.shape[1:] != (bands, size, size):
            raise ArgumentError.expected(
                "images", f"of shape (n, {bands}, {size}, {size})", images.shape
            )
        answers = self.card.architecture.answers
        outputs = np.empty((len(images), VIEWS, len(answers)) if answers else (len(images), VIEWS))
        for start in range(0, len(images), self._batch_size):
            stop = start + self._batch_size
            normalised = self._normalisation.apply(images[start:stop])
            outputs[start:stop] = self._views(normalised, read)
        return outputs

    def scores(self, images: NDArray[np.float32]) -> Scores:
        """Return the scores of images of shape (n, band, size, size)."""
        return scores_of(self.logits(images), self.card.calibration)

    def _views(
        self, images: NDArray[np.float32], read: Callable[[Tensor], Tensor]
    ) -> NDArray[np.float64]:
        """Return what is read of normalised images, (n, views, ...)."""
        batch, count = self._runtime.batch, len(images)
        batch[count:] = 0
        outputs = []
        for k in range(VIEWS):
            # Band by band: both sides then step through memory in simple strides.
            for band in range(batch.shape[1]):
                batch[:count, band] = transform(images[:, band], k)
            output = torch.from_numpy(self._runtime.run())
            outputs.append(read(output).double().numpy()[:count])
        return np.stack(outputs, axis=1)
