from __future__ import annotations

import io
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from toomre.evaluation.bootstrap import Interval
from toomre.jobs.demo_page import write_page


class Reader(HTMLParser):
    """Keeps the texts by their element, and the attributes of images."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: dict[str, list[str]] = {}
        self.images: list[dict[str, str | None]] = []
        self.last = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.last = tag
        if tag == "img":
            self.images.append(dict(attrs))

    def handle_data(self, data):
        if data.strip():
            self.texts.setdefault(self.last, []).append(data.strip())


def test_the_page_shows_numbers_pictures_commands_and_times(finished_demo):
    read = Reader(finished_demo.place.page.read_text())
    cells = read.texts["td"]
    for metrics in finished_demo.metrics.values():
        value, lower, upper = metrics["roc_auc"]
        assert f"{value:.2f} ({lower:.2f} to {upper:.2f})" in cells
    code = read.texts["code"][0]
    for step, commands in finished_demo.commands.items():
        assert f"# {step}\n" in code
        assert all(command in code for command in commands)
    assert set(finished_demo.seconds) <= set(read.texts["th"])
    assert finished_demo.verdict in read.texts["p"][0]
    assert any("adapted on noisy images: There are only" in text for text in read.texts["li"])
    assert set(finished_demo.warnings) <= set(read.texts["li"])
    assert len(read.images) == 3
    assert all(image["src"].startswith("data:image/png;base64,") for image in read.images)


def test_figures_are_files_too(finished_demo):
    folder = finished_demo.place.folder / "figures"
    assert {path.name for path in folder.iterdir()} == {"mocks.png", "noisy.png", "gallery.png"}
    for path in folder.iterdir():
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            assert np.asarray(picture.convert("RGB")).std() > 10


def test_what_is_undefined_is_called_so(finished_demo, tmp_path):
    nothing = {**finished_demo.metrics["source-only", "noisy"], "purity": Interval(*3 * [np.nan])}
    metrics = {**finished_demo.metrics, ("source-only", "noisy"): nothing}
    folder = tmp_path / "copy"
    shutil.copytree(finished_demo.place.folder, folder)
    place = replace(finished_demo.place, folder=folder)
    write_page(replace(finished_demo, place=place, metrics=metrics))
    read = Reader(place.page.read_text())
    assert read.texts["td"].count("undefined") >= 1
    assert not any("nan" in cell for cell in read.texts["td"])
