"""What the sections of a recipe share: they are frozen, and an unknown key is a mistake."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

__all__ = ["Metric", "Section"]

Metric = Literal[
    "loss",
    "accuracy",
    "roc_auc",
    "rmse",
    "target_entropy",
    "target_infomax",
    "target_snd",
    "target_dev",
]


class Section(BaseModel):
    """A part of a recipe.

    What is in `later` is not written while it has its default: a recipe from before there was
    such an entry keeps its SHA-256, and a run that it began can be gone on with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    later: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = written(self)
        for name in self.later:
            if getattr(self, name) == type(self).model_fields[name].default:
                values.pop(name, None)
        return values
