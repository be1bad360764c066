"""The engine: chunks in, rows out, and counts."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.inference.catalog import SCHEMA
from toomre.inference.classify import Tally, score_readings
from toomre.inference.predictor import Predictor
from toomre.inference.readings import Reading
from toomre.inference.store import open_model


@pytest.fixture
def predictor(make_model):
    return Predictor(open_model(make_model()))


@pytest.fixture
def readings(galaxies, rng):
    images = galaxies(7, 32, rng)
    found = [Reading(f"i{i}", Cutout(image), i, -i) for i, image in enumerate(images)]
    return [*found[:3], Reading("bad", Cutout.bad(Flag.BLANK, "all 0")), *found[3:]]


@pytest.mark.parametrize(("chunk", "sizes"), [(3, [3, 3, 2]), (8, [8]), (100, [8])])
def test_rows_come_in_chunks_and_in_order(predictor, readings, chunk, sizes):
    parts = list(score_readings(iter(readings), predictor, threshold=0.5, chunk_size=chunk))
    assert [part.num_rows for part in parts] == sizes
    assert all(part.schema.equals(SCHEMA) for part in parts)
    rows = [row for part in parts for row in part.to_pylist()]
    assert [row["image_id"] for row in rows] == [r.image_id for r in readings]
    good = np.stack([r.cutout.pixels for r in readings if r.cutout.pixels is not None])
    expected = predictor.scores(good)
    assert [row["p_merger"] for row in rows if row["status"] == "ok"] == expected.p.tolist()
    assert [row["p_merger_std"] for row in rows if row["status"] == "ok"] == expected.std.tolist()
    assert rows[3]["is_merger"] is None
    assert np.isnan(rows[3]["p_merger"])
    assert (rows[3]["flags"], rows[3]["reason"]) == (Flag.BLANK.value, "blank: all 0")
    assert (rows[1]["ra"], rows[1]["dec"]) == (1.0, -1.0)


def test_only_one_chunk_is_read_ahead(predictor, readings):
    taken = []

    def counted():
        for reading in readings:
            taken.append(reading.image_id)
            yield reading

    parts = score_readings(counted(), predictor, threshold=0.5, chunk_size=2)
    next(parts)
    assert len(taken) == 2


def test_the_threshold_belongs_to_the_mergers(predictor, readings):
    rows = next(score_readings(readings, predictor, threshold=0.5)).to_pylist()
    p = rows[0]["p_merger"]
    (again,) = score_readings(readings, predictor, threshold=p)
    assert again.to_pylist()[0]["is_merger"] is True
    (above,) = score_readings(readings, predictor, threshold=np.nextafter(p, 1))
    assert above.to_pylist()[0]["is_merger"] is False


def test_no_inputs_give_no_rows(predictor):
    assert list(score_readings([], predictor, threshold=0.5)) == []


def test_inputs_none_of_which_fits_are_refused(predictor):
    misfit = Cutout.bad(Flag.BANDS, "2 bands")
    readings = [Reading(str(i), misfit, fits=False) for i in range(3)]
    readings.append(Reading("x", Cutout.bad(Flag.UNREADABLE, "empty")))
    match = "None of the first 4 inputs fits the model tiny; 3 of them: bands: 2 bands. Nothing"
    with pytest.raises(ArgumentError, match=match):
        list(score_readings(readings, predictor, threshold=0.5))


@pytest.mark.parametrize("flag", [Flag.UNREADABLE, Flag.DTYPE, Flag.MISSING_BAND, Flag.BANDS])
def test_inputs_that_are_only_broken_are_not_refused(predictor, flag):
    readings = [Reading("x", Cutout.bad(flag, "broken"))]
    (rows,) = score_readings(readings, predictor, threshold=0.5)
    assert rows["status"].to_pylist() == ["bad"]


def test_one_input_that_fits_keeps_the_run_going_even_if_it_is_blank(predictor):
    misfit = Reading("a", Cutout.bad(Flag.BANDS, "2 bands"), fits=False)
    blank = Reading("b", Cutout.bad(Flag.BLANK, "all 0"), fits=True)
    (rows,) = score_readings([misfit] * 9 + [blank], predictor, threshold=0.5)
    assert rows["status"].to_pylist() == ["bad"] * 10


def test_blank_misfits_go_with_the_others_but_do_not_refuse_alone(predictor):
    blank = Reading("b", Cutout.bad(Flag.BLANK, "all 0"), fits=False)
    (rows,) = score_readings([blank], predictor, threshold=0.5)
    assert rows["status"].to_pylist() == ["bad"]
    misfit = Reading("a", Cutout.bad(Flag.DTYPE, "a picture"), fits=False)
    with pytest.raises(ArgumentError, match="1 of them: dtype: a picture"):
        list(score_readings([blank, misfit], predictor, threshold=0.5))


def test_misfits_after_the_first_chunk_stop_nothing(predictor, readings):
    late = [
        *readings[:2],
        *(Reading(str(i), Cutout.bad(Flag.BANDS, "2"), fits=False) for i in range(4)),
    ]
    parts = list(score_readings(late, predictor, threshold=0.5, chunk_size=2))
    assert [status for part in parts for status in part["status"].to_pylist()] == [
        *["ok"] * 2,
        *["bad"] * 4,
    ]


def test_the_tally_counts(predictor, readings):
    tally = Tally(0.5)
    assert tally.summary["images"] == 0
    warned = readings[0].cutout.flagged(Flag.EDGE, "x").flagged(Flag.OUTLIER, "y")
    readings[0] = Reading("warned", warned)
    mergers = 0
    for rows in score_readings(readings, predictor, threshold=0.5, chunk_size=3):
        tally.add(rows)
        mergers += sum(value is True for value in rows["is_merger"].to_pylist())
    assert tally.summary == {
        "images": 8,
        "ok": 6,
        "warn": 1,
        "bad": 1,
        "mergers": mergers,
        "threshold": 0.5,
        "flags": {"outlier": 1, "edge": 1, "blank": 1},
    }
    text = "".join(f"{reading.image_id}\0" for reading in readings)
    assert tally.inputs_sha256 == sha256(text.encode()).hexdigest()
