from __future__ import annotations

import resource
import subprocess
import sys

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D, NoOverlapError
from astropy.wcs import WCS
from tests.mosaics.conftest import SCALE, header_of, make_wcs, table_of

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.images.flags import Flag, Status
from toomre.mosaics.options import StampOptions
from toomre.mosaics.stamps import Mosaics


def judge(path, wcs, ra, dec, side):
    """One position by astropy: the pixels, or None where there is no overlap."""
    with fits.open(path) as hdus:
        place = SkyCoord(ra * units.deg, dec * units.deg)
        try:
            cut = Cutout2D(hdus[0].data, place, (side, side), wcs=wcs, mode="partial")
        except (NoOverlapError, ValueError):
            return None
        return cut.data.astype(np.float32)


def positions(wcs, shape, rng, count=60, beyond=30):
    """Positions in the image and around it, with half pixels among them."""
    y, x = (rng.uniform(-beyond, side + beyond, count) for side in shape)
    x[:10], y[:10] = np.round(x[:10]) + 0.5, np.round(y[:10]) + 0.5
    ra, dec = wcs.all_pix2world(x, y, 0)
    return ra, dec


@pytest.mark.parametrize("side", [20, 21])
@pytest.mark.parametrize("kind", ["TAN", "SIP", "TPV"])
@pytest.mark.parametrize("centre", [(150.0, 2.0), (0.0, -30.0), (77.0, 89.99)])
def test_it_is_cutout2d_bit_by_bit(kind, centre, side, write_mosaic, rng):
    pixels = rng.normal(size=(300, 400)).astype(np.float32)
    wcs = make_wcs(kind, centre)
    path = write_mosaic("m.fits", pixels, wcs)
    stored = WCS(fits.getheader(path))
    ra, dec = positions(stored, pixels.shape, rng)
    mosaics = Mosaics.open({"r": path}, table_of(ra, dec), StampOptions(size_arcsec=side * SCALE))
    shown = {"whole": 0, "edge": 0, "none": 0}
    for a, d, cutout in zip(ra, dec, mosaics.stamps(), strict=True):
        expected = judge(path, stored, a, d, side)
        if expected is None:
            assert cutout.flags == Flag.OUTSIDE
            shown["none"] += 1
            continue
        np.testing.assert_array_equal(cutout.pixels[0], expected)
        is_edge = np.isnan(expected).any()
        assert bool(cutout.flags & Flag.EDGE) == is_edge
        shown["edge" if is_edge else "whole"] += 1
    assert min(shown.values()) > 3
    assert np.ptp(ra) > 300 or centre[0] == 150.0  # the pole and 0 = 360 are within


def test_other_celestial_frames_agree_with_astropy(write_mosaic, rng):
    pixels = rng.normal(size=(300, 400)).astype(np.float32)
    for lon, lat, centre in (("GLON", "GLAT", (120.0, 40.0)), ("RA--", "DEC-", (10.0, 20.0))):
        wcs = make_wcs(centre=centre)
        wcs.wcs.ctype = [f"{lon}-TAN", f"{lat}-TAN"]
        wcs.wcs.radesys = "FK5" if lon == "RA--" else ""
        path = write_mosaic("m.fits", pixels, wcs)
        stored = WCS(fits.getheader(path))
        place = stored.pixel_to_world(rng.uniform(0, 399, 30), rng.uniform(0, 299, 30)).icrs
        table = table_of(place.ra.deg, place.dec.deg)
        mosaics = Mosaics.open({"r": path}, table, StampOptions(size_arcsec=8.0))
        for a, d, cutout in zip(place.ra.deg, place.dec.deg, mosaics.stamps(), strict=True):
            np.testing.assert_array_equal(cutout.pixels[0], judge(path, stored, a, d, 20))


def test_axes_may_be_swapped(write_mosaic, rng):
    pixels = rng.normal(size=(60, 80)).astype(np.float32)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["DEC--TAN", "RA---TAN"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = [2.0, 150.0], [1, 1], [1e-4, -1e-4]
    path = write_mosaic("m.fits", pixels, wcs)
    dec, ra = wcs.all_pix2world(30.0, 20.0, 0)
    (cutout,) = Mosaics.open(
        {"r": path}, table_of(ra, dec), StampOptions(size_arcsec=3.24)
    ).stamps()
    np.testing.assert_array_equal(cutout.pixels[0], pixels[16:25, 26:35])


@pytest.fixture
def three_bands(write_mosaic, rng):
    """Bands on one grid, one of them in two overlapping tiles."""
    wcs = make_wcs()
    sky = rng.normal(size=(3, 300, 400)).astype(np.float32)
    files = {
        "g": write_mosaic("g.fits", sky[0], wcs),
        "i": write_mosaic("i.fits", sky[2], wcs),
    }
    left, right = wcs.deepcopy(), wcs.deepcopy()
    right.wcs.crpix -= [150, 0]
    parts = [
        write_mosaic("r_1.fits", sky[1][:, :250], left),
        write_mosaic("r_2.fits", sky[1][:, 150:], right),
    ]
    return {"g": files["g"], "r": parts, "i": files["i"]}, sky, wcs


def test_bands_in_tiles_are_put_together(three_bands, rng):
    files, sky, wcs = three_bands
    x, y = rng.uniform(20, 380, 60), rng.uniform(20, 280, 60)
    options = StampOptions(size_arcsec=8.4)
    mosaics = Mosaics.open(files, table_of(*wcs.all_pix2world(x, y, 0)), options)
    for a, b, cutout in zip(x, y, mosaics.stamps(), strict=True):
        x0, y0 = int(np.ceil(a - 10.5)), int(np.ceil(b - 10.5))
        assert cutout.reason == ""
        assert cutout.bands == ("g", "r", "i")
        np.testing.assert_array_equal(cutout.pixels, sky[:, y0 : y0 + 21, x0 : x0 + 21])
        assert cutout.pixel_scale == pytest.approx(SCALE)


def test_a_row_depends_on_nothing_but_itself(three_bands, rng):
    files, _, wcs = three_bands
    x, y = rng.uniform(-5, 405, 50), rng.uniform(-5, 305, 50)
    sizes = rng.uniform(4, 12, 50)
    table = table_of(*wcs.all_pix2world(x, y, 0), petro=sizes)
    options = StampOptions(size_column="petro")
    mosaics = Mosaics.open(files, table, options)
    together = list(mosaics.stamps())
    order = rng.permutation(50)
    shuffled = dict(zip(order.tolist(), mosaics.stamps(order), strict=True))
    read = {
        int(row): cutout
        for batch in mosaics.batches(order="read")
        for row, cutout in zip(batch.rows, batch.cutouts, strict=True)
    }
    again = Mosaics.open(files, table, options)
    for row, cutout in enumerate(together):
        for other in (shuffled[row], read[row], next(again.stamps([row]))):
            assert other.flags == cutout.flags
            assert other.notes == cutout.notes
            if cutout.pixels is not None:
                np.testing.assert_array_equal(other.pixels, cutout.pixels)


def test_reading_order_goes_down_the_image(three_bands, rng):
    files, _, wcs = three_bands
    y = rng.uniform(20, 280, 80)
    table = table_of(*wcs.all_pix2world(np.full(80, 200.0), y, 0))
    mosaics = Mosaics.open({"g": files["g"]}, table, StampOptions(size_arcsec=4.0))
    rows = np.concatenate([batch.rows for batch in mosaics.batches(order="read")])
    assert sorted(rows.tolist()) == list(range(80))
    assert (np.diff(y[rows]) > -64).all()


def test_the_best_covered_image_is_taken(write_mosaic):
    wcs = make_wcs(turn=0.0)
    good, gap = np.full((100, 100), 1, np.float32), np.full((100, 100), 2, np.float32)
    gap[40:45] = 0  # between two chips
    nan = np.full((100, 100), 3, np.float32)
    nan[60, 60] = np.nan
    cut = np.full((100, 48), 4, np.float32)
    wcs.wcs.crpix = [50, 50]
    files = [
        write_mosaic(f"{n}.fits", pixels, wcs)
        for n, pixels in (("a", gap), ("b", cut), ("c", good), ("d", nan))
    ]
    ra, dec = wcs.all_pix2world([50.0, 50.0, 30.0, 10.0], [45.0, 60.0, 20.0, 20.0], 0)
    options = StampOptions(size_arcsec=8.0)
    for order in (files, files[::-1]):
        mosaics = Mosaics.open({"r": order}, table_of(ra, dec), options)
        values = [np.unique(cutout.pixels).tolist() for cutout in mosaics.stamps()]
        # Equals: the position farthest from an edge, then the first by name.
        assert values == [[1], [2], [2], [2]]
        assert all(cutout.reason == "" for cutout in mosaics.stamps())


def test_bad_rows_say_why(three_bands):
    files, _, wcs = three_bands
    inside = [float(v) for v in wcs.all_pix2world(50.0, 50.0, 0)]
    right = [float(v) for v in wcs.all_pix2world(380.0, 50.0, 0)]
    ra, dec = zip(inside, inside, (10.0, -60.0), right, inside, strict=True)
    table = table_of(ra, dec, petro=[np.nan, 4.0, 4.0, 4.0, 1e5])
    table.loc[1, ["flags", "reason"]] = [Flag.COORDINATES.value, "ra = 400 is not on the sky"]
    only_left = {"g": files["g"], "r": files["r"][0]}
    found = list(Mosaics.open(only_left, table, StampOptions(size_column="petro")).stamps())
    assert [cutout.reason for cutout in found] == [
        "size: the column 'petro' has no size above 0",
        "coordinates: ra = 400 is not on the sky",
        "outside: the position lies in none of the mosaics",
        "missing_band: the position lies in no mosaic of the band r",
        "size: the stamp of 1e+05 arcsec has more than 4096 pixels on a side",
    ]
    assert all(cutout.status is Status.BAD and cutout.pixels is None for cutout in found)


def test_a_file_that_changes_is_noticed(three_bands, write_mosaic):
    files, sky, wcs = three_bands
    table = table_of(*wcs.all_pix2world(50.0, 50.0, 0))
    mosaics = Mosaics.open({"g": files["g"]}, table, StampOptions(size_arcsec=4.0))
    write_mosaic("g.fits", sky[0][:200], wcs)
    (cutout,) = mosaics.stamps()
    assert cutout.flags == Flag.UNREADABLE
    assert "'g.fits' was changed while it was in use" in cutout.reason


def test_what_cannot_be_opened_stops_before_any_work(tmp_path, write_mosaic, rng):
    wcs = make_wcs()
    path = write_mosaic("m.fits", rng.normal(size=(30, 40)).astype(np.float32), wcs)
    table, options = table_of(1.0, 1.0), StampOptions(size_arcsec=4.0)
    with pytest.raises(MissingFileError, match="No file fits .*none.* \\(band g\\)"):
        Mosaics.open({"g": str(tmp_path / "none*.fits")}, table, options)
    (tmp_path / "cut.fits").write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(CorruptFileError, match="/cut.fits' .band g. cannot be used .truncated"):
        Mosaics.open({"g": [path, tmp_path / "cut.fits"]}, table, options)
    with pytest.raises(ArgumentError, match="`size_arcsec` to be given, or size_column"):
        Mosaics.open({"g": path}, table, StampOptions())
    with pytest.raises(ArgumentError, match="`rows` to be numbers of rows, 0 to 0"):
        next(Mosaics.open({"g": path}, table, options).stamps([1]))
    with pytest.raises(ArgumentError, match="'dec'"):
        Mosaics.open({"g": path}, table.drop(columns="dec"), options)


def test_the_filter_of_the_header_is_not_believed(write_mosaic, rng):
    wcs = make_wcs()
    files = {}
    for band, stated in (("g", "g"), ("r", "g"), ("i", "unknown")):
        files[band] = write_mosaic(f"{band}.fits", rng.normal(size=(30, 40)), wcs)
        fits.setval(files[band], "FILTER", value=stated)
    table = table_of(*wcs.all_pix2world(20.0, 15.0, 0))
    (cutout,) = Mosaics.open(files, table, StampOptions(size_arcsec=4.0)).stamps()
    assert cutout.flags == Flag.HEADER_ODD
    assert cutout.notes == ("'r.fits': the header states the band g; taken as r, as given",)


CODE = """
import resource, sys
import numpy as np
from tests.mosaics.conftest import table_of
from toomre.mosaics.options import StampOptions
from toomre.mosaics.stamps import Mosaics
count, path = int(sys.argv[1]), sys.argv[2]
rng = np.random.default_rng(1)
table = table_of(150 + rng.uniform(-0.1, 0.1, count), 2 + rng.uniform(-0.1, 0.1, count))
mosaics = Mosaics.open({"r": path}, table, StampOptions(size_arcsec=75 * 0.3))
seen = sum(cutout.pixels is not None for cutout in mosaics.stamps())
assert seen > 0.9 * count, seen
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_does_not_grow(tmp_path):
    """Twenty times the stamps, from a mosaic of 164 MB: less than 100 MB more."""
    wcs = make_wcs(shape=(6400, 6400), scale=0.3)
    path = tmp_path / "m.fits"
    strip = np.random.default_rng(2).normal(size=(400, 6400)).astype(np.float32)
    fits.writeto(path, np.tile(strip, (16, 1)), header_of(wcs))
    peaks = [
        int(subprocess.check_output([sys.executable, "-c", CODE, str(count), str(path)], text=True))
        for count in (1000, 20_000)
    ]
    unit = 1 if sys.platform == "darwin" else 1024
    assert (peaks[1] - peaks[0]) * unit < 100e6
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >= max(peaks)
