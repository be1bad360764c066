"""A recipe: one experiment as a frozen, strict object, read from and written to TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toomre.errors import ArgumentError, MissingFileError
from toomre.storage import sha256_bytes, write_text

__all__ = [
    "Augmentation",
    "Calibrate",
    "Input",
    "LossTerm",
    "Optimizer",
    "Part",
    "Recipe",
    "Schedule",
    "Selection",
    "Training",
]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(_Section):
    """What the network sees: the central `size` pixels of each prepared image."""

    size: int = Field(default=75, ge=8)


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
    """Adam or AdamW; the defaults are those of Kingma & Ba (2015)."""

    name: Literal["adam", "adamw"] = "adam"
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = Field(default=1e-8, gt=0)
    amsgrad: bool = False


class Schedule(_Section):
    """How the learning rate changes; `warmup` is the rising fraction of a one-cycle run."""

    name: Literal["constant", "one_cycle"] = "constant"
    warmup: float = Field(default=0.25, gt=0, lt=1)
    start_factor: float = Field(default=0.04, gt=0, le=1)
    end_factor: float = Field(default=1e-4, gt=0, le=1)


class Training(_Section):
    """Length, batch size and arithmetic; bfloat16 only where the processor has it."""

    epochs: int = Field(default=100, ge=1)
    batch_size: int = Field(default=128, ge=2)
    precision: Literal["float32", "bfloat16"] = "float32"


class Selection(_Section):
    """Which epoch is kept and when to stop, both by the validation part.

    `patience` epochs without an improvement end the training; 0 means never.
    """

    metric: Literal["loss", "accuracy", "roc_auc", "last"] = "loss"
    patience: int = Field(default=0, ge=0)
    min_delta: float = Field(default=0.0, ge=0)


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
