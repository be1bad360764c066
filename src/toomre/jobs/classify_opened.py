"""What a classification begins with: its models and its inputs, opened and checked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch

from toomre.build import choose_device
from toomre.errors import ArgumentError
from toomre.images.flags import Flag
from toomre.inference.catalog import SCHEMA, VOTE_FORMATS, VOTE_SCHEMA, with_extra
from toomre.inference.catalog_hats import HATS
from toomre.inference.checks import check_stated
from toomre.inference.ensemble import Ensemble, ensemble_card
from toomre.inference.manifest import RUN_FACTS
from toomre.inference.predictor import Predictor
from toomre.inference.readings import Wish
from toomre.inference.runtimes.tables import PACKAGES
from toomre.inference.store import DEFAULT_MODEL, Model, open_model
from toomre.jobs.classify_inputs import Inputs, open_inputs
from toomre.jobs.classify_options import ClassifyOptions
from toomre.jobs.classify_plan import SHARD_ROWS, job_key
from toomre.jobs.classify_shard import Scoring, ShardJob, cards_sha256
from toomre.jobs.provenance import environment, recorded_mosaics
from toomre.mosaics.patterns import MosaicSource
from toomre.networks.card import ModelCard
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import Source, escape_name

__all__ = ["Named", "Opened", "open_classification"]

_STATED = (
    "bands",
    "pixel_scale",
    "encoding",
    "threshold",
    "batch_size",
    "runtime",
    "precision",
    "allow_domain",
)

#: What may be given for the model.
Named = Model | Path | str


@dataclass(frozen=True, eq=False)
class Opened:
    """Models and inputs of a classification.

    Attributes
    ----------
    models
        One, or several whose probabilities are averaged.
    wish
        What they want; its card is that of all together.
    inputs
        What is read.
    source, catalog
        As they were given.
    options
        As given.
    device
        Where to compute.
    packages
        The optional packages that are in use.
    """

    models: list[Model]
    wish: Wish
    inputs: Inputs
    source: Source | MosaicSource
    catalog: Path | str | None
    options: ClassifyOptions
    device: torch.device
    packages: tuple[str, ...] = ()

    @property
    def card(self) -> ModelCard:
        """That of the model, or of all together."""
        return self.wish.card

    @property
    def threshold(self) -> float:
        """The score from which a galaxy is a merger."""
        given = self.options.threshold
        return self.card.threshold if given is None else given

    @property
    def schema(self) -> pa.Schema:
        """The columns of the catalogue."""
        schema = VOTE_SCHEMA if self.card.architecture.answers else SCHEMA
        return with_extra(schema, ["p_spread"] if len(self.models) > 1 else [])

    def predictor(self) -> Predictor | Ensemble:
        """Make what scores images."""
        return self._scoring.predictor(self.models)

    def job(self, folder: Path) -> ShardJob:
        """Return what all shards have in common; their files are in a folder."""
        options = self.options
        folders = [model.folder for model in self.models if model.folder is not None]
        return ShardJob(
            folder=folder.absolute(),
            key=self._key,
            run=secrets.token_hex(8),
            models=tuple(folders) if len(folders) == len(self.models) else (),
            cards=self._cards,
            facts=options.facts,
            allow_domain=options.allow_domain,
            threshold=self.threshold,
            chunk_size=options.chunk_size,
            scoring=self._scoring,
            provenance=json.dumps(self.provenance),
        )

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Where the catalogue comes from, but for what differs from run to run."""
        facts = {
            **self._made,
            "model_id": self.card.model_id,
            "weights_sha256": self.card.weights_sha256,
            "split_sha256": self.card.training.split_sha256,
            "input": escape_name(str(getattr(self.source, "path", self.source))),
            "catalog": None if self.catalog is None else escape_name(str(self.catalog)),
            **self._stated,
            "job_sha256": self._key,
            "flag_bits": {str(flag.name).lower(): flag.value for flag in Flag},
        }
        if len(self.models) > 1:
            facts["members"] = [model.card.model_id for model in self.models]
        return facts

    @property
    def _scoring(self) -> Scoring:
        options = self.options
        return Scoring(str(self.device), options.batch_size, options.runtime, options.precision)

    @cached_property
    def _cards(self) -> str:
        return cards_sha256(self.models)

    @cached_property
    def _stated(self) -> dict[str, Any]:
        """What the user states, as far as it may change a score."""
        options = {name: getattr(self.options, name) for name in _STATED}
        stamps = self.source.options if isinstance(self.source, MosaicSource) else None
        return {
            "options": {**options, "device": self.device.type},
            "stamps": None if stamps is None else asdict(stamps),
            "skipped_mosaics": recorded_mosaics(self.inputs.skipped),
        }

    @cached_property
    def _key(self) -> str:
        """The hash of all that decides the scores but for the inputs."""
        facts = {"cards": self._cards, "threshold": self.threshold, "shard": SHARD_ROWS}
        return job_key({**self._made, **facts, **self._stated})

    @cached_property
    def _made(self) -> dict[str, Any]:
        """The versions of all that makes the catalogue."""
        found = environment(self.packages)
        return {name: value for name, value in found.items() if name not in RUN_FACTS}


def open_classification(
    source: Source | MosaicSource,
    model: Named | Sequence[Named] | None,
    given: tuple[Path | str | None, Columns],
    options: ClassifyOptions,
    out: Path | None,
    *,
    sums: bool = True,
) -> Opened:
    """Open and check all that is given; see `toomre.classify`, and `open_inputs` for `sums`."""
    models = _open_models(model)
    card = models[0].card if len(models) == 1 else ensemble_card([each.card for each in models])
    if card.architecture.answers and out is not None and out.suffix not in VOTE_FORMATS:
        raise ArgumentError.expected("out", f"{' or '.join(VOTE_FORMATS)} for votes", out.name)
    wish = Wish(card, options.facts, options.allow_domain)
    check_stated(card, options.facts, allow_domain=options.allow_domain)
    catalog, columns = given
    # Labels, galaxies and redshifts are not needed, so whatever stands there is no matter.
    columns = replace(columns, label="", galaxy_id="", redshift="")
    inputs = open_inputs(source, (catalog, columns), wish, out, sums=sums)
    device = choose_device(options.device)
    packages = _packages(source, options, out)
    return Opened(models, wish, inputs, source, catalog, options, device, packages)


def _packages(
    source: Source | MosaicSource, options: ClassifyOptions, out: Path | None
) -> tuple[str, ...]:
    """Return the optional packages that have a say in what the catalogue holds."""
    mosaics = ("reproject",) if isinstance(source, MosaicSource) else ()
    hats = ("hats",) if out is not None and out.suffix == HATS else ()
    return (*PACKAGES.get(options.runtime, ()), *mosaics, *hats)


def _open_models(model: Named | Sequence[Named] | None) -> list[Model]:
    """Return the models that were named, opened."""
    if model is None or isinstance(model, Model | Path | str):
        named: Sequence[Named] = [model or DEFAULT_MODEL]
    else:
        named = model or [DEFAULT_MODEL]
    return [each if isinstance(each, Model) else open_model(each) for each in named]
