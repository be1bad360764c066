"""A run that is stopped goes on, a finished one does nothing, and the bytes tell of neither."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from tests.mosaics.conftest import header_of, make_wcs, table_of

from toomre.errors import (
    ArgumentError,
    CorruptFileError,
    MissingFileError,
    OutputError,
    OutputExistsError,
)
from toomre.images.flags import Flag
from toomre.inference.catalog import FORMATS
from toomre.inference.catalog_reading import read_catalog, read_provenance
from toomre.inference.manifest import sidecar_of, work_folder
from toomre.inference.rows import FileRows
from toomre.jobs import classify_run, classify_shard
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.jobs.provenance import now
from toomre.mosaics.patterns import MosaicSource

STATED = {"bands": ("g", "r", "i"), "pixel_scale": 0.4}
OPTIONS = ClassifyOptions(**STATED)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Shards of four rows."""
    for module in ("classify_plan", "classify", "classify_opened"):
        monkeypatch.setattr(f"toomre.jobs.{module}.SHARD_ROWS", 4)


@pytest.fixture
def stack(galaxies, rng, tmp_path):
    images = galaxies(18, 21, rng)
    images[[5, 11]] = 0
    np.save(tmp_path / "stack.npy", images)
    return tmp_path / "stack.npy"


@pytest.fixture
def model(make_model):
    return make_model(grid={"size": 17, "crop": 17, "native_pixel_scale": 0.4})


@pytest.fixture
def whole(stack, model, tmp_path):
    """The undisturbed run."""
    return classify(stack, model, tmp_path / "whole" / "o.parquet", options=OPTIONS)


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir()}


def told(calls: list[tuple[int, int]]):
    return lambda *call: calls.append(call)


class Stop(Exception):
    """What stops a run in a test."""


def stop_at(monkeypatch, shard: int, error: Exception) -> None:
    """Let the run stop before a shard, counted from those that it begins."""
    begun = []

    def work(task, report):
        begun.append(task)
        if len(begun) > shard:
            raise error
        return classify_shard.classify_shard(task, report)

    monkeypatch.setattr(classify_run, "classify_shard", work)


def test_shards_change_nothing(whole, stack, model, monkeypatch):
    in_memory = classify(stack, model, options=OPTIONS)
    assert whole.table.equals(in_memory.table)
    assert whole.summary == in_memory.summary
    assert (len(whole), whole.classified) == (18, 18)
    assert names(whole.path.parent) == {"o.parquet", "o.parquet.json"}
    manifest = json.loads(sidecar_of(whole.path).read_text())["manifest"]
    assert [shard["rows"] for shard in manifest["shards"]] == [4, 4, 4, 4, 2]
    assert (manifest["engine"], manifest["workers"], manifest["starts"]) == ("local", 1, 1)


@pytest.mark.parametrize("shard", [0, 3])
def test_a_run_that_is_stopped_goes_on(whole, stack, model, tmp_path, monkeypatch, shard):
    out = tmp_path / "o.parquet"
    with monkeypatch.context() as patch:
        stop_at(patch, shard, Stop())
        with pytest.raises(Stop):
            classify(stack, model, out, options=OPTIONS)
    assert not out.exists()
    with pytest.raises(MissingFileError, match=r"yet: the run .* has not finished.*goes on with"):
        read_catalog(out)
    for path in work_folder(out).glob("*.parquet"):
        with pytest.raises(CorruptFileError, match="a part of a run that has not finished"):
            read_catalog(path)
    calls = []
    done = classify(stack, model, out, options=OPTIONS, progress=told(calls))
    assert done.classified == 18 - 4 * shard
    assert calls[0][0] > 4 * shard
    assert calls[-1] == (18, 18)
    assert out.read_bytes() == whole.path.read_bytes()
    manifest = json.loads(sidecar_of(out).read_text())["manifest"]
    assert manifest["starts"] == 2
    assert not work_folder(out).exists()


@pytest.mark.parametrize("ending", FORMATS)
def test_two_runs_give_the_same_bytes_and_a_third_does_nothing(
    stack, model, tmp_path, monkeypatch, ending
):
    contents = []
    for number, second in enumerate(("2026-01-01T00:00:00", "2027-02-03T04:05:06")):
        monkeypatch.setattr("toomre.jobs.provenance.now", lambda second=second: second)
        monkeypatch.setattr("sys.argv", ["toomre", str(number)])
        out = tmp_path / f"{number}{ending}"
        found = classify(
            stack, model, out, options=ClassifyOptions(**STATED, chunk_size=3 + number)
        )
        contents.append(out.read_bytes())
        assert read_provenance(out)["created"] == second
        assert read_provenance(out)["command"] == f"toomre {number}"
        assert found.provenance["created"] == second
    assert contents[0] == contents[1]
    before = out.stat().st_mtime_ns, sidecar_of(out).read_bytes()
    for overwrite in (False, True):
        again = classify(stack, model, out, options=ClassifyOptions(**STATED, overwrite=overwrite))
        assert again.classified == 0
        assert again.summary == found.summary
        assert again.table.equals(found.table)
    assert (out.stat().st_mtime_ns, sidecar_of(out).read_bytes()) == before
    assert now() != ""


def test_another_job_does_not_take_its_place(whole, stack, model):
    other = ClassifyOptions(**STATED, threshold=0.9)
    content = whole.path.read_bytes()
    with pytest.raises(OutputExistsError, match="is there already"):
        classify(stack, model, whole.path, options=other)
    assert whole.path.read_bytes() == content
    os.utime(stack, ns=(1, 1))
    with pytest.raises(OutputExistsError, match="is there already"):
        classify(stack, model, whole.path, options=OPTIONS)
    replaced = classify(
        stack, model, whole.path, options=ClassifyOptions(**STATED, threshold=0.9, overwrite=True)
    )
    assert replaced.classified == 18
    assert read_catalog(whole.path).equals(replaced.table)


def test_a_json_file_that_is_no_manifest_is_kept(stack, model, tmp_path):
    (tmp_path / "o.fits.json").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"o\.fits\.json is there already.*--overwrite"):
        classify(stack, model, tmp_path / "o.fits", options=OPTIONS)
    assert (tmp_path / "o.fits.json").read_text() == "mine"
    assert not (tmp_path / "o.fits").exists()


def test_a_catalogue_that_was_changed_is_refused_and_made_again(whole, stack, model):
    content = whole.path.read_bytes()
    whole.path.write_bytes(content[:-9] + b"X" + content[-8:])
    with pytest.raises(CorruptFileError, match=r"o\.parquet\.json says .*damaged or changed"):
        read_catalog(whole.path)
    with pytest.raises(OutputExistsError):
        classify(stack, model, whole.path, options=OPTIONS)
    again = classify(stack, model, whole.path, options=ClassifyOptions(**STATED, overwrite=True))
    assert again.classified == 18
    assert whole.path.read_bytes() == content
    sidecar_of(whole.path).unlink()  # as of an older version
    assert len(read_catalog(whole.path)) == 18


def test_damaged_shards_are_done_again(whole, stack, model, tmp_path, monkeypatch):
    out = tmp_path / "o.parquet"
    with monkeypatch.context() as patch:
        stop_at(patch, 4, Stop())
        with pytest.raises(Stop):
            classify(stack, model, out, options=OPTIONS)
    first, second, third, _ = sorted(work_folder(out).glob("*.parquet"))
    first.write_bytes(first.read_bytes()[:-100])
    second.write_bytes(third.read_bytes())
    done = classify(stack, model, out, options=OPTIONS)
    assert done.classified == 2 + 4 + 4
    assert out.read_bytes() == whole.path.read_bytes()


def test_files_of_another_plan_are_removed(whole, stack, model, tmp_path, monkeypatch):
    out = tmp_path / "o.parquet"
    with monkeypatch.context() as patch:
        stop_at(patch, 3, Stop())
        with pytest.raises(Stop):
            classify(stack, model, out, options=ClassifyOptions(**STATED, threshold=0.9))
        old = names(work_folder(out))
        stop_at(patch, 1, Stop())
        told = r"3 finished shards .*options\.threshold was 0\.9, is None.*nothing old is mixed"
        with pytest.raises(Stop), pytest.warns(UserWarning, match=told):
            classify(stack, model, out, options=OPTIONS)
        new = names(work_folder(out))
    assert len([name for name in old if name.endswith(".parquet")]) == 3
    assert len([name for name in new if name.endswith(".parquet")]) == 1
    assert old & new == {"starts.json", "journals", "suspects"}
    classify(stack, model, out, options=OPTIONS)
    assert out.read_bytes() == whole.path.read_bytes()


def test_after_an_upgrade_nothing_old_is_mixed_in_and_it_is_said(
    stack, model, tmp_path, monkeypatch
):
    out = tmp_path / "o.parquet"
    with monkeypatch.context() as patch:
        patch.setattr("toomre.jobs.provenance.version", lambda name: "1.old")
        stop_at(patch, 3, Stop())
        with pytest.raises(Stop):
            classify(stack, model, out, options=OPTIONS)
    said = r"3 finished shards .*libraries\.numpy was 1\.old, is .*nothing old is mixed"
    with pytest.warns(UserWarning, match=said):
        done = classify(stack, model, out, options=OPTIONS)
    assert done.classified == 18
    assert done.provenance["libraries"]["numpy"] == np.__version__


def test_a_shard_has_the_provenance_of_the_catalogue(whole, stack, model, tmp_path, monkeypatch):
    out = tmp_path / "o.parquet"
    with monkeypatch.context() as patch:
        stop_at(patch, 2, Stop())
        with pytest.raises(Stop):
            classify(stack, model, out, options=OPTIONS)
    for path in work_folder(out).glob("*.parquet"):
        found = json.loads(pq.read_metadata(path).metadata[b"toomre"])
        inside = json.loads(pq.read_metadata(whole.path).metadata[b"toomre"])
        assert found == {key: inside[key] for key in found}
        assert set(inside) - set(found) == {"counts", "inputs_sha256"}


def test_parts_are_closed_by_a_run_without(whole, stack, model, tmp_path):
    out = tmp_path / "o.parquet"
    for index, rows in ((1, 8), (0, 10)):
        calls = []
        options = ClassifyOptions(**STATED, part=(index, 2))
        done = classify(stack, model, out, options=options, progress=told(calls))
        assert (done.classified, done.path, len(done)) == (rows, None, rows)
        assert calls[-1] == (rows, rows)
        assert not out.exists()
    assert classify(stack, model, out, options=OPTIONS).classified == 0
    assert out.read_bytes() == whole.path.read_bytes()
    assert classify(stack, model, out, options=options).classified == 0


@pytest.mark.parametrize("part", [None, (0, 3), (1, 3), (2, 3)])
@pytest.mark.parametrize("bands", [("g", "r", "i"), None])
def test_a_stack_of_other_bands_is_refused_by_every_part(stack, model, tmp_path, part, bands):
    np.save(tmp_path / "two.npy", np.load(stack)[:, :2])
    before = names(tmp_path)
    options = ClassifyOptions(bands=bands, pixel_scale=0.4, part=part)
    with pytest.raises(ArgumentError, match="number of bands of the images` to be 3, but got 2"):
        classify(tmp_path / "two.npy", model, tmp_path / "o.csv", options=options)
    with pytest.raises(ArgumentError, match="does not name its 3 bands"):
        classify(stack, model, tmp_path / "o.csv", options=ClassifyOptions(part=part))
    assert names(tmp_path) == before


def test_the_first_part_and_the_last_run_check_the_sums_of_mosaics(model, rng, tmp_path):
    files = {}
    for band in "gri":
        files[band] = str(tmp_path / f"{band}.fits")
        image = rng.normal(0, 1, (60, 60)).astype(np.float32)
        header = header_of(make_wcs(shape=(60, 60), turn=0.0))
        fits.writeto(files[band], image, header, checksum=True)
    with Path(files["r"]).open("r+b") as file:
        file.seek(2880 * 3)
        file.write(b"\x01")  # of a pixel
    table_of([150.0] * 6, [2.0] * 6).to_csv(tmp_path / "t.csv", index=False)

    def run(part):
        options = ClassifyOptions(part=part)
        return classify(
            MosaicSource(files), model, tmp_path / "o.csv", tmp_path / "t.csv", options=options
        )

    assert run((1, 2)).classified == 2
    for part in ((0, 2), None):
        with pytest.raises(CorruptFileError, match=r"r\.fits.*--no-checksums"):
            run(part)


@pytest.mark.parametrize("part", [(2, 2), (-1, 2)])
def test_a_part_that_is_none_is_refused(stack, model, tmp_path, part):
    with pytest.raises(ArgumentError, match="Expected `part` to be"):
        classify(stack, model, tmp_path / "o.csv", options=ClassifyOptions(**STATED, part=part))


def test_a_part_needs_a_file(stack, model):
    with pytest.raises(ArgumentError, match="Expected `part` to be None where nothing is written"):
        classify(stack, model, options=ClassifyOptions(**STATED, part=(0, 2)))


def test_inputs_that_do_not_fit_leave_nothing(stack, model, tmp_path):
    np.save(tmp_path / "whole.npy", np.ones((9, 2, 21, 21), np.float32))
    before = names(tmp_path)
    options = ClassifyOptions(bands=("g", "r"), pixel_scale=0.4)
    with pytest.raises(ArgumentError):
        classify(tmp_path / "whole.npy", model, tmp_path / "o.csv", options=options)
    assert names(tmp_path) == before


def test_a_full_disk_loses_nothing(whole, stack, model, tmp_path, monkeypatch):
    out = tmp_path / "o.parquet"
    with monkeypatch.context() as patch:
        written = []

        def write(path, key, rows, provenance):
            written.append(path)
            if len(written) > 2:
                raise OSError(28, "No space left on device")
            return real(path, key, rows, provenance)

        real = classify_shard.write_shard
        patch.setattr(classify_shard, "write_shard", write)
        with pytest.raises(OutputError, match="No space left on device.*what is done is kept"):
            classify(stack, model, out, options=OPTIONS)
    assert classify(stack, model, out, options=OPTIONS).classified == 10
    assert out.read_bytes() == whole.path.read_bytes()


def test_a_disk_that_is_full_at_the_end_keeps_the_shards_and_says_so(
    whole, stack, model, tmp_path, monkeypatch
):
    out = tmp_path / "o.parquet"
    with monkeypatch.context() as patch:

        def write(self, rows):
            raise OSError(28, "No space left on device")

        patch.setattr("toomre.inference.catalog._ParquetWriter.write", write)
        with pytest.raises(OutputError, match=r"o\.parquet .*No space left.*what is done is kept"):
            classify(stack, model, out, options=OPTIONS)
    assert classify(stack, model, out, options=OPTIONS).classified == 0
    assert out.read_bytes() == whole.path.read_bytes()


def test_two_runs_at_a_time_are_refused(stack, model, tmp_path):
    out = tmp_path / "o.parquet"

    def again(*_: int) -> None:
        with pytest.raises(OutputExistsError, match="Another run"):
            classify(stack, model, out, options=OPTIONS)

    assert classify(stack, model, out, options=OPTIONS, progress=again).classified == 18


@dataclass(frozen=True, eq=False)
class Watched(FileRows):
    """Rows whose reader notes what it reads."""

    def readings(self, wish, start: int, stop: int) -> Iterator:
        for row, reading in enumerate(super().readings(wish, start, stop), start):
            assert self.items[row][0].image_id != "2.npy"
            yield reading


def test_an_input_that_killed_twice_is_not_read_again(galaxies, rng, model, tmp_path, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    for index, image in enumerate(galaxies(6, 21, rng)):
        np.save(folder / f"{index}.npy", image)
    expected = classify(folder, model, options=OPTIONS).table
    out = tmp_path / "o.parquet"
    with monkeypatch.context() as patch:
        stop_at(patch, 0, Stop())
        with pytest.raises(Stop):
            classify(folder, model, out, options=OPTIONS)
        patch.setattr(classify_run, "classify_shard", note_deaths)
        with pytest.raises(Stop):
            classify(folder, model, out, options=OPTIONS)
    monkeypatch.setattr("toomre.jobs.classify_inputs.FileRows", Watched)
    found = classify(folder, model, out, options=OPTIONS).table
    assert found.loc[2, "flags"] == Flag.KILLED_WORKER.value
    assert found.loc[2, "reason"].startswith("killed_worker: the process that had it died twice")
    assert found.loc[2, "status"] == "bad"
    assert np.isnan(found.loc[2, "p_merger"])
    others = [0, 1, 3, 4, 5]
    assert found.loc[others].equals(expected.loc[others])


def note_deaths(task, report) -> int:
    """Leave what two processes leave that died at the third row."""
    from toomre.jobs.classify_journal import Suspects
    from toomre.storage import write_json

    suspects = Suspects([(0, 4), (2, 3), (2, 3)])
    write_json(task.job.folder / "suspects" / f"{task.key}.json", vars(suspects))
    raise Stop
