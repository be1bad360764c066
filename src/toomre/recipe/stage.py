"""One part of a training that goes in stages, as transfer learning often does."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from toomre.recipe.rates import Optimizer, Schedule
from toomre.recipe.section import Section
from toomre.recipe.sections import Selection

__all__ = ["Stage"]


class Stage(Section):
    """One stage; it starts from the best weights of the stage before.

    `epochs`: at most so many, and never more than `training.epochs`. `freeze`: patterns of
    parameter names that stay as they are in this stage, besides those of the section transfer.
    `optimizer`, `schedule`, `selection`: whole sections in the place of the recipe's; what is
    left out is the recipe's. Early stopping counts from the stage's start.
    """

    sections: ClassVar = ("optimizer", "schedule", "selection")
    later: ClassVar = sections

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    epochs: int = Field(ge=1)
    freeze: tuple[str, ...] = ()
    optimizer: Optimizer | None = None
    schedule: Schedule | None = None
    selection: Selection | None = None
