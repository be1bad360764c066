"""The model card: everything about a trained network but its weights, as JSON beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    model_validator,
)

from toomre.errors import CorruptFileError
from toomre.images.grid import Grid
from toomre.storage import read_json, write_json
from toomre.surveys.vote_tree import ANSWERS

__all__ = [
    "Architecture",
    "Calibration",
    "InputCard",
    "ModelCard",
    "NoveltyCard",
    "PixelCard",
    "TargetCard",
    "TrainingCard",
]


# Heads that do not give the logits of a merger -> the columns of a catalogue that they give.
_ANSWERS = {"votes": ANSWERS}


class _Card(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Architecture(_Card):
    """Names and options of the backbone and of the head, as in a recipe."""

    backbone: str
    backbone_options: Mapping[str, Any] = {}
    head: str
    head_options: Mapping[str, Any] = {}

    @property
    def answers(self) -> tuple[str, ...]:
        """The columns of a catalogue that the network gives; none: it gives a merger's logits.

        Examples
        --------
        >>> len(Architecture(backbone="gz2_cnn", head="votes").answers)
        37
        """
        return _ANSWERS.get(self.head, ())


class InputCard(_Card):
    """What the network expects of an image.

    `grid.size` is the side of the network's input. `mean` and `std` are those of the training
    part, one number a band: the network sees (pixel - mean) / std, or the asinh of that where
    `stretch` says so. `psf_fwhm` is the width of a star in the training images, one number a band
    [arcsec]; empty where it is not known.
    """

    bands: tuple[str, ...]
    encoding: Literal["linear", "display"]
    unit: str = ""
    grid: Grid
    mean: tuple[FiniteFloat, ...]
    std: tuple[FiniteFloat, ...]
    stretch: Literal["none", "asinh"] = "none"
    psf_fwhm: tuple[FiniteFloat, ...] = ()

    @model_validator(mode="after")
    def _one_a_band(self) -> Self:
        if not len(self.mean) == len(self.std) == len(self.bands) or min(self.std) <= 0:
            raise ValueError("mean and std must have one number a band, and std be above 0")
        if self.psf_fwhm and (len(self.psf_fwhm) != len(self.bands) or min(self.psf_fwhm) <= 0):
            raise ValueError("psf_fwhm must be empty, or have one number above 0 a band")
        return self


class Calibration(_Card):
    """How a logit becomes a probability: sigmoid((logit + bias) / temperature).

    With knots (method ``isotonic``), the broken line through them, (sigmoid, probability), follows.
    """

    method: Literal["none", "temperature", "platt", "isotonic"] = "none"
    temperature: float = Field(default=1.0, gt=0)
    bias: float = 0.0
    knots: tuple[tuple[FiniteFloat, FiniteFloat], ...] = ()

    @model_validator(mode="after")
    def _knots_rise(self) -> Self:
        if bool(self.knots) != (self.method == "isotonic"):
            raise ValueError("isotonic, and it alone, has knots")
        for axis in zip(*self.knots, strict=True):
            if list(axis) != sorted(axis):
                raise ValueError("the knots must rise")
        return self


class NoveltyCard(_Card):
    """The distribution of the training images' statistics; see `toomre.evaluation.novelty`.

    An image farther from `centre` than `limit`, after `whitening`, gets the flag ``ood``;
    `false_alarms` is the fraction of images like the training's that do.
    """

    centre: tuple[FiniteFloat, ...]
    whitening: tuple[tuple[FiniteFloat, ...], ...]
    limit: float = Field(gt=0)
    false_alarms: float

    @model_validator(mode="after")
    def _is_square(self) -> Self:
        size = len(self.centre)
        if len(self.whitening) != size or any(len(row) != size for row in self.whitening):
            raise ValueError("whitening must be a square matrix as large as centre")
        return self


class PixelCard(_Card):
    """Mean and standard deviation of the training images' pixels, one number a band.

    They are measured, whatever normalises the network's input; by them an image gets the flag
    ``range`` (`toomre.images.inspection.range_flag`).
    """

    mean: tuple[FiniteFloat, ...]
    std: tuple[FiniteFloat, ...]

    @model_validator(mode="after")
    def _one_a_band(self) -> Self:
        if len(self.mean) != len(self.std) or min(self.std, default=-1.0) < 0:
            raise ValueError("mean and std must have one number a band, and std none below 0")
        return self


class TargetCard(_Card):
    """The images without labels that a model was adapted to.

    `part` is ``train`` or ``all`` of the prepared set `data`; `images` is their number, and
    `rows_sha256` tells which they are.
    """

    data: str
    part: Literal["train", "all"]
    images: int
    images_sha256: str
    rows_sha256: str


class TrainingCard(_Card):
    """Where the weights come from.

    `simulated`: whether toomre made the images (of the target nothing is said); not known of older
    models and of published sets. `start` is the model that the training started from, or empty.
    `warnings` are what the training showed of itself, in words.
    """

    data: str
    images: int
    mergers: int
    dataset_sha256: str
    split_sha256: str
    recipe_sha256: str
    seed: int
    epoch: int
    toomre_version: str
    torch_version: str
    created: str
    simulated: bool = False
    target: TargetCard | None = None
    start: str = ""
    warnings: tuple[str, ...] = ()


class ModelCard(_Card):
    """A trained network's description (``model.json``).

    Attributes
    ----------
    name
        What `toomre models` lists and `--model` takes.
    summary
        One sentence for people.
    architecture, input, calibration, novelty, pixels, training
        See their classes. An older card has no `pixels`; `toomre export` puts them there.
    threshold
        A galaxy is called a merger when its calibrated probability is at least this.
    class_prior
        Fraction of mergers among the training images.
    weights_sha256
        SHA-256 of ``model.safetensors``.
    metrics
        By data set: metric -> [value, lower, upper] (95 % interval).
    known_failures
        Where the model is known to be wrong, in words.
    """

    format: Literal["toomre-model-1"] = "toomre-model-1"
    name: str
    summary: str = ""
    architecture: Architecture
    input: InputCard
    calibration: Calibration = Calibration()
    novelty: NoveltyCard | None = None
    pixels: PixelCard | None = None
    threshold: float = Field(default=0.5, ge=0, le=1)
    class_prior: float = Field(ge=0, le=1)
    weights_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    training: TrainingCard
    metrics: Mapping[str, Mapping[str, tuple[float, float, float]]] = {}
    known_failures: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _pixels_of_each_band(self) -> Self:
        if self.pixels is not None and len(self.pixels.mean) != len(self.input.bands):
            raise ValueError("pixels must have one mean and one std a band")
        return self

    @property
    def model_id(self) -> str:
        """The name with the first 12 digits of the weights' hash."""
        return f"{self.name}@{self.weights_sha256[:12]}"

    @classmethod
    def read(cls, path: Path) -> ModelCard:
        """Read ``model.json``."""
        try:
            return cls.model_validate(read_json(path))
        except ValidationError as error:
            raise CorruptFileError(f"{path} is not a valid model card: {error}") from error

    def write(self, path: Path) -> None:
        """Write ``model.json`` atomically."""
        write_json(path, self.model_dump(mode="json"))
