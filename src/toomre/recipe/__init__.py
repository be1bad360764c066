"""A recipe: one experiment as a frozen, strict object, read from and written to TOML."""

from toomre.recipe.rates import OnPlateau, Optimizer, Schedule
from toomre.recipe.recipe import Recipe
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
    "Stage",
    "Training",
    "Transfer",
]
