"""``toomre export onnx``: a model as an ONNX file, compared with torch before it is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

import toomre
from toomre.datasets.normalisation import Normalisation
from toomre.errors import ArgumentError, OutputExistsError
from toomre.inference.from_pixels import FromPixels
from toomre.inference.onnx_card import MERGER_LOGIT, VOTES, OnnxCard, onnx_card_file, read_onnx_card
from toomre.inference.runtimes.onnx_network import INPUT, OPSET, onnx_bytes
from toomre.inference.runtimes.onnx_runtime import open_session
from toomre.inference.store import Model, open_model
from toomre.networks.card import InputCard
from toomre.networks.network import merger_logit
from toomre.packages import import_package
from toomre.storage import atomic_path, sha256_bytes

__all__ = ["LARGEST_DIFFERENCE", "export_onnx"]

#: A probability that is farther off than this is no rounding.
LARGEST_DIFFERENCE = 1e-4

_LOGIT_USAGE = (
    "Input: pixels as card.input says (bands in that order, encoding, unit, pixel scale and "
    "size), not normalised: the normalisation is part of the file.",
    "Output: the log-odds of a merger of each image.",
    "Probability of one look: sigmoid((logit + bias) / temperature), see card.calibration.",
    "Probability of a merger: the mean over the 8 flips and quarter turns of the image; then, if "
    "there are knots, the broken line through them. At or above card.threshold it is a merger.",
)
_VOTE_USAGE = (
    _LOGIT_USAGE[0],
    "Output: the fraction of votes of each answer, in the order of a catalogue's columns.",
    "What `toomre zoo classify` writes is the mean over the 8 flips and quarter turns.",
)


def export_onnx(model: Model | Path | str, out: Path | str) -> OnnxCard:
    """Write a model as an ONNX file, and beside it its card (``.onnx.json``).

    Any number of images, of the card's size, goes in at a time. The normalisation is part of the
    file and BatchNorm is folded away; the views and the calibration are the reader's, and the
    card says how. The file passes ONNX's own checker, and its answers are compared with torch's
    on noise and on drawn galaxies.

    Parameters
    ----------
    model
        A shipped model's name, a folder, or an opened model.
    out
        The file to write, ``.onnx``.

    Raises
    ------
    ArgumentError
        If `out` has another ending, or an answer differs by more than 1e-4.
    OutputExistsError
        If the file or its card is there already.
    MissingPackageError
        If onnx or onnxruntime is not installed.
    """
    path = Path(out)
    if path.suffix != ".onnx":
        raise ArgumentError.expected("out", "a file that ends in .onnx", path.name)
    if path.exists() or onnx_card_file(path).exists():
        raise OutputExistsError(f"{path} or its card is there already. Give another name.")
    opened = model if isinstance(model, Model) else open_model(model)
    wanted = opened.card.input
    shape = (len(wanted.bands), wanted.grid.size, wanted.grid.size)
    output = VOTES if opened.card.architecture.answers else MERGER_LOGIT
    content = onnx_bytes(FromPixels(opened), shape, output)
    onnx = import_package("onnx", "onnx")
    onnx.checker.check_model(onnx.load_model_from_string(content), full_check=True)
    difference = _difference(opened, content)
    if not difference <= LARGEST_DIFFERENCE:
        raise ArgumentError(
            f"The model {opened.card.name} cannot be an ONNX file: an answer differs from torch's "
            f"by {difference:.1e}, and at most {LARGEST_DIFFERENCE} is rounding. Use torch."
        )
    card = OnnxCard(
        onnx_sha256=sha256_bytes(content),
        opset=OPSET,
        inputs={INPUT: ("n", *shape)},
        output=output,
        usage=_VOTE_USAGE if output == VOTES else _LOGIT_USAGE,
        largest_difference=difference,
        toomre_version=toomre.__version__,
        torch_version=torch.__version__,
        card=opened.card,
    )
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    card.write(path)
    return read_onnx_card(path)


def _difference(model: Model, content: bytes) -> float:
    """Return the largest difference of a probability or vote fraction from torch's."""
    session = open_session(content)
    card = model.card
    normalisation = Normalisation(card.input.mean, card.input.std, card.input.stretch)
    largest = 0.0
    for images in _trials(card.input, np.random.default_rng(1)):
        found = session.run(None, {INPUT: images})[0]
        with torch.no_grad():
            outputs = model.network(torch.from_numpy(normalisation.apply(images)))[1]
        if card.architecture.answers:
            pair = (found, outputs.numpy())
        else:
            logits = (found, merger_logit(outputs).numpy())
            calibration = card.calibration
            pair = tuple(
                expit((each + calibration.bias) / calibration.temperature) for each in logits
            )
        largest = max(largest, float(np.abs(pair[0] - pair[1]).max()))
    return largest


def _trials(wanted: InputCard, rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """Return noise, and pairs of round galaxies on noise, some of them very bright."""
    size, bands = wanted.grid.size, len(wanted.bands)
    mean, std = (np.reshape(values, (bands, 1, 1)) for values in (wanted.mean, wanted.std))
    noise = rng.normal(size=(16, bands, size, size))
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    galaxies = np.zeros((11, 1, size, size))
    for row, bright in enumerate(np.geomspace(1, 100, len(galaxies))):
        for x0, y0 in rng.uniform(-size / 5, size / 5, (2, 2)):
            galaxies[row] += bright * np.exp(-np.hypot(x - x0, y - y0) / (0.05 * size))
    trials = [mean + std * noise, mean + std * (galaxies + 0.3 * noise[: len(galaxies)])]
    if wanted.encoding == "display":
        trials = [np.clip(each, 0, 255) for each in trials]
    return [each.astype(np.float32) for each in trials]
