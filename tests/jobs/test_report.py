"""``toomre.report``: what runs hold comes onto one page, with nothing scored anew."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats
from sklearn.metrics import roc_auc_score

import toomre
from toomre.errors import ArgumentError, CorruptFileError, MissingFileError, OutputExistsError
from toomre.evaluation.bootstrap import Interval
from toomre.evaluation.report import evaluate_scores
from toomre.jobs.evaluate import evaluate
from toomre.jobs.report import report
from toomre.jobs.report_folders import sort_folders
from toomre.jobs.report_judgement import Judgement
from toomre.jobs.report_runs import group_runs, read_runs
from toomre.jobs.report_tables import _printed_one, names_only, published, summary
from toomre.jobs.report_warnings import corner_auc, run_warnings
from toomre.preparation.prepared import PreparedSet
from toomre.recipe import Recipe
from toomre.reproduction.table import read_table
from toomre.storage import read_json, write_json

TINY = """
name = "tiny"
input.size = 17
backbone.name = "deepmerge2"
head.name = "deepmerge2"
training = { epochs = 1, batch_size = 12 }
[[loss]]
name = "cross_entropy"
"""


@pytest.fixture(scope="module")
def run(tiny_set, tmp_path_factory):
    """A run that was trained for a moment, and evaluated."""
    folder = tmp_path_factory.mktemp("runs") / "seed-0"
    options = toomre.TrainOptions(device="cpu")
    done = toomre.train(Recipe.parse(TINY), tiny_set, folder, options=options)
    evaluate(done, device="cpu", figures=False)
    return folder


def judged(folder, scores, model_id, part="test"):
    """Write an evaluation of made-up scores."""
    folder.mkdir(exist_ok=True)
    found = evaluate_scores(
        scores, threshold=0.5, rng=np.random.default_rng(3), part=part, model_id=model_id
    )
    scores.to_parquet(folder / "scores.parquet", index=False)
    write_json(folder / "metrics.json", found.to_dict())


def changed(run, folder, *, wrong=0.0, name="tiny", seed=1, target=False):
    """Copy a run as if it were another training that is wrong for a fraction of the images."""
    shutil.copytree(run, folder)
    recipe = Recipe.read(folder / "recipe.toml").replaced(seed=seed, name=name)
    recipe.write(folder / "recipe.toml")
    card = read_json(folder / "model.json")
    number = f"{sum(map(ord, str(folder.name) + name)) * 7919 + seed:x}"
    card |= {"name": name, "weights_sha256": number.rjust(64, "0")}
    card["weights_sha256"] = card["weights_sha256"][::-1]
    if target:
        card["training"]["target"] = {
            "data": "there", "part": "train", "images": 9, "images_sha256": "a", "rows_sha256": "b"
        }  # fmt: skip
    write_json(folder / "model.json", card)
    if target:
        facts = read_json(folder / "environment.json")
        write_json(folder / "environment.json", {**facts, "target_images_sha256": "a"})
    scores = pd.read_parquet(folder / "scores.parquet")
    rng = np.random.default_rng(seed)
    right = rng.permutation(len(scores)) >= wrong * len(scores)
    truth = scores["label"].to_numpy(float)
    p = np.where(right, truth, 1 - truth) * 0.8 + rng.uniform(0, 0.19, len(scores))
    scores = scores.assign(p_merger=p, p_merger_raw=p)
    judged(
        folder, scores, f"{name}@{card['weights_sha256'][:12]}", "source test" if target else "test"
    )
    return folder


@pytest.fixture(scope="module")
def done(run, tmp_path_factory):
    place = tmp_path_factory.mktemp("report")
    other = changed(run, place / "seed-1", wrong=0.1)
    (place / "audit").mkdir()
    found = {"passed": False, "exact_pairs": 2, "near_pairs": 1, "images": 120}
    write_json(place / "audit" / "audit.json", found)
    return report([run, other], place / "page", also=[place / "audit"])


def test_the_page_is_complete_by_itself_and_every_figure_is_a_png_and_a_pdf(done):
    page = done.page.read_text()
    sources = [part.split('"')[0] for part in page.split('src="')[1:]]
    assert len(sources) == len(done.figures) > 10
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "http" not in page.replace("http-equiv", "")
    for png in done.figures:
        with Image.open(png) as picture:
            assert min(picture.size) > 100
        assert png.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    assert {path.name for path in done.folder.iterdir()} == {
        "figures",
        "report.html",
        "report.json",
    }


def test_no_path_of_the_machine_is_on_the_page(done, run, tiny_set):
    for text in (done.page.read_text(), (done.folder / "report.json").read_text()):
        for path in (run, tiny_set, done.folder):
            assert str(path.parent) not in text


def test_numbers_are_those_of_the_scores_and_the_mean_over_seeds_is_students(done, run):
    rows = read_json(done.folder / "report.json")["summary"]
    values = []
    for row, folder in zip(rows[1:3], (run, done.folder.parent / "seed-1"), strict=True):
        scores = pd.read_parquet(folder / "scores.parquet")
        values.append(roc_auc_score(scores["label"].astype(int), scores["p_merger"]))
        assert row[0].startswith(folder.name)
        assert row[3].startswith(f"{values[-1]:.3f} (")
    low, high = stats.t.interval(0.95, 1, np.mean(values), stats.sem(values))
    wanted = Interval(np.mean(values), max(low, 0), min(high, 1))
    assert rows[0][:4] == ["tiny, mean of 2 seeds", "source", "", str(wanted)]


def test_a_failed_audit_is_a_warning(done):
    assert done.warnings[0].startswith("Leak audit: the parts share galaxies or images: 2 exact")
    assert "Leak audit FAILED" in done.page.read_text()


def test_a_second_report_is_refused_unless_it_may_overwrite(done, run):
    with pytest.raises(OutputExistsError):
        report([run], done.folder)


def groups_of(*folders, also=()):
    return group_runs(read_runs(folders, also))


def test_recipes_and_targets_are_told_apart_seeds_are_not(run, tmp_path):
    one = changed(run, tmp_path / "a", seed=1)
    other = changed(run, tmp_path / "b", seed=2, name="other")
    adapted = changed(run, tmp_path / "c", seed=3, target=True)
    groups = groups_of(run, one, other, adapted)
    assert [len(group.runs) for group in groups] == [2, 1, 1]
    assert [group.name for group in groups] == ["tiny (seed-0)", "other", "tiny (c)"]


def test_another_evaluation_is_the_target_of_the_run_whose_model_it_names(run, tmp_path):
    one = changed(run, tmp_path / "a")
    scores = pd.read_parquet(one / "scores.parquet")
    judged(tmp_path / "noisy", scores, read_json(one / "metrics.json")["model_id"])
    first, second = read_runs([run, one], [tmp_path / "noisy"])
    assert list(first.domains) == ["source"]
    assert second.domains["target"].folder == tmp_path / "noisy"
    assert second.domains["source"].data is not None
    with pytest.raises(ArgumentError, match="evaluations of the runs' models"):
        read_runs([run], [tmp_path / "noisy"])


def test_images_that_changed_since_are_not_shown(run, tmp_path):
    folder = changed(run, tmp_path / "a")
    facts = read_json(folder / "environment.json")
    write_json(folder / "environment.json", {**facts, "dataset_sha256": "0" * 64})
    assert read_runs([folder], [])[0].domains["source"].data is None


def test_negative_transfer_collapse_and_calibration_are_warned_of(run, tmp_path):
    plain = changed(run, tmp_path / "plain", wrong=0.0)
    harmed = changed(run, tmp_path / "harmed", wrong=0.25, name="adapted", target=True)
    texts = run_warnings(groups_of(plain, harmed))
    assert any("adapted: negative transfer: the adaptation costs 25.0 points" in t for t in texts)
    assert not any("negative" in text for text in run_warnings(groups_of(plain)))
    scores = pd.read_parquet(plain / "scores.parquet").assign(p_merger=0.9, p_merger_raw=0.9)
    judged(plain, scores, read_json(plain / "metrics.json")["model_id"])
    texts = run_warnings(groups_of(plain))
    assert any("collapse: 100% of the images are called mergers" in text for text in texts)
    assert any("calibrat" in text for text in texts)


@pytest.mark.parametrize(("noise", "told"), [(0.0, False), (1.0, True)])
def test_noise_that_differs_by_class_is_found_in_the_corners(tiny_set, tmp_path, noise, told):
    data = PreparedSet.open(tiny_set)
    rng = np.random.default_rng(1)
    label = data.catalog["label"].to_numpy(int)
    images = rng.normal(0, 1, data.images.shape) * (1 + noise * label[:, None, None, None])
    scores = data.catalog[["image_id", "label"]].assign(group=data.catalog["galaxy_id"])
    made = PreparedSet(data.folder, data.info, data.catalog, images.astype(np.float32), data.split)
    one = Judgement(tmp_path, {}, scores.assign(p_merger=0.5), made)
    found = corner_auc(one)
    assert (found.lower > 0.95) if told else (found.lower < 0.55)


def test_light_without_noise_is_no_shortcut(tiny_set, tmp_path):
    data = PreparedSet.open(tiny_set)
    label = data.catalog["label"].to_numpy(float)[:, None, None, None]
    slope = np.arange(data.images.shape[-1]) * (1 + label) + np.zeros(data.images.shape)
    made = PreparedSet(data.folder, data.info, data.catalog, slope.astype(np.float32), data.split)
    scores = data.catalog[["image_id", "label"]].assign(group=data.catalog["galaxy_id"])
    assert corner_auc(Judgement(tmp_path, {}, scores.assign(p_merger=0.5), made)) is None


def test_published_numbers_stand_beside_ours(run, tmp_path):
    folder = changed(run, tmp_path / "a", name="deepmerge1-pristine", wrong=0.2)
    tables = [block for block in published(groups_of(folder)) if hasattr(block, "rows")]
    (table,) = [each for each in tables if each.caption.startswith("T1:")]
    printed, ours = table.rows
    assert printed[:4] == ("trained on pristine", "pristine", "published", "0.86 ± 0.01")
    scores = pd.read_parquet(folder / "scores.parquet")
    accuracy = ((scores["p_merger_raw"] >= 0.5) == (scores["label"] == 1)).mean()
    assert ours[4].startswith(f"{accuracy:.3f} (")
    assert published(groups_of(run)) == []


def test_our_recipe_stands_beside_its_published_row():
    table = read_table("t3")
    (row,) = [each for each in table.row if each.name == "DeepMerge: MMD (our recipe)"]
    (twin,) = [each for each in table.row if each.name == "DeepMerge: MMD"]
    for test, numbers in row.tests.items():
        assert _printed_one(table, row, test, numbers) == twin.tests[test]
        assert _printed_one(table, twin, test, twin.tests[test]) == twin.tests[test]


def test_a_forest_has_rows_of_its_own(run, tmp_path):
    forest = tmp_path / "forest"
    shutil.copytree(run, forest)
    write_json(forest / "forest.json", {})
    found = sort_folders([forest])
    assert (found.forests, found.evaluations) == ([forest], [])
    table = summary(groups_of(run), {"forest": {"source": Judgement.read(forest)}})
    assert "forest" in [row[0] for row in table.rows]


def test_results_bring_their_figures_and_numbers(run, tmp_path):
    made = tmp_path / "fraction"
    made.mkdir()
    row = {"method": "adjusted", "fraction": 0.1, "lower": 0.08, "upper": None, "galaxies": 50}
    record = {"fractions": [row], "assumptions": {"adjusted": "Rates hold."}, "notes": ["Note."]}
    write_json(made / "fraction.json", {**record, "command": f"toomre fraction {made}/a.parquet"})
    Image.new("RGB", (300, 200), "white").save(made / "fraction.png")
    page = report([run], tmp_path / "out", also=[made]).page.read_text()
    for text in ("0.100 (0.080 to undefined)", "adjusted: Rates hold.", "Note.", "a.parquet"):
        assert text in page
    assert (tmp_path / "out" / "figures" / "fraction_1_fraction.pdf").read_bytes()[:4] == b"%PDF"
    (made / "fraction.json").write_text(json.dumps({"fractions": [{}]}))
    with pytest.raises(CorruptFileError, match="is not what toomre writes"):
        report([run], tmp_path / "out2", also=[made])
    assert not (tmp_path / "out2").exists()


def test_wrong_folders_are_refused_in_words(run, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArgumentError, match=r"Expected `with` to be folders with metrics\.json"):
        report([run], tmp_path / "out", also=[tmp_path / "empty"])
    with pytest.raises(ArgumentError, match="one run or more, each once"):
        report([run, run], tmp_path / "out")
    with pytest.raises(ArgumentError, match="a number between 0 and 1"):
        report([run], tmp_path / "out", fraction=0.0)
    shutil.copytree(run, tmp_path / "bare")
    (tmp_path / "bare" / "metrics.json").unlink()
    with pytest.raises(MissingFileError, match="has not been evaluated. Run `toomre evaluate"):
        report([tmp_path / "bare"], tmp_path / "out")


def test_commands_show_names_instead_of_paths():
    assert names_only("toomre train a --data '/my disk/b' --out=/c/d") == (
        "toomre train a --data b --out=d"
    )
