"""A recipe's mistakes as one sentence each: where, what is allowed there, and what was meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError

__all__ = ["explain"]


def explain(model: type[BaseModel], error: ValidationError, source: str) -> str:
    """Return what pydantic found wrong in a `model` that was read from `source`."""
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
