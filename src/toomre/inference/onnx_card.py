"""What stands beside an ONNX file: how to use it, and the card of the model that it was."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from toomre.errors import CorruptFileError
from toomre.networks.card import ModelCard
from toomre.storage import read_json, sha256_file, write_json

__all__ = ["MERGER_LOGIT", "VOTES", "OnnxCard", "onnx_card_file", "read_onnx_card"]

#: Names of the output.
MERGER_LOGIT, VOTES = "merger_logit", "votes"


class OnnxCard(BaseModel):
    """The description of an ONNX file (``NAME.onnx.json``).

    Attributes
    ----------
    onnx_sha256
        SHA-256 of the file.
    opset
        The version of ONNX's operators.
    inputs
        Name of the input and its shape (n, band, y, x); n is free.
    output
        ``merger_logit`` (n,) or ``votes`` (n, 37).
    usage
        What goes in, and what to do with what comes out, in words.
    largest_difference
        Of a probability or vote fraction from torch's, when the file was written.
    toomre_version, torch_version
        What wrote it.
    card
        The model's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["toomre-onnx-1"] = "toomre-onnx-1"
    onnx_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    opset: int
    inputs: dict[str, tuple[str, int, int, int]]
    output: Literal["merger_logit", "votes"]
    usage: tuple[str, ...]
    largest_difference: FiniteFloat
    toomre_version: str
    torch_version: str
    card: ModelCard

    def write(self, path: Path) -> None:
        """Write the card beside the ONNX file `path`, atomically."""
        write_json(onnx_card_file(path), self.model_dump(mode="json"))


def onnx_card_file(path: Path) -> Path:
    """Return where the card of an ONNX file is.

    Examples
    --------
    >>> onnx_card_file(Path("a.onnx")).name
    'a.onnx.json'
    """
    return path.with_name(f"{path.name}.json")


def read_onnx_card(path: Path | str) -> OnnxCard:
    """Return the card of an ONNX file, if it is that file's.

    Raises
    ------
    MissingFileError
        If there is no card.
    CorruptFileError
        If the card is none, or the file is not the one that it describes.
    """
    path = Path(path)
    place = onnx_card_file(path)
    try:
        card = OnnxCard.model_validate(read_json(place))
    except ValidationError as error:
        raise CorruptFileError(f"{place} is not a valid card of an ONNX file: {error}") from error
    found = sha256_file(path)
    if found != card.onnx_sha256:
        raise CorruptFileError(
            f"{path} has SHA-256 {found[:12]}, but {card.onnx_sha256[:12]} is recorded: the file "
            "is damaged or was changed. Export it again."
        )
    return card
