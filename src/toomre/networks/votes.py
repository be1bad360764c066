"""A head for Galaxy Zoo 2's 37 vote fractions, weighted down the decision tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from toomre.lookup import lookup
from toomre.networks.dense import DenseHead
from toomre.surveys.vote_tree import ANSWERS, QUESTIONS, parents

__all__ = ["VoteHead", "VoteTree"]

# From the first question to the number of arms one goes down three times.
_DEPTH = 3
_TINY = 1e-12


class VoteTree(nn.Module):
    """Fractions from 0 to 1 become vote fractions that hang together.

    The answers of each question are divided by their sum; then each is weighted by the answer
    after which its question is asked.

    Parameters
    ----------
    weighting
        By that answer's share of its own question (``"one_step"``, as published), or by its
        already weighted fraction (``"cumulative"``), which is what the labels are: the answers
        of a question then sum to the fraction that came to it.

    Examples
    --------
    >>> votes = VoteTree()(torch.full((1, 37), 0.5))
    >>> [round(float(votes[0, ANSWERS.index(name)]), 3) for name in ("Class1.2", "Class2.2")]
    [0.333, 0.167]
    """

    _together: Tensor
    _above: Tensor

    def __init__(self, weighting: Literal["one_step", "cumulative"] = "cumulative") -> None:
        super().__init__()
        self._steps = {"one_step": 1, "cumulative": _DEPTH}[weighting]
        sizes = torch.tensor([len(question.answers) for question in QUESTIONS])
        number = torch.arange(len(QUESTIONS)).repeat_interleave(sizes)
        together = (number[:, None] == number[None, :]).float()
        # Who is asked of every galaxy is weighted by a column of ones behind the answers.
        above = [len(ANSWERS) if parent is None else parent for parent in parents()]
        self.register_buffer("_together", together, persistent=False)
        self.register_buffer("_above", torch.tensor(above), persistent=False)

    def forward(self, fractions: Tensor) -> Tensor:
        """Return vote fractions of shape (n, 37)."""
        shares = fractions / (fractions @ self._together).clamp(min=_TINY)
        votes = shares
        for _ in range(self._steps):
            reaching = nn.functional.pad(votes, (0, 1), value=1.0)
            votes = shares * reaching[:, self._above]
        return votes


class VoteHead(nn.Module):
    """Dense layers to 37 numbers, made fractions, and the decision tree if it is asked for.

    Parameters
    ----------
    num_features
        Length of the backbone's feature vector.
    hidden, activation, dropout
        As `toomre.networks.dense.DenseHead`.
    weighting
        As `VoteTree`; ``"none"``: the fractions as they are.
    fractions
        ``"sigmoid"`` of each number, as published, or ``"softmax"`` over the answers of each
        question. Divided by their sum, sigmoids that have come near 1 hardly learn any more,
        and of two such answers neither gets more than half of the votes.
    """

    def __init__(
        self,
        num_features: int,
        hidden: Sequence[int] = (),
        activation: str = "relu",
        dropout: float = 0.2,
        weighting: Literal["none", "one_step", "cumulative"] = "none",
        fractions: Literal["sigmoid", "softmax"] = "sigmoid",
    ) -> None:
        super().__init__()
        kinds: Mapping[str, Callable[[Tensor], Tensor]]
        kinds = {"sigmoid": torch.sigmoid, "softmax": _softmax}
        self._fractions = lookup(kinds, fractions, "head.options.fractions")
        self.dense = DenseHead(num_features, hidden, len(ANSWERS), activation, dropout)
        self.tree = nn.Identity() if weighting == "none" else VoteTree(weighting)

    def forward(self, features: Tensor) -> Tensor:
        """Return vote fractions from 0 to 1, (n, 37); no logits."""
        votes: Tensor = self.tree(self._fractions(self.dense(features)))
        return votes

    def penalty(self) -> Tensor:
        """Return zero."""
        return self.dense.penalty()


def _softmax(numbers: Tensor) -> Tensor:
    """Return the softmax over the answers of each question."""
    sizes = [len(question.answers) for question in QUESTIONS]
    return torch.cat([part.softmax(dim=1) for part in torch.split(numbers, sizes, dim=1)], dim=1)
