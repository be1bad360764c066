"""Where in a recipe a search may change values: places with dots, losses and stages by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from toomre.errors import ArgumentError
from toomre.recipe import Recipe, Stage

__all__ = ["Value", "changed", "check_places", "in_effect"]

Value = bool | int | float | str

# Lists in a recipe whose members have a name, by which a place finds them.
_NAMED = ("loss", "stage")


def in_effect(recipe: Recipe, section: str) -> dict[str, Any]:
    """Return the sections of one name that a training goes by: place -> section.

    The recipe's own is left out where every stage has another.

    Parameters
    ----------
    recipe
        With or without stages.
    section
        One of `Stage.sections`.

    Examples
    --------
    >>> recipe = Recipe.parse('''
    ... name = "a"
    ... backbone.name = "deepmerge2"
    ... head.name = "deepmerge2"
    ... loss = [{ name = "cross_entropy" }]
    ... stage = [{ name = "whole", epochs = 5, optimizer.name = "sgd" }]
    ... ''')
    >>> list(in_effect(recipe, "optimizer")), list(in_effect(recipe, "schedule"))
    (['stage.whole.optimizer'], ['schedule'])
    """
    stages = {f"stage.{stage.name}.{section}": getattr(stage, section) for stage in recipe.stage}
    own = {place: found for place, found in stages.items() if found is not None}
    everywhere = bool(stages) and len(own) == len(stages)
    return own if everywhere else {section: getattr(recipe, section), **own}


def check_places(recipe: Recipe, places: Iterable[str]) -> None:
    """Refuse a place whose value no training would go by.

    Raises
    ------
    ArgumentError
        If every stage of the recipe has a section of its own in that place.
    """
    for place in places:
        section = place.split(".")[0]
        if section in Stage.sections and section not in in_effect(recipe, section):
            entry = place.removeprefix(section)
            instead = ", ".join(f"{own}{entry}" for own in in_effect(recipe, section))
            raise ArgumentError.expected(
                "the search space",
                "of places that change the training",
                place,
                f"Every stage of the recipe has its own [{section}]; take {instead}.",
            )


def changed(recipe: Recipe, values: Mapping[str, Value]) -> Recipe:
    """Return a recipe with other values at some places.

    A stage that has no section of its own gets one, which begins as the recipe's.

    Raises
    ------
    ArgumentError
        If the recipe has no such place, or the value is not allowed there.

    Examples
    --------
    >>> recipe = Recipe.parse('''
    ... name = "a"
    ... backbone.name = "deepmerge2"
    ... head.name = "deepmerge2"
    ... loss = [{ name = "cross_entropy" }]
    ... stage = [{ name = "whole", epochs = 5 }]
    ... ''')
    >>> changed(recipe, {"loss.cross_entropy.weight": 0.5}).loss[0].weight
    0.5
    >>> changed(recipe, {"stage.whole.optimizer.learning_rate": 0.2}).stage[0].optimizer
    Optimizer(name='adam', learning_rate=0.2, ...)
    """
    content = recipe.model_dump(mode="json")
    named = {key: {each["name"]: each for each in content.get(key, ())} for key in _NAMED}
    # The recipe's sections first, for a stage's begins as the recipe's.
    for place in sorted(values, key=lambda place: place.startswith("stage.")):
        *sections, last = _parts(place, named["stage"])
        table = _table(content, named, sections)
        if table is None:
            raise _no_place(recipe, place)
        table[last] = values[place]
    return recipe.replaced(**content)


def _parts(place: str, stages: Iterable[str]) -> list[str]:
    """Divide a place at its dots, but for those in a stage's name."""
    for name in sorted(stages, key=len, reverse=True):
        start = f"stage.{name}."
        if place.startswith(start):
            return ["stage", name, *place.removeprefix(start).split(".")]
    return place.split(".")


def _table(
    content: dict[str, Any], named: Mapping[str, dict[str, Any]], sections: list[str]
) -> dict[str, Any] | None:
    """Return the part of a recipe's content that has these sections' names, if there is one."""
    if not sections or (sections[0] in _NAMED and len(sections) == 1):
        return None
    table: Any = {**content, **named}
    for depth, section in enumerate(sections):
        if depth == 2 and sections[0] == "stage" and section in Stage.sections:
            table.setdefault(section, deepcopy(content[section]))
        table = table.get(section) if isinstance(table, dict) else None
        if table is None:
            return None
    return table if isinstance(table, dict) else None


def _no_place(recipe: Recipe, place: str) -> ArgumentError:
    stages = ", ".join(stage.name for stage in recipe.stage) or "none"
    hint = f"The recipe's stages: {stages}." if place.startswith("stage.") else ""
    allowed = "of places in the recipe, such as optimizer.weight_decay"
    return ArgumentError.expected("the search space", allowed, place, hint)
