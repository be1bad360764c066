"""A recipe: one experiment as a frozen, strict object, read from and written to TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import ClassVar

import tomli_w
from pydantic import Field, ValidationError, field_validator

from toomre.errors import ArgumentError, MissingFileError
from toomre.recipe.mistakes import explain
from toomre.recipe.rates import Optimizer, Schedule
from toomre.recipe.section import Section
from toomre.recipe.sections import (
    Adaptation,
    Augmentation,
    Calibrate,
    Input,
    LossTerm,
    Part,
    Selection,
    Training,
    Transfer,
)
from toomre.recipe.stage import Stage
from toomre.storage import sha256_bytes, write_text

__all__ = ["Recipe"]


class Recipe(Section):
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

    later: ClassVar = ("stage",)

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
    stage: tuple[Stage, ...] = ()

    @field_validator("stage")
    @classmethod
    def _have_different_names(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        names = [stage.name for stage in stages]
        if len(set(names)) < len(names):
            raise ValueError("expected stages of different names")
        return stages

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
            raise ArgumentError(explain(cls, error, source)) from error

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

    def stages(self) -> tuple[Recipe, ...]:
        """Return each stage as a recipe that has no stages; of one without stages, itself."""
        return tuple(self._of(stage) for stage in self.stage) or (self,)

    @property
    def epochs(self) -> int:
        """The longest that the training may be, all stages together."""
        return sum(stage.training.epochs for stage in self.stages())

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics by which any stage chooses its epoch or lowers its learning rate.

        Examples
        --------
        >>> recipe = Recipe(name="a", backbone=Part(name="b"), head=Part(name="h"),
        ...                 loss=(LossTerm(name="cross_entropy"),))
        >>> recipe.replaced(schedule__name="plateau").metrics
        ('loss', 'accuracy')
        """
        found = []
        for stage in self.stages():
            found += [] if stage.selection.metric == "last" else [stage.selection.metric]
            found += [stage.schedule.plateau.metric] if stage.schedule.name == "plateau" else []
        return tuple(dict.fromkeys(found))

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
            raise ArgumentError(explain(type(self), error, "the recipe")) from error

    def _of(self, stage: Stage) -> Recipe:
        epochs = min(stage.epochs, self.training.epochs)
        freeze = (*self.transfer.freeze, *stage.freeze)
        return self.model_copy(
            update={
                "optimizer": stage.optimizer or self.optimizer,
                "schedule": stage.schedule or self.schedule,
                "selection": stage.selection or self.selection,
                "training": self.training.model_copy(update={"epochs": epochs}),
                "transfer": self.transfer.model_copy(update={"freeze": freeze}),
                "stage": (),
            }
        )
