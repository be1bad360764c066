"""Find merging galaxies in survey images, and prove it.

Each command of the command line is a function here: `simulate`, `observe`, `prepare`, `look`,
`audit`, `train`, `evaluate`, `crossvalidate`, `classify`, `models`, `export` and `demo`. They are
imported when first used, so that ``import toomre`` is quick.

Examples
--------
>>> import toomre
>>> callable(toomre.prepare)
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toomre.jobs.audit import audit
    from toomre.jobs.classify import classify
    from toomre.jobs.crossvalidate import crossvalidate
    from toomre.jobs.demo import demo
    from toomre.jobs.evaluate import evaluate
    from toomre.jobs.export import export
    from toomre.jobs.look import look
    from toomre.jobs.models import models
    from toomre.jobs.observe import observe
    from toomre.jobs.prepare import prepare
    from toomre.jobs.simulate import simulate
    from toomre.jobs.train import train

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "audit",
    "classify",
    "crossvalidate",
    "demo",
    "evaluate",
    "export",
    "look",
    "models",
    "observe",
    "prepare",
    "simulate",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'toomre' has no attribute {name!r}")
    return getattr(import_module(f"toomre.jobs.{name}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
