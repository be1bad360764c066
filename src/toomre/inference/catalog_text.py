r"""How text stands in the catalogue's text formats, so that nothing is lost and nothing runs.

CSV: a cell that begins with ``= + - @``, a tab, a carriage return or ``'`` gets one more ``'``
in front, for a spreadsheet would take the first six for the beginning of a formula. To read it
back, take one ``'`` away from the front of each text that begins with one. See
`toomre.spreadsheet`.

FITS, VOTable, ECSV: a backslash is doubled, and what these formats cannot hold is written as
``\xNN``, ``\uNNNN`` or ``\UNNNNNNNN``: control characters, a space at either end, ``#`` at the
beginning (a comment in ECSV), and in FITS whatever is not ASCII.
"""

from __future__ import annotations

import re

__all__ = ["TEXT_COLUMNS", "escape", "unescape"]

#: The columns that hold text; the last is not in every catalogue.
TEXT_COLUMNS = ("image_id", "status", "reason", "model_id", "conformal_set")

_ESCAPED = re.compile(r"\\(?:\\|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
# Control characters, line ends and the code points that XML does not allow.
_NOT_XML = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
_UNSAFE = re.compile(rf"[\\{_NOT_XML}]|^[\s#]|\s$")
_UNSAFE_ASCII = re.compile(r"[^ -\[\]-~]|^[\s#]|\s$")


def escape(text: str, *, ascii_only: bool = False) -> str:
    r"""Return a text as FITS, VOTable and ECSV can hold it.

    Examples
    --------
    >>> print(escape("M 31\t\\"), escape("é", ascii_only=True))
    M 31\x09\\ \xe9
    """
    return (_UNSAFE_ASCII if ascii_only else _UNSAFE).sub(_escape_one, text)


def unescape(text: str) -> str:
    r"""Return the text that `escape` was given.

    Examples
    --------
    >>> unescape(escape(" é\n ", ascii_only=True))
    ' é\n '
    """
    return _ESCAPED.sub(_unescape_one, text)


def _escape_one(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\\":
        return r"\\"
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _unescape_one(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    return chr(int(digits, 16)) if digits else "\\"
