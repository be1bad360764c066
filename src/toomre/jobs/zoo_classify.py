"""``toomre zoo classify``: the 37 vote fractions of images, as a catalogue and for Kaggle."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pandas as pd

from toomre.errors import ArgumentError
from toomre.inference.store import Model, open_model
from toomre.jobs.classified import ClassifiedCatalog
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.jobs.classify_opened import open_classification
from toomre.jobs.zoo_mergers import MERGER_FILES, write_mergers
from toomre.output import output_folder, refuse_existing
from toomre.preparation.catalog import refuse_duplicates
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import Source, stem_of
from toomre.storage import atomic_path
from toomre.surveys.vote_tree import ANSWERS

__all__ = ["submission", "zoo_classify"]

_GUESSED = Columns()
_DEFAULTS = ClassifyOptions()
_ID = re.compile(r"\d+")
# As many digits as the challenge's own tables have.
_DIGITS = "%.6f"


def zoo_classify(
    source: Source | Path | str,
    model: Model | Path | str,
    out: Path | str | None = None,
    catalog: Path | str | None = None,
    *,
    submit: Path | str | None = None,
    figures: Path | str | None = None,
    columns: Columns = _GUESSED,
    options: ClassifyOptions = _DEFAULTS,
    progress: Callable[[int, int], None] | None = None,
) -> ClassifiedCatalog:
    """Predict the votes of images; every input has one row, and one that is bad says why.

    Parameters
    ----------
    source, catalog, columns, options, progress
        As for `toomre.classify`. The threshold is one of the merger votes.
    model
        A model of vote fractions: a run, a folder or a name.
    out
        The catalogue, ``.parquet`` or ``.csv``: position, the 37 fractions, `is_merger`, status,
        flags, reason and model. None keeps it in memory.
    submit
        A table for Kaggle's Galaxy Zoo challenge to write as well, see `submission`.
    figures
        A folder to make, with random images of what is called a merger, see
        `toomre.jobs.zoo_mergers`.

    Raises
    ------
    ArgumentError
        Before any work: if the model predicts no votes, `toomre.classify` refuses the input, or
        there is a table to submit and an image's name is no id of the challenge, or two have the
        same id.
    OutputExistsError
        If a file is there already.
    """
    opened = model if isinstance(model, Model) else open_model(model)
    if opened.card.architecture.answers != ANSWERS:
        raise ArgumentError(
            f"The model {opened.card.name} predicts no vote fractions. Use `toomre classify`, or "
            "take a model that was trained on votes."
        )
    if submit is not None:
        refuse_existing(submit, overwrite=options.overwrite)
    source = source if isinstance(source, Source) else Source(Path(source))
    given = None
    if submit is not None or figures is not None:
        path = None if out is None else Path(out)
        given = open_classification(source, opened, (catalog, columns), options, path)
    if submit is not None and given is not None:  # before an hour of work, not after it
        _galaxy_ids(given.inputs.rows(0, given.inputs.total).names)
    with _new(figures, overwrite=options.overwrite) as folder:
        done = classify(
            source, opened, out, catalog, columns=columns, options=options, progress=progress
        )
        if folder is not None and given is not None:
            write_mergers(folder, done.table, given)
    if submit is not None:
        Path(submit).parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(Path(submit)) as temporary:
            table = submission(done.table)
            table.to_csv(temporary, index=False, float_format=_DIGITS, lineterminator="\n")
    return done


def _new(figures: Path | str | None, *, overwrite: bool) -> AbstractContextManager[Path | None]:
    """Give the folder of the figures, which is checked before there is anything to draw."""
    if figures is None:
        return nullcontext()
    return output_folder(Path(figures), MERGER_FILES, overwrite=overwrite)


def submission(catalog: pd.DataFrame) -> pd.DataFrame:
    """Return the table that Kaggle's challenge takes: `GalaxyID` and 37 columns, by the id.

    The id is the name of the image's file without its ending. A bad image has no fractions
    there; the challenge wants some, so decide what to put.

    Parameters
    ----------
    catalog
        With `image_id` and the 37 columns.

    Raises
    ------
    ArgumentError
        If a name is no number, or two images have the same.

    Examples
    --------
    >>> names = pd.DataFrame({"image_id": ["b/100023.jpg", "100008.jpg"]})
    >>> table = submission(names.assign(**dict.fromkeys(ANSWERS, 0.5)))
    >>> table.columns[:2].tolist(), table["GalaxyID"].tolist()
    (['GalaxyID', 'Class1.1'], [100008, 100023])
    """
    table = catalog[list(ANSWERS)].astype("float64").reset_index(drop=True)
    table.insert(0, "GalaxyID", _galaxy_ids(catalog["image_id"].tolist()))
    return table.sort_values("GalaxyID", ignore_index=True)


def _galaxy_ids(names: Sequence[str]) -> list[int]:
    """Return the ids of the challenge that the images' names mean, each once."""
    texts = [stem_of(name.rpartition("/")[2]) for name in names]
    wrong = [text for text in texts if not _ID.fullmatch(text)]
    if wrong:
        raise ArgumentError.expected(
            "the names of the images",
            "ids of the challenge, such as 100008.jpg",
            wrong[0],
            "Rename the files, or leave the table for Kaggle out (--submit).",
        )
    ids = [int(text) for text in texts]
    refuse_duplicates("id of a galaxy", [str(each) for each in ids], "in the input")
    return ids
