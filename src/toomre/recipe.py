"""A recipe: one experiment as a frozen, strict object, read from and written to TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from toomre.errors import ArgumentError, MissingFileError
from toomre.storage import sha256_bytes, write_text

__all__ = [
    "Adaptation",
    "Augmentation",
    "Calibrate",
    "Input",
    "LossTerm",
    "OnPlateau",
    "Optimizer",
    "Part",
    "Recipe",
    "Schedule",
    "Selection",
    "Training",
    "Transfer",
]


Metric = Literal[
    "loss",
    "accuracy",
    "roc_auc",
    "target_entropy",
    "target_infomax",
    "target_snd",
    "target_dev",
]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(_Section):
    """What the network sees: the central `size` pixels of each prepared image.

    `normalisation`: by the training part's mean and standard deviation (``measured``), or by
    those that the backbone's public weights expect of display images (``imagenet``). `stretch`:
    what follows, nothing or asinh, which tames the bright nuclei of flux images.
    """

    size: int = Field(default=75, ge=8)
    normalisation: Literal["measured", "imagenet"] = "measured"
    stretch: Literal["none", "asinh"] = "none"


class Part(_Section):
    """A named backbone or head and its options."""

    name: str
    options: Mapping[str, Any] = {}


class LossTerm(_Section):
    """One named loss with its weight in the sum."""

    name: str
    weight: float = 1.0
    options: Mapping[str, Any] = {}


class Optimizer(_Section):
    """Adam, AdamW or SGD; the defaults of the first two are those of Kingma & Ba (2015).

    `betas`, `epsilon` and `amsgrad` are of Adam and AdamW, `momentum` and `nesterov` of SGD;
    `weight_decay` is an L2 penalty in Adam and SGD (as published), and decoupled in AdamW.
    `decay_weights_only`: no decay of biases and of normalisation layers.
    `backbone_factor` and `head_factor` multiply the learning rate of these parts, and `factors`
    that of parts by name, such as ``"backbone.bottleneck" = 10``; the longest name wins.
    """

    name: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    decay_weights_only: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = Field(default=1e-8, gt=0)
    amsgrad: bool = False
    momentum: float = Field(default=0.9, ge=0, lt=1)
    nesterov: bool = False
    backbone_factor: float = Field(default=1.0, gt=0)
    head_factor: float = Field(default=1.0, gt=0)
    factors: Mapping[str, Annotated[float, Field(gt=0)]] = {}


class OnPlateau(_Section):
    """When and by how much the rate falls; the defaults are those of S002's Galaxy Zoo networks.

    After `patience` epochs in which the validation `metric` improved by no more than
    `min_delta`, the rate is multiplied by `factor`, but never falls below `min_rate`.
    """

    metric: Metric = "accuracy"
    factor: float = Field(default=0.5, gt=0, lt=1)
    patience: int = Field(default=6, ge=1)
    min_delta: float = Field(default=1e-4, ge=0)
    min_rate: float = Field(default=1e-13, ge=0)


class Schedule(_Section):
    """How the learning rate changes.

    - ``constant``.
    - ``one_cycle``: a half-cosine rise over the fraction `warmup` from `start_factor` times the
      rate, then a half-cosine fall to `end_factor` times it (Smith & Topin 2019).
    - ``triangle``: the "one-cycle" of the published DeepMerge II code, a triangle from
      `base_factor` times the rate to the rate and back that repeats every 0.9 `cycle_length`
      epochs; with `annihilation`, what is left after the last one falls to 1 % of the base.
    - ``inverse_decay``: (1 + `gamma` i)^-`power` at step i, changed once an epoch.
    - ``plateau``: falls when the validation no longer improves, as `plateau` says.

    `momentum` = [low, high] moves Adam's first beta, or SGD's momentum, against the rate of a
    one-cycle or triangle; the published code keeps it fixed.
    """

    name: Literal["constant", "one_cycle", "triangle", "inverse_decay", "plateau"] = "constant"
    warmup: float = Field(default=0.25, gt=0, lt=1)
    start_factor: float = Field(default=0.04, gt=0, le=1)
    end_factor: float = Field(default=1e-4, gt=0, le=1)
    cycle_length: float = Field(default=8.0, gt=0)
    base_factor: float = Field(default=0.1, gt=0, le=1)
    annihilation: bool = False
    gamma: float = Field(default=1e-3, ge=0)
    power: float = Field(default=0.75, ge=0)
    momentum: tuple[Annotated[float, Field(ge=0, lt=1)], ...] = ()
    plateau: OnPlateau = OnPlateau()

    @field_validator("momentum")
    @classmethod
    def _two_or_none(cls, momentum: tuple[float, ...]) -> tuple[float, ...]:
        if len(momentum) not in {0, 2} or list(momentum) != sorted(momentum):
            raise ValueError("expected [low, high], or nothing to keep it fixed")
        return momentum


class Training(_Section):
    """Length, batch size and arithmetic; bfloat16 only where the processor has it."""

    epochs: int = Field(default=100, ge=1)
    batch_size: int = Field(default=128, ge=2)
    precision: Literal["float32", "bfloat16"] = "float32"


class Selection(_Section):
    """Which epoch is kept and when to stop, both by the validation part.

    `metric`: of the source's labelled images, or a score of the target's images, which needs no
    label: `target_entropy` (mean entropy of the answers), `target_infomax` (the answers' mutual
    information with the images), `target_snd` (soft neighbourhood density, Saito+ 2021) and
    `target_dev` (deep embedded validation, You+ 2019).
    `stopping`: by ``patience``, `patience` epochs without an improvement by more than
    `min_delta` end the training, `watch` says of what; by ``soft_counter``, the published
    DeepMerge II rule, an epoch whose validation loss exceeds the lowest one by 0.1, 0.2, 0.3 or
    0.4 adds 0.1, 0.25, 0.5 or 1 to a count that never starts again, and the training ends when
    it exceeds `patience`. With `patience` 0 it never ends early.
    `first_epoch`: epochs before it are neither kept nor counted; of a shorter training the last
    is kept.
    """

    metric: Metric | Literal["last"] = "loss"
    patience: int = Field(default=0, ge=0)
    min_delta: float = Field(default=0.0, ge=0)
    stopping: Literal["patience", "soft_counter"] = "patience"
    watch: Literal["metric", "loss"] = "metric"
    first_epoch: int = Field(default=0, ge=0)


class Augmentation(_Section):
    """Random changes of the training images; never a function of the class.

    `flips`: the eight flips and quarter turns. `rotation`: any angle. `zoom`: each image is
    enlarged by a factor between exp(-zoom) and exp(zoom). `shift`: moved by up to this many
    pixels along each axis.
    """

    flips: bool = True
    rotation: bool = False
    zoom: float = Field(default=0.0, ge=0, le=1)
    shift: float = Field(default=0.0, ge=0)


class Adaptation(_Section):
    """How the target's images, which have no labels here, take part in the training.

    `batch_norm`: both domains in one batch (``concatenated``, as published), one after the
    other with common running statistics (``shared``) or with their own (``per_domain``), or
    as concatenated with the target's statistics measured afterwards (``re_estimated``).
    `normalisation`: by the source's mean and standard deviation, or each domain by its own
    (as published). `target_part`: the target's training part, or all its images.
    """

    batch_norm: Literal["concatenated", "shared", "per_domain", "re_estimated"] = "concatenated"
    normalisation: Literal["source", "per_domain"] = "source"
    target_part: Literal["train", "all"] = "train"


class Transfer(_Section):
    """What is taken over from the run or model that the training starts from, if any.

    `parts`: all weights, or the backbone's alone. `freeze`: patterns of parameter names that
    stay as they are, such as ``backbone.conv1*``. `normalisation`: measured on the new images,
    or inherited with the weights.
    """

    parts: Literal["all", "backbone"] = "all"
    freeze: tuple[str, ...] = ()
    normalisation: Literal["measured", "inherited"] = "measured"


class Calibrate(_Section):
    """How logits become probabilities, and which score is called a merger.

    `threshold`: the score with the best ``balanced_accuracy`` or ``f1``, or, as ``purity:0.95``,
    the lowest one with that purity on the validation part.
    """

    method: Literal["none", "temperature", "platt"] = "temperature"
    threshold: str = Field(
        default="balanced_accuracy",
        pattern=r"^(balanced_accuracy|f1|purity:(0?\.[0-9]+|1(\.0*)?))$",
    )


class Recipe(_Section):
    """Everything that defines an experiment, except where the data are.

    Examples
    --------
    >>> recipe = Recipe.parse('''
    ... name = "example"
    ... backbone.name = "deepmerge2"
    ... head.name = "deepmerge2"
    ... [[loss]]
    ... name = "cross_entropy"
    ... ''')
    >>> recipe.training.batch_size
    128
    >>> Recipe.parse(recipe.to_toml()) == recipe
    True
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    summary: str = ""
    seed: int = Field(default=1, ge=0)
    input: Input = Input()
    backbone: Part
    head: Part
    loss: tuple[LossTerm, ...] = Field(min_length=1)
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    training: Training = Training()
    selection: Selection = Selection()
    augmentation: Augmentation = Augmentation()
    calibration: Calibrate = Calibrate()
    adaptation: Adaptation = Adaptation()
    transfer: Transfer = Transfer()

    @classmethod
    def parse(cls, text: str, source: str = "the recipe") -> Recipe:
        """Make a recipe from TOML text.

        Raises
        ------
        ArgumentError
            If the text is not TOML, or a key or value is not allowed; the message names the
            place and what is allowed there.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ArgumentError(f"{source} is not valid TOML: {error}.") from error
        except ValidationError as error:
            raise ArgumentError(_explain(cls, error, source)) from error

    @classmethod
    def read(cls, path: Path | str) -> Recipe:
        """Read a recipe file."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise MissingFileError(f"There is no recipe at {path}.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise ArgumentError(f"{path} is not a readable recipe: {error}.") from error
        return cls.parse(text, str(path))

    def to_toml(self) -> str:
        """Return the whole recipe, defaults included, as TOML."""
        return tomli_w.dumps(self.model_dump(mode="json"))

    def write(self, path: Path) -> None:
        """Write the recipe atomically."""
        write_text(path, self.to_toml())

    @property
    def sha256(self) -> str:
        """SHA-256 of the recipe as `to_toml` gives it."""
        return sha256_bytes(self.to_toml().encode())

    def replaced(self, **changes: object) -> Recipe:
        """Return a recipe with other values; a dotted name is written with two underscores.

        Examples
        --------
        >>> recipe = Recipe(name="a", backbone=Part(name="b"), head=Part(name="h"),
        ...                 loss=(LossTerm(name="cross_entropy"),))
        >>> recipe.replaced(seed=3, training__epochs=2).training.epochs
        2
        """
        values = self.model_dump(mode="json")
        for key, value in changes.items():
            *sections, last = key.split("__")
            place = values
            for section in sections:
                place = place[section]
            place[last] = value
        try:
            return type(self).model_validate(values)
        except ValidationError as error:
            raise ArgumentError(_explain(type(self), error, "the recipe")) from error


def _explain(model: type[BaseModel], error: ValidationError, source: str) -> str:
    lines = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            allowed = sorted(_section(model, problem["loc"][:-1]).model_fields)
            close = get_close_matches(str(problem["loc"][-1]), allowed, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            lines.append(f"unknown key `{place}`; allowed here: {', '.join(allowed)}.{hint}")
        else:
            lines.append(f"`{place}`: {problem['msg']}, but got {problem['input']!r}.")
    return f"{source} has {len(lines)} mistake(s): " + " ".join(lines)


def _section(model: type[BaseModel], place: Sequence[str | int]) -> type[BaseModel]:
    for name in place:
        if isinstance(name, int):
            continue
        kind = model.model_fields[name].annotation
        inner = [kind, *getattr(kind, "__args__", ())]
        model = next(k for k in inner if isinstance(k, type) and issubclass(k, BaseModel))
    return model
