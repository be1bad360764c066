"""Find merging galaxies in survey images, and prove it.

Each command of the command line is a function here: `simulate`, `observe`, `fetch`, `convert`,
`cutouts`, `prepare`, `look`, `compare`, `audit`, `lr_scan`, `tune`, `layers`, `train`, `evaluate`,
`bias`, `embed`, `explain`, `crossvalidate`, `measure`, `forest`, `reproduce`, `classify`,
`fraction`, `conformal`, `models`, `export`, `bench` and `demo`. Beside them stand the objects
that they take: `Recipe`, `Grid`, `Facts`, `Columns` and the options of each function. All are
imported when first used, so that ``import toomre`` is quick.

Examples
--------
>>> import toomre
>>> toomre.ClassifyOptions(pixel_scale=0.396).device
'auto'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toomre.images.grid import Grid
    from toomre.images.loading import Facts
    from toomre.jobs.audit import audit
    from toomre.jobs.bench import bench
    from toomre.jobs.bias import bias
    from toomre.jobs.classify import ClassifyOptions, classify
    from toomre.jobs.compare import compare
    from toomre.jobs.conformal import conformal
    from toomre.jobs.convert import ConvertOptions, convert
    from toomre.jobs.crossvalidate import FoldOptions, crossvalidate
    from toomre.jobs.cutouts import CutoutOptions, cutouts
    from toomre.jobs.demo import demo
    from toomre.jobs.embed import EmbedOptions, embed
    from toomre.jobs.evaluate import evaluate
    from toomre.jobs.explain import explain
    from toomre.jobs.export import export
    from toomre.jobs.fetch import fetch
    from toomre.jobs.forest import forest
    from toomre.jobs.fraction import FractionBins, fraction
    from toomre.jobs.layers import layers
    from toomre.jobs.look import look
    from toomre.jobs.lr_scan import lr_scan
    from toomre.jobs.measure import measure
    from toomre.jobs.models import models
    from toomre.jobs.observe import observe
    from toomre.jobs.prepare import prepare
    from toomre.jobs.report import report
    from toomre.jobs.reproduce import reproduce
    from toomre.jobs.simulate import simulate
    from toomre.jobs.table_options import ReproduceOptions
    from toomre.jobs.train import TrainOptions, train
    from toomre.jobs.tune import TuneOptions, tune
    from toomre.preparation.columns import Columns
    from toomre.preparation.inputs import Source
    from toomre.preparation.prepared import PreparedSet
    from toomre.preparation.split import SplitOptions
    from toomre.recipe import Recipe

__version__ = "0.1.0"
__all__ = [
    "ClassifyOptions",
    "Columns",
    "ConvertOptions",
    "CutoutOptions",
    "EmbedOptions",
    "Facts",
    "FoldOptions",
    "FractionBins",
    "Grid",
    "PreparedSet",
    "Recipe",
    "ReproduceOptions",
    "Source",
    "SplitOptions",
    "TrainOptions",
    "TuneOptions",
    "__version__",
    "audit",
    "bench",
    "bias",
    "classify",
    "compare",
    "conformal",
    "convert",
    "crossvalidate",
    "cutouts",
    "demo",
    "embed",
    "evaluate",
    "explain",
    "export",
    "fetch",
    "forest",
    "fraction",
    "layers",
    "look",
    "lr_scan",
    "measure",
    "models",
    "observe",
    "prepare",
    "report",
    "reproduce",
    "simulate",
    "train",
    "tune",
]

# Where the objects stand that are no commands; a command stands in the job of its name.
_PLACES = {
    "ClassifyOptions": "jobs.classify",
    "Columns": "preparation.columns",
    "ConvertOptions": "jobs.convert",
    "CutoutOptions": "jobs.cutouts",
    "EmbedOptions": "jobs.embed",
    "Facts": "images.loading",
    "FoldOptions": "jobs.crossvalidate",
    "FractionBins": "jobs.fraction",
    "Grid": "images.grid",
    "PreparedSet": "preparation.prepared",
    "Recipe": "recipe",
    "ReproduceOptions": "jobs.table_options",
    "Source": "preparation.inputs",
    "SplitOptions": "preparation.split",
    "TrainOptions": "jobs.train",
    "TuneOptions": "jobs.tune",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'toomre' has no attribute {name!r}")
    return getattr(import_module(f"toomre.{_PLACES.get(name, f'jobs.{name}')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
