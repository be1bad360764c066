"""One HTML page that is complete by itself: text, tables and figures in one file.

It asks for nothing from outside, is readable on a phone and on paper, follows the reader's
choice of light or dark, and shows all text as it is given. A page is made of sections, a section
of blocks, and nothing knows what is on the page.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Protocol

from toomre.errors import ArgumentError
from toomre.evaluation.page_style import STYLE
from toomre.storage import write_text

__all__ = ["Block", "Code", "Notes", "Page", "Paragraph", "Picture", "Section", "Table"]

_PNG = b"\x89PNG\r\n\x1a\n"
# A navigation is of use from so many sections on.
_MANY = 3


class Block(Protocol):
    """A part of a section."""

    def to_html(self) -> str:
        """Return the block as HTML."""
        ...


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text.

    Examples
    --------
    >>> Paragraph("purity > 0.9").to_html()
    '<p>purity &gt; 0.9</p>'
    """

    text: str

    def to_html(self) -> str:
        """Return the paragraph as HTML."""
        return f"<p>{escape(self.text)}</p>"


@dataclass(frozen=True)
class Code:
    """Commands or other lines that are shown letter by letter, to be copied.

    Examples
    --------
    >>> Code("toomre models").to_html()
    '<pre tabindex="0"><code>toomre models</code></pre>'
    """

    text: str

    def to_html(self) -> str:
        """Return the lines as HTML."""
        return f'<pre tabindex="0"><code>{escape(self.text)}</code></pre>'


@dataclass(frozen=True)
class Notes:
    """A list of short texts.

    Attributes
    ----------
    texts
        One an item; none gives nothing at all.
    warning
        Whether they are warnings, which stand out in a frame.

    Examples
    --------
    >>> Notes(("One seed.",)).to_html()
    '<ul><li>One seed.</li></ul>'
    """

    texts: Sequence[str]
    warning: bool = False

    def to_html(self) -> str:
        """Return the list as HTML."""
        if not self.texts:
            return ""
        items = "".join(f"<li>{escape(text)}</li>" for text in self.texts)
        if not self.warning:
            return f"<ul>{items}</ul>"
        return f'<aside class="warning"><p><strong>Warnings</strong></p><ul>{items}</ul></aside>'


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows.

    Attributes
    ----------
    caption
        What the numbers are.
    columns
        The names of all columns.
    rows
        The texts of the cells, as many a row as there are columns.

    Raises
    ------
    ArgumentError
        If a row has more or fewer cells.

    Examples
    --------
    >>> Table("Metrics", ("images", "purity"), [("noisy", "0.91")]).to_html().count("<th ")
    3
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                allowed = f"rows of {len(self.columns)} cells"
                raise ArgumentError.expected("rows", allowed, list(row))

    def to_html(self) -> str:
        """Return the table as HTML; where the screen is too narrow, it is moved by itself."""
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.columns)
        body = "\n".join(
            f'<tr><th scope="row">{escape(first)}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
            + "</tr>"
            for first, *rest in self.rows
        )
        return (
            f'<div class="wide" tabindex="0"><table>\n<caption>{escape(self.caption)}</caption>\n'
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
        )


@dataclass(frozen=True)
class Picture:
    """A figure, kept within the page.

    Attributes
    ----------
    png
        The content of a PNG file.
    alt
        What it shows, for those who cannot see it.
    caption
        What to see in it, for all.

    Raises
    ------
    ArgumentError
        If it is no PNG, or there is nothing for those who cannot see it.

    Examples
    --------
    >>> Picture(b"GIF89a", "a galaxy", "")
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `png` to be the content of a PNG file, but got b'GIF89a'.
    """

    png: bytes
    alt: str
    caption: str

    def __post_init__(self) -> None:
        if not self.png.startswith(_PNG):
            raise ArgumentError.expected("png", "the content of a PNG file", self.png[:8])
        if not self.alt.strip():
            raise ArgumentError.expected("alt", "what the picture shows", self.alt)

    @classmethod
    def read(cls, path: Path | str, alt: str, caption: str) -> Picture:
        """Read the PNG file."""
        return cls(Path(path).read_bytes(), alt, caption)

    def to_html(self) -> str:
        """Return the figure as HTML."""
        content = base64.b64encode(self.png).decode()
        return (
            f'<figure><img alt="{escape(self.alt)}" src="data:image/png;base64,{content}">\n'
            f"<figcaption>{escape(self.caption)}</figcaption></figure>"
        )


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes
    ----------
    title
        Of the page and of the browser's window.
    lead
        What a reader should know who reads no further.
    sections
        In order.
    foot
        How the page was made.

    Examples
    --------
    >>> page = Page("Demo", "Two of three.", [Section("Numbers", [Paragraph("2 / 3")])])
    >>> page.to_html().splitlines()[:2]
    ['<!doctype html>', '<html lang="en">']
    """

    title: str
    lead: str
    sections: Sequence[Section]
    foot: str = ""

    def to_html(self) -> str:
        """Return the whole page."""
        names = _anchors([section.title for section in self.sections])
        parts = [
            _HEAD.format(title=escape(self.title), style=STYLE),
            f'<header><h1>{escape(self.title)}</h1>\n<p class="lead">{escape(self.lead)}</p>',
            _navigation(self.sections, names),
            "</header>\n<main>",
        ]
        for section, name in zip(self.sections, names, strict=True):
            blocks = "\n".join(block.to_html() for block in section.blocks)
            head = f'<section id="{name}">\n<h2>{escape(section.title)}</h2>'
            parts.append(f"{head}\n{blocks}\n</section>")
        parts.append(f"</main>\n<footer><p>{escape(self.foot)}</p></footer>\n</body>\n</html>\n")
        return "\n".join(part for part in parts if part)

    def write(self, path: Path | str) -> None:
        """Write the page, whole or not at all."""
        write_text(Path(path), self.to_html())


# The policy lets the browser load nothing but what stands in the page.
_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>"""


def _navigation(sections: Sequence[Section], names: Sequence[str]) -> str:
    if len(sections) < _MANY:
        return ""
    items = "".join(
        f'<li><a href="#{name}">{escape(section.title)}</a></li>'
        for section, name in zip(sections, names, strict=True)
    )
    return f'<nav aria-label="Sections"><ul>{items}</ul></nav>'


def _anchors(titles: Sequence[str]) -> list[str]:
    """Return a name for each section, no two alike, of letters, digits and hyphens."""
    return [
        f"s{number}-{re.sub('[^a-z0-9]+', '-', title.casefold()).strip('-')}".rstrip("-")
        for number, title in enumerate(titles, 1)
    ]
