"""Fisher loss: classes that are narrow and far apart (Zhang+ 2020, Ciprijanovic+ 2021)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from toomre.errors import ArgumentError
from toomre.lookup import lookup
from toomre.losses.domain_batch import DomainBatch

__all__ = ["Fisher"]

#: Keeps the ratio finite where the centres meet, as in the published code.
_SMALLEST = 1e-12


class Fisher(nn.Module):
    """Scatter of the source's features about their class's centre, against that of the centres.

    S_w = sum over images of |h - c(class)|^2; S_b = sum over classes of |c - mean centre|^2.
    The code published with Ciprijanovic+ 2021 is ``centres="learned", reduce="sum"``: there the
    centres start anywhere, and the loss grows with the batch.

    Parameters
    ----------
    num_features
        Length of one feature vector.
    form
        ``"ratio"``: within S_w / (between S_b). ``"difference"``: within S_w - between S_b,
        which has no lower limit.
    centres
        ``"batch_means"`` of each class (0 loss where a class is absent), or ``"learned"``
        vectors that begin as N(0, 1).
    reduce
        Whether S_w is the ``"mean"`` or the ``"sum"`` over images.
    within, between
        Weights of S_w and S_b.
    learning_rate_factor
        Learning rate of the centres over that of the network (10 in the published code).

    Examples
    --------
    >>> h = torch.tensor([[0.0], [2.0], [5.0], [7.0]])
    >>> Fisher(1)(DomainBatch(h, h, torch.tensor([0, 0, 1, 1])))  # 1 / (2 * 2.5^2)
    tensor(0.0800)
    """

    def __init__(
        self,
        num_features: int,
        *,
        form: str = "ratio",
        centres: str = "batch_means",
        reduce: str = "mean",
        within: float = 1.0,
        between: float = 1.0,
        learning_rate_factor: float = 1.0,
    ) -> None:
        super().__init__()
        self.form = lookup(_FORMS, form, "form")
        self.reduce = lookup(_REDUCTIONS, reduce, "reduce")
        self.centres = lookup(_CENTRES, centres, "centres")(num_features)
        if between == 0 and form == "ratio":
            raise ArgumentError.expected("between", "a number above 0 with form 'ratio'", between)
        self.within, self.between = within, between
        self.learning_rate_factor = learning_rate_factor

    def forward(self, batch: DomainBatch) -> Tensor:
        """Return the loss of one batch."""
        features, labels = batch.features_source, batch.labels_source
        centres, valid = self.centres(features, labels)
        within = self.reduce((features - centres[labels]).square().sum(1))
        between = (centres - centres.mean(0)).square().sum()
        value: Tensor = valid * self.form(self.within * within, self.between * between)
        return value


class _LearnedCentres(nn.Module):
    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(2, num_features))

    def forward(self, features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the centres, (2, d), and 1."""
        return self.vectors, features.new_ones(())


class _BatchMeans(nn.Module):
    def __init__(self, num_features: int) -> None:
        super().__init__()

    def forward(self, features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the centres, (2, d), and whether both classes are there, 1 or 0."""
        members = functional.one_hot(labels, 2).to(features.dtype)
        counts = members.sum(0)
        centres = (members.T @ features) / counts.clamp(min=1)[:, None]
        return centres, (counts > 0).all().to(features.dtype)


def _ratio(within: Tensor, between: Tensor) -> Tensor:
    return within / between.clamp(min=_SMALLEST)


def _difference(within: Tensor, between: Tensor) -> Tensor:
    return within - between


_FORMS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "ratio": _ratio,
    "difference": _difference,
}
_REDUCTIONS: Mapping[str, Callable[[Tensor], Tensor]] = {"mean": torch.mean, "sum": torch.sum}
_CENTRES: Mapping[str, Callable[[int], nn.Module]] = {
    "batch_means": _BatchMeans,
    "learned": _LearnedCentres,
}
