"""Galaxy Zoo 2's votes: as downloaded, cumulative, with exact ids and in bounded memory."""

from __future__ import annotations

import gzip
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError, MissingFileError
from toomre.preparation import vote_table
from toomre.preparation.catalog import read_table
from toomre.preparation.vote_table import (
    MAPPING,
    cumulative_votes,
    load_gz2,
    refuse_some_votes,
)
from toomre.surveys.vote_tree import ANSWERS, GZ2_COLUMNS

FIRST = 587722981736120347  # not exact as a double


def gz2_table(folder, rng, count=6, **changes):
    """Write tables of Galaxy Zoo 2's schema: the votes, and the names of the images."""
    ids = [FIRST + i for i in range(count)]
    kinds = ("count", "weight", "fraction", "weighted_fraction", "debiased", "flag")
    votes = {f"{name}_{kind}": rng.random(count).round(3) for name in GZ2_COLUMNS for kind in kinds}
    sky = {"ra": np.linspace(10, 20, count), "dec": 0.5, "rastring": "x", "decstring": "y"}
    table = pd.DataFrame({"dr7objid": ids, **sky, "gz2_class": "Sb2m", **votes})
    table.assign(**changes).to_csv(folder / "gz2_hart16.csv", index=False)
    names = {"objid": [*ids[::-1], ids[0]], "asset_id": [*range(count), 77]}
    sample = ["original"] * count + ["extra"]
    pd.DataFrame({**names, "sample": sample}).to_csv(folder / MAPPING, index=False)
    return table


def test_the_table_as_downloaded(tmp_path, rng):
    given = gz2_table(tmp_path, rng)
    table = read_table(tmp_path / "gz2_hart16.csv")
    assert table["image_id"].tolist() == ["5", "4", "3", "2", "1", "0"]
    assert table["galaxy_id"].tolist() == [str(FIRST + i) for i in range(6)]
    assert table["ra"].tolist() == given["ra"].tolist()
    assert not any(name.startswith("t01") for name in table)
    weighted = given[[f"{name}_weighted_fraction" for name in GZ2_COLUMNS]]
    np.testing.assert_allclose(table[list(ANSWERS)], cumulative_votes(weighted), rtol=1e-12)


def test_a_gzipped_table_and_galaxies_without_an_image(tmp_path, rng):
    gz2_table(tmp_path, rng)
    mapping = pd.read_csv(tmp_path / MAPPING, dtype=str).iloc[:4]
    mapping.to_csv(tmp_path / MAPPING, index=False)
    content = (tmp_path / "gz2_hart16.csv").read_bytes()
    (tmp_path / "gz2_hart16.csv.gz").write_bytes(gzip.compress(content))
    with pytest.warns(UserWarning, match="2 of the 6 galaxies of .* have no image"):
        table = read_table(tmp_path / "gz2_hart16.csv.gz")
    assert table["image_id"].tolist() == ["3", "2", "1", "0"]


def test_ids_that_were_rounded_are_refused(tmp_path, rng):
    gz2_table(tmp_path, rng, dr7objid=[f"{FIRST + i:.8e}" for i in range(6)])
    with pytest.raises(ArgumentError, match=r"object ids .* but got '5.87722982e\+17'"):
        read_table(tmp_path / "gz2_hart16.csv")


def test_without_the_names_of_the_images(tmp_path, rng):
    gz2_table(tmp_path, rng)
    (tmp_path / MAPPING).unlink()
    with pytest.raises(MissingFileError, match=f"no {MAPPING} beside it"):
        read_table(tmp_path / "gz2_hart16.csv")


def test_only_a_few_rows_are_in_memory_with_all_their_columns(tmp_path, rng, monkeypatch):
    """What the reading needs at most is little more than what is kept."""
    monkeypatch.setattr(vote_table, "_ROWS", 100)
    gz2_table(tmp_path, rng, 2000)
    tracemalloc.start()
    table = load_gz2(tmp_path / "gz2_hart16.csv").values
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(table) == 2000
    assert peak < 4 * table.memory_usage(deep=True).sum()


def test_labels_of_the_challenge(tmp_path):
    votes = cumulative_votes(np.full((3, 37), 0.5))
    table = pd.DataFrame(votes, columns=ANSWERS).assign(GalaxyID=[100008, 100023, 100053])
    table.to_csv(tmp_path / "training_solutions_rev1.csv", index=False)
    read = read_table(tmp_path / "training_solutions_rev1.csv")
    assert read["image_id"].tolist() == ["100008", "100023", "100053"]
    np.testing.assert_allclose(read[list(ANSWERS)], votes)
    table.assign(**{"Class7.2": 1.2}).to_csv(tmp_path / "wrong.csv", index=False)
    with pytest.raises(ArgumentError, match=r"Class7\.2 .* vote fractions from 0 to 1, but got"):
        read_table(tmp_path / "wrong.csv")


def test_some_of_the_columns_are_refused_by_name():
    weighted = [f"{name}_weighted_fraction" for name in GZ2_COLUMNS]
    for whole in (ANSWERS, weighted):
        names = ["objid", *whole]
        refuse_some_votes(names, "t.csv")
        refuse_some_votes(["objid"], "t.csv")
        for missing in whole:
            some = [name for name in names if name != missing]
            with pytest.raises(ArgumentError, match=rf"t\.csv` .* '36 without {missing}'\."):
                refuse_some_votes(some, "t.csv")
    with pytest.raises(ArgumentError, match=r"'2 without Class1\.2, .*Class5\.2 and 25 more'"):
        refuse_some_votes(["Class1.1", "Class8.6"], "t.csv")


def test_a_question_that_nobody_answered_has_zeros():
    given = np.full((1, 37), 0.5)
    given[0, 18:25] = 0
    votes = cumulative_votes(given)
    assert (votes[0, 18:25] == 0).all()
    assert np.isfinite(votes).all()
    with pytest.raises(ArgumentError, match=r"of shape \(galaxy, 37\), but got \(2, 3\)"):
        cumulative_votes(np.zeros((2, 3)))


def test_the_labels_of_real_galaxies(shared_data):
    folder = shared_data / "gz2_37"
    own = read_table(folder / "gz2_votes_full.csv").set_index("image_id")
    known = read_table(folder / "labels37_kaggle_format_weighted.csv").set_index("image_id")
    assert len(own) == 385
    assert own.loc["52897", "galaxy_id"] == "587732154179452963"
    columns = list(ANSWERS)
    np.testing.assert_allclose(own.loc[known.index, columns], known[columns], atol=1e-6)
