"""An option that would do nothing is refused by its name, with what it needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from toomre.cli.commands import register
from toomre.cli.mosaic_options import psf_matching, source_of
from toomre.errors import ArgumentError
from toomre.mosaics.options import StampOptions

MOSAIC = ("--mosaic", "g=x.fits")
STAMPS = [
    ("--size-arcsec", "30"),
    ("--size-column", "petro"),
    ("--extension", "SCI"),
    ("--mask-extension", "DQ"),
    ("--regrid", "adaptive"),
    ("--psf-target", "1.3"),
    ("--no-checksums",),
    ("--skip-bad-mosaics",),
]


def refused(*words: str) -> str:
    app = Typer()
    register(app)
    done = CliRunner().invoke(app, ["classify", *words, "--out", "o.csv"])
    assert isinstance(done.exception, ArgumentError), done.output
    return str(done.exception)


@pytest.mark.parametrize("words", STAMPS, ids=lambda words: words[0])
def test_cutouts_have_no_stamp_options(words):
    name = words[0].removeprefix("--no-").removeprefix("--").replace("-", "_")
    said = refused("folder", *words)
    assert f"Expected `{name}` to be left out without --mosaic" in said


@pytest.mark.parametrize(
    ("words", "name", "needs"),
    [
        ((*MOSAIC, "--mask-bits", "6"), "mask_bits", "mask_extension"),
        ((*MOSAIC, "--size-factor", "6"), "size_factor", "size_column"),
        (("folder", "--size-factor", "6"), "size_factor", "left out without --mosaic"),
        (("folder", "--mask-bits", "6"), "mask_bits", "left out without --mosaic"),
        ((*MOSAIC, "--psf-fwhm", "g=1"), "psf_target", "--psf-fwhm"),
        ((*MOSAIC, "--psf-target", "1", "--psf-fwhm", "g"), "psf_fwhm", "BAND=ARCSEC"),
        ((*MOSAIC, "--psf-target", "sharp"), "psf_target", "a number [arcsec] or 'model'"),
        ((*MOSAIC, "--pattern", "{image_id}.fits"), "pattern", "left out with --mosaic"),
        ((*MOSAIC, "--engine", "slurm", "--tasks", "2", "--mask-bits", "1"), "mask_bits", "plane"),
    ],
)
def test_options_that_need_another(words, name, needs):
    said = refused(*words)
    assert f"Expected `{name}` to be" in said
    assert needs in said


def test_usual_values_say_nothing():
    stamps = {name: getattr(StampOptions(), name) for name in ("size_factor", "regrid", "psf")}
    assert source_of(Path("a"), "{image_id}.fits", None, stamps).pattern == "{image_id}.fits"
    assert psf_matching(None, None) is None
