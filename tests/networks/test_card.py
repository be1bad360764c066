from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from toomre.errors import CorruptFileError
from toomre.images.grid import Grid
from toomre.networks.card import Architecture, InputCard, ModelCard, PixelCard, TrainingCard


def make_card(**changes):
    values = {
        "name": "x",
        "architecture": Architecture(backbone="deepmerge2", head="deepmerge2"),
        "input": InputCard(
            bands=("i", "r", "g"),
            encoding="display",
            grid=Grid(size=75, crop=107.2, native_pixel_scale=0.396),
            mean=(1.0, 2.0, 3.0),
            std=(1.0, 1.0, 1.0),
        ),
        "class_prior": 0.4,
        "weights_sha256": "0" * 64,
        "training": TrainingCard(
            data="d",
            images=1,
            mergers=1,
            dataset_sha256="",
            split_sha256="",
            recipe_sha256="",
            seed=1,
            epoch=1,
            toomre_version="0",
            torch_version="0",
            created="",
        ),
    }
    return ModelCard(**{**values, **changes})


def test_round_trip(tmp_path):
    card = make_card(metrics={"test": {"roc_auc": (0.98, 0.97, 0.99)}})
    card.write(tmp_path / "model.json")
    assert ModelCard.read(tmp_path / "model.json") == card
    assert card.model_id == "x@000000000000"


def test_cards_from_before_the_sharpness_was_recorded(tmp_path):
    make_card().write(tmp_path / "model.json")
    old = json.loads((tmp_path / "model.json").read_text())
    assert old["input"].pop("psf_fwhm") == []
    (tmp_path / "model.json").write_text(json.dumps(old))
    assert ModelCard.read(tmp_path / "model.json") == make_card()


@pytest.mark.parametrize("widths", [[1.2], [1.2, 1.3, 0.0], [1.2, 1.3, None]])
def test_a_sharpness_is_one_number_a_band(tmp_path, widths):
    make_card().write(tmp_path / "model.json")
    card = json.loads((tmp_path / "model.json").read_text())
    card["input"]["psf_fwhm"] = widths
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(CorruptFileError, match="psf_fwhm"):
        ModelCard.read(tmp_path / "model.json")


def test_a_changed_card_is_refused(tmp_path):
    make_card().write(tmp_path / "model.json")
    text = (tmp_path / "model.json").read_text().replace('"threshold": 0.5', '"threshold": 5')
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(CorruptFileError, match="threshold"):
        ModelCard.read(tmp_path / "model.json")


def test_an_old_card_has_no_pixels_and_a_new_one_one_pair_a_band(tmp_path):
    make_card().write(tmp_path / "model.json")
    card = json.loads((tmp_path / "model.json").read_text())
    del card["pixels"]
    (tmp_path / "model.json").write_text(json.dumps(card))
    assert ModelCard.read(tmp_path / "model.json").pixels is None
    three = PixelCard(mean=(1.0,) * 3, std=(0.0, 1.0, 2.0))
    assert make_card(pixels=three).pixels == three
    with pytest.raises(ValidationError, match="one mean and one std a band"):
        make_card(pixels=PixelCard(mean=(1.0,), std=(1.0,)))
    for std in ((1.0, 2.0), (-1.0,)):
        with pytest.raises(ValidationError, match="one number a band, and std none below 0"):
            PixelCard(mean=(1.0,), std=std)
