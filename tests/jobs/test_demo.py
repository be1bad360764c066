"""``toomre.demo``: it goes on where it stopped, and spoils nothing."""

from __future__ import annotations

import pytest

from toomre.errors import ArgumentError, OutputExistsError
from toomre.jobs import demo as module
from toomre.jobs.demo import demo
from toomre.jobs.demo_steps import STEPS
from toomre.storage import read_json


def test_it_names_its_steps_and_leaves_what_it_says(quick_demo, tmp_path):
    began, done = [], {}

    def stage(name):
        began.append(name)
        return lambda *numbers: done.update({name: numbers})

    with quick_demo():
        result = demo(tmp_path / "new" / "demo", galaxies=40, seed=2, stage=stage)
    assert began == list(STEPS) == list(result.seconds)
    assert all(finished == total > 0 for finished, total in done.values())
    assert list(done) == began
    names = {path.name for path in result.place.folder.iterdir()}
    folders = {"mocks", "runs", "cutouts", "figures", "report"}
    files = {"mergers.parquet", "mergers.parquet.json", "demo.json", "index.html"}
    assert names == folders | files
    assert result.place.page == tmp_path / "new" / "demo" / "index.html"


def test_a_finished_demo_is_not_done_again(finished_demo, monkeypatch):
    place = finished_demo.place
    for name in STEPS:
        monkeypatch.setitem(STEPS, name, None)
    before = place.page.stat().st_mtime_ns
    again = demo(place.folder, galaxies=60, seed=5)
    assert again.summary == finished_demo.summary
    assert repr(again.metrics) == repr(finished_demo.metrics)  # NaN is no equal of itself
    assert place.page.stat().st_mtime_ns == before


def test_a_stopped_demo_goes_on(quick_demo, tmp_path, monkeypatch):
    folder, names = tmp_path / "demo", list(STEPS)
    work = STEPS[names[2]]

    def stop(place, progress):
        def step(done, total):
            if done > 1:
                raise KeyboardInterrupt

        work(place, step)

    with quick_demo():
        monkeypatch.setitem(STEPS, names[2], stop)
        with pytest.raises(KeyboardInterrupt):
            demo(folder, galaxies=40)
        assert list(read_json(folder / "demo.json")["seconds"]) == sorted(names[:2])
        assert not (folder / "index.html").exists()
        monkeypatch.setitem(STEPS, names[2], work)
        began = []
        demo(folder, galaxies=40, stage=lambda name: began.append(name) or (lambda *_: None))
    assert began == names[2:]
    assert (folder / "index.html").exists()


def test_a_page_that_is_gone_is_written_again(quick_demo, tmp_path):
    with quick_demo():
        result = demo(tmp_path / "demo", galaxies=40)
    result.place.page.unlink()
    assert demo(tmp_path / "demo", galaxies=40).place.page.is_file()


def test_another_demo_is_not_replaced(finished_demo, monkeypatch):
    folder = finished_demo.place.folder
    text = r"holds another demo \(60 galaxies, seed 5, version .*Remove it, or give another folder"
    with pytest.raises(OutputExistsError, match=text):
        demo(folder, galaxies=60, seed=6)
    with pytest.raises(OutputExistsError, match=text):
        demo(folder, galaxies=61, seed=5)
    monkeypatch.setattr(module.toomre, "__version__", "99")
    with pytest.raises(OutputExistsError, match=text):
        demo(folder, galaxies=60, seed=5)


def test_a_folder_with_other_things_is_refused(tmp_path):
    mine = tmp_path / "out" / "mergers.parquet"
    mine.parent.mkdir()
    mine.write_text("mine")
    text = r"not from an earlier demo\. Give a new or an empty"
    for path in (mine.parent, mine):
        with pytest.raises(OutputExistsError, match=text):
            demo(path)
    assert mine.read_text() == "mine"


def test_numbers_that_are_not_allowed(tmp_path):
    for numbers in ({"galaxies": 39}, {"seed": -1}):
        with pytest.raises(ArgumentError, match="`galaxies, seed` to be at least 40, at least 0"):
            demo(tmp_path / "out", **numbers)
    assert not (tmp_path / "out").exists()


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_the_whole_demo_learns_from_simulated_galaxies(tmp_path):
    result = demo(tmp_path / "demo")
    auc = {pair: metrics["roc_auc"].value for pair, metrics in result.metrics.items()}
    assert auc["source-only", "pristine"] > 0.65
    assert auc["adapted", "noisy"] > 0.55
    figures = {path.stem for path in (result.place.report / "figures").iterdir()}
    assert {"explain_1_classes", "embedding_1_embedding", "bias_1_plane_m20"} <= figures
