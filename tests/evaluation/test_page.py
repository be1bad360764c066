"""The page, judged by the parser of the standard library and by a reader of PNG files."""

from __future__ import annotations

import base64
import io
from html.parser import HTMLParser

import pytest
from PIL import Image

from toomre.errors import ArgumentError
from toomre.evaluation.page import Code, Notes, Page, Paragraph, Picture, Section, Table

_VOID = {"meta", "img", "br", "hr", "link", "input"}


class Reader(HTMLParser):
    """Reads a page, and fails where an element is not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and data.strip():
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def png(width: int = 3) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, 2), "red").save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def page() -> Page:
    return Page(
        title="A <b>page</b> & more",
        lead='He said "5 < 6".',
        sections=[
            Section("Numbers", [Table("All <i>", ("set", "a&b"), [("x", "1"), ("<td>", "2")])]),
            Section("Numbers", [Paragraph("</p><script>alert(1)</script>")]),
            Section("Größe", [Picture(png(), 'say "cheese"', "a <caption>"), Code("a < b && c")]),
            Section("¿?", [Notes(["one", "two"], warning=True), Notes([]), Notes(["three"])]),
        ],
        foot="The <end>.",
    )


def test_the_page_is_well_formed_and_shows_text_as_it_is(page):
    text = page.to_html()
    read = Reader(text)
    assert text.startswith("<!doctype html>")
    assert read.all("html") == [{"lang": "en"}]
    assert read.texts["title"] == read.texts["h1"] == ["A <b>page</b> & more"]
    assert read.texts["h2"] == ["Numbers", "Numbers", "Größe", "¿?"]
    assert read.texts["caption"] == ["All <i>"]
    assert read.texts["figcaption"] == ["a <caption>"]
    assert read.texts["code"] == ["a < b && c"]
    assert read.texts["li"] == ["one", "two", "three"]
    assert {'He said "5 < 6".', "</p><script>alert(1)</script>", "The <end>."} <= set(
        read.texts["p"]
    )
    assert not read.all("script")
    for once in ("header", "main", "footer", "nav", "h1", "title"):
        assert len(read.all(once)) == 1, once


def test_nothing_is_asked_for_from_outside(page):
    text = page.to_html()
    read = Reader(text)
    for tag, attributes in read.found:
        assert tag not in {"link", "script", "iframe", "object", "embed", "base", "form"}
        for name in ("src", "href", "srcset", "poster", "data", "background", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/png;base64,")), (tag, name)
    style = "".join(read.texts["style"])
    assert "url(" not in style
    assert "@import" not in style
    policy = next(m for m in read.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"].startswith("default-src 'none'")


def test_a_figure_keeps_its_pixels_and_says_what_it_shows(page):
    (image,) = Reader(page.to_html()).all("img")
    assert image["alt"] == 'say "cheese"'
    content = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"), validate=True)
    assert content == png()
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (3, 2)


def test_a_figure_is_read_from_a_file(tmp_path):
    (tmp_path / "a.png").write_bytes(png(7))
    assert Picture.read(tmp_path / "a.png", "seven", "") == Picture(png(7), "seven", "")


def test_links_of_the_navigation_lead_to_sections_of_their_own(page):
    read = Reader(page.to_html())
    names = [section["id"] for section in read.all("section")]
    assert [link["href"] for link in read.all("a")] == [f"#{name}" for name in names]
    assert len(set(names)) == 4
    assert all(name.isascii() and " " not in name for name in names)
    few = Page("a", "b", page.sections[:2])
    assert not Reader(few.to_html()).all("nav")


def test_a_table_names_its_rows_and_columns(page):
    read = Reader(page.to_html())
    assert [cell["scope"] for cell in read.all("th")] == ["col", "col", "row", "row"]
    assert read.texts["td"] == ["1", "2"]
    assert read.texts["th"] == ["set", "a&b", "x", "<td>"]


def test_a_page_of_nothing(tmp_path):
    read = Reader(Page("", "", []).to_html())
    assert not read.all("section")
    Page("empty", "", []).write(tmp_path / "new" / "index.html")
    assert "empty" in Reader((tmp_path / "new" / "index.html").read_text()).texts["title"]


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ArgumentError, match="Expected `rows` to be rows of 2 cells, but got"):
        Table("", ("a", "b"), [("1",)])
    with pytest.raises(ArgumentError, match="`png` to be the content of a PNG file"):
        Picture(b"", "nothing", "")
    with pytest.raises(ArgumentError, match="Expected `alt` to be what the picture shows"):
        Picture(png(), " ", "")
