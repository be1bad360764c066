"""The merger fraction of a catalogue, from the files to the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.conformal import conformal as conformal_command
from toomre.cli.fraction import fraction as fraction_command
from toomre.errors import ArgumentError, CorruptFileError, MissingFileError, OutputExistsError
from toomre.evaluation.validation_scores import VALIDATION_FILE, ValidationScores
from toomre.inference.catalog import SCHEMA, open_catalog
from toomre.inference.catalog_reading import read_catalog, read_provenance
from toomre.inference.store import open_model
from toomre.jobs.classify import ClassifyOptions
from toomre.jobs.conformal import conformal
from toomre.jobs.fraction import FractionBins, fraction
from toomre.jobs.zoo_classify import zoo_classify
from toomre.preparation.prepared import PreparedSet
from toomre.storage import read_json, write_json

app = typer.Typer()
app.command("fraction")(fraction_command)
app.command("conformal")(conformal_command)


def draw(label, rng):
    return 1 / (1 + np.exp(-(1.8 * (1.8 * (label - 0.5) + rng.normal(size=len(label))))))


@pytest.fixture
def model(make_model, rng):
    folder = make_model("finder")
    label = np.arange(1000) % 2
    ValidationScores.of(label, draw(label, rng)).write(folder / VALIDATION_FILE)
    return folder


@pytest.fixture
def catalog(model, tmp_path, rng):
    """2,000 galaxies, 10 % of them mergers, and one without a score."""
    truth = (np.arange(2000) % 10 == 0).astype(int)
    p = np.r_[draw(truth, rng), np.nan]
    rows = {
        "image_id": [f"g{i}" for i in range(len(p))],
        **dict.fromkeys(("ra", "dec", "p_merger_raw", "p_merger_std"), np.zeros(len(p))),
        "p_merger": p,
        "is_merger": pa.array(p >= 0.5, mask=np.isnan(p)),
        "status": ["ok"] * len(p),
        "flags": np.zeros(len(p), np.int64),
        "reason": [""] * len(p),
        "model_id": ["m"] * len(p),
    }
    path = tmp_path / "mergers.parquet"
    card = open_model(model).card
    with open_catalog(path) as writer:
        writer.write(pa.table(rows, schema=SCHEMA))
        writer.finish({"model_id": card.model_id, "counts": {"threshold": 0.5}})
    return path


def test_the_corrected_fractions_hold_the_truth_and_the_count_does_not(catalog, model, tmp_path):
    found = fraction(catalog, tmp_path / "out", run=model)
    table = found.table.set_index("method")
    assert table["galaxies"].tolist() == [2000] * 4
    for method in ("adjusted", "expectation_maximisation"):
        assert table.loc[method, "lower"] < 0.1 < table.loc[method, "upper"]
    assert table.loc["count", "lower"] > 0.15
    assert found.notes == ("1 of 2001 rows have no score and are left out.",)
    names = {path.name for path in found.folder.iterdir()}
    assert names == {"fraction.csv", "fraction.png", "selection.png", "fraction.json"}
    record = read_json(found.folder / "fraction.json")
    assert record["validation"]["images"] == 1000
    assert set(record["assumptions"]) == set(table.index)
    again = fraction(catalog, tmp_path / "again", run=model)
    pd.testing.assert_frame_equal(again.table, found.table)
    with pytest.raises(OutputExistsError):
        fraction(catalog, tmp_path / "out", run=model)


def test_bins_come_from_the_users_table(catalog, model, tmp_path):
    ids = read_catalog(catalog)["image_id"]
    table = pd.DataFrame({"id": ids[::-1], "log_mass": np.linspace(11, 9, len(ids))})
    table.to_csv(tmp_path / "table.csv", index=False)
    bins = FractionBins("log_mass", (9.0, 10.0, 11.0), tmp_path / "table.csv")
    found = fraction(catalog, tmp_path / "out", run=model, bins=bins)
    counted = found.bins[found.bins["method"] == "count"]
    p = read_catalog(catalog)["p_merger"].to_numpy()[:-1]
    assert counted["galaxies"].tolist() == [1000, 1000]
    assert counted["fraction"].iloc[0] == pytest.approx(np.mean(p[:1000] >= 0.5))
    assert (found.folder / "bins.png").is_file()
    with pytest.raises(ArgumentError, match="`column` to be a column of the table"):
        fraction(catalog, tmp_path / "no", run=model, bins=FractionBins("mass"))
    with pytest.raises(ArgumentError, match="No row of the catalogue has a number"):
        table.assign(id="x" + table["id"]).to_csv(tmp_path / "other.csv", index=False)
        wrong = FractionBins("log_mass", table=tmp_path / "other.csv")
        fraction(catalog, tmp_path / "no", run=model, bins=wrong)


def test_without_scores_it_counts_and_says_so(catalog, model, tmp_path):
    found = fraction(catalog, tmp_path / "out")
    assert found.table["method"].tolist() == ["count", "votes"]
    assert found.notes[0].startswith("Nothing is corrected: name the model's run (--run)")
    (model / VALIDATION_FILE).unlink()
    with pytest.raises(MissingFileError, match=r"keeps no validation_scores.parquet.*--validation"):
        fraction(catalog, tmp_path / "no", run=model)


@pytest.fixture
def votes(vote_run, vote_set, tmp_path):
    """A catalogue of vote fractions, and the predictions of its labelled images."""
    path = tmp_path / "votes.parquet"
    table = zoo_classify(vote_set, vote_run, path, options=ClassifyOptions(device="cpu")).table
    known = PreparedSet.open(vote_set).catalog
    table = table[table["status"] != "bad"]
    truth = known.set_index("image_id")["Class8.6"][table["image_id"]].to_numpy() >= 0.3
    given = table[["image_id", "Class8.6"]].assign(label=truth.astype(int))
    given.to_parquet(tmp_path / "predictions.parquet")
    return path, given


def test_a_model_of_votes_says_what_is_possible_and_it_is(votes, vote_run, tmp_path):
    """Both ways that the error names work; the adjusted count is Gart and Buck's by hand."""
    catalog, given = votes
    words = r"Leave --run out .*\(--validation\): .* label and Class8\.6.*toomre zoo evaluate"
    with pytest.raises(MissingFileError, match=words):
        fraction(catalog, tmp_path / "no", run=vote_run)
    counted = fraction(catalog, tmp_path / "counted")
    assert counted.table["method"].tolist() == ["count", "votes"]
    assert "--run" not in counted.notes[0]
    assert "toomre zoo evaluate" in counted.notes[0]
    file = tmp_path / "predictions.parquet"
    found = fraction(catalog, tmp_path / "corrected", validation=file).table
    said, merger = given["Class8.6"] >= 0.3, given["label"] == 1
    tpr, fpr = said[merger].mean(), said[~merger].mean()
    wanted = np.clip((said.mean() - fpr) / (tpr - fpr), 0, 1)
    assert found.set_index("method").loc["adjusted", "fraction"] == pytest.approx(wanted)
    given.rename(columns={"Class8.6": "p_merger"}).to_parquet(file)
    with pytest.raises(CorruptFileError, match=r"label and Class8\.6, as `toomre zoo evaluate`"):
        fraction(catalog, tmp_path / "no", validation=file)


def test_a_file_of_scores_goes_before_the_runs(catalog, model, tmp_path, rng):
    label = np.arange(300) % 2
    ValidationScores.of(label, draw(label, rng)).write(tmp_path / "scores.parquet")
    found = fraction(catalog, tmp_path / "out", run=model, validation=tmp_path / "scores.parquet")
    assert read_json(found.folder / "fraction.json")["validation"]["images"] == 300


def test_another_models_run_is_refused(catalog, make_model, tmp_path):
    other = make_model("other")
    with pytest.raises(ArgumentError, match="the model that classified the catalogue, finder@"):
        fraction(catalog, tmp_path / "out", run=other)


def test_an_adapted_models_rates_come_with_a_warning(catalog, model, tmp_path):
    card = read_json(model / "model.json")
    card["training"]["target"] = {
        "data": "sky",
        "part": "train",
        "images": 9,
        "images_sha256": "0",
        "rows_sha256": "0",
    }
    write_json(model / "model.json", card)
    (model / "source").mkdir()
    (model / VALIDATION_FILE).rename(model / "source" / VALIDATION_FILE)
    found = fraction(catalog, tmp_path / "out", run=model)
    assert found.notes[0].startswith("The model was adapted to another domain")


def test_the_command_prints_each_number_with_its_assumption(catalog, model, tmp_path):
    arguments = ["fraction", str(catalog), "--out", str(tmp_path / "out"), "--run", str(model)]
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "400"})
    assert done.exit_code == 0, done.output
    assert "expectation maximisation" in done.output
    assert "false alarms and missed mergers cancel" in done.output
    wrong = CliRunner().invoke(app, [*arguments, "--bins", "ra", "--edges", "low,high"])
    assert wrong.exit_code != 0


def test_conformal_adds_the_sets_to_the_catalogue(catalog, model, tmp_path):
    found = conformal(catalog, tmp_path / "sets.fits", run=model, coverage=0.8)
    table = read_catalog(tmp_path / "sets.fits")
    assert table["conformal_set"].tolist() == found.table["conformal_set"].tolist()
    assert table["conformal_set"].iloc[-1] == ""
    assert sum(found.counts.values()) == 2000
    sure = table[table["conformal_set"] == "merger"]["p_merger"]
    assert sure.min() > table[table["conformal_set"] == "nonmerger"]["p_merger"].max()
    assert read_provenance(tmp_path / "sets.fits")["conformal"]["coverage"] == 0.8
    with pytest.raises(ArgumentError, match="need scores of labelled images"):
        conformal(catalog, tmp_path / "no.csv")
    with pytest.raises(ArgumentError, match="another file than the catalogue"):
        conformal(catalog, catalog, run=model)
    with pytest.raises(OutputExistsError):
        conformal(catalog, tmp_path / "sets.fits", run=model)
    arguments = ["conformal", str(catalog), "--out", str(tmp_path / "c.csv"), "--run", str(model)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "nonmerger" in done.output
