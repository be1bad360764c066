"""Domain-adversarial training: features that do not tell the domains apart (Ganin+ 2016)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from toomre.lookup import lookup
from toomre.losses.domain_batch import DomainBatch, target_outputs

__all__ = ["DomainAdversarial", "ramp"]

# A logit whose probability of being wrong, 1e-26, leaves room for its gradient in float32, which
# ends at 1e-38.
_SURE = 60.0


class DomainAdversarial(nn.Module):
    """Cross-entropy of a domain classifier (source 1, target 0) that the features work against.

    The classifier learns to tell the domains apart; the features learn the opposite. In the code
    published with Ciprijanovic+ 2021 the classifier is never trained
    (``learning_rate_factor=0``), and the reversal is ``"constant"``.

    With ``aim="reversal"`` the features' gradient fades where the classifier is sure: once it
    has won, the features learn nothing and the training has failed. ``aim="confusion"`` (Tzeng+
    2015) has its largest gradient there, and none where the classifier is undecided, which makes
    an end of the game that training can rest at.

    Parameters
    ----------
    num_features
        Length of one feature vector.
    aim
        What the features learn: ``"reversal"``, the classifier's gradient with the other sign
        (Ganin+ 2016), or ``"confusion"``, a probability of 1/2 for both domains.
    reversal
        ``"ramp"``: the features' gradient is multiplied by 2 / (1 + exp(-10 progress)) - 1.
        ``"constant"``: by 1.
    reversal_weight
        One more factor on the features' gradient; the classifier does not see it.
    hidden, dropout
        Width of the classifier's two hidden layers, and the dropout after each.
    learning_rate_factor
        Learning rate of the classifier over that of the network.

    Examples
    --------
    >>> loss = DomainAdversarial(2592)
    >>> sum(p.numel() for p in loss.parameters())
    3705857
    >>> zeros = torch.zeros(4, 2592)
    >>> loss(DomainBatch(zeros, zeros, torch.arange(4) % 2, zeros, zeros)).detach()
    tensor(0.6931)
    """

    needs_target: ClassVar[bool] = True

    def __init__(
        self,
        num_features: int,
        *,
        aim: str = "reversal",
        reversal: str = "ramp",
        reversal_weight: float = 1.0,
        hidden: int = 1024,
        dropout: float = 0.5,
        learning_rate_factor: float = 1.0,
    ) -> None:
        super().__init__()
        self.strength = lookup(_AIMS, aim, "aim")
        self.reversal = lookup(_REVERSALS, reversal, "reversal")
        self.reversal_weight = reversal_weight
        self.learning_rate_factor = learning_rate_factor
        self.classifier = _domain_classifier(num_features, hidden, dropout)
        self._monitors: dict[str, Tensor] = {}

    def forward(self, batch: DomainBatch) -> Tensor:
        """Return the loss of one batch."""
        source, (target, _) = batch.features_source, target_outputs(batch, "adversarial")
        features = torch.cat([source, target])
        logits = self.classifier(features)[:, 0]
        count = len(source)
        right = torch.cat([logits[:count], -logits[count:]])
        # A surer answer has the value and gradient of this one, so that neither is ever 0.
        right = right + (right.clamp(max=_SURE) - right).detach()
        if features.requires_grad:
            factor = self.reversal_weight * self.reversal(batch.progress)
            strength = factor * self.strength(right.detach())[:, None]
            features.register_hook(lambda g: -strength * g)  # type: ignore[no-untyped-call]
        correct = (right.detach() > 0).float()
        self._monitors = {
            "accuracy_source": correct[:count].mean(),
            "accuracy_target": correct[count:].mean(),
        }
        return functional.softplus(-right).mean()

    def monitors(self) -> dict[str, Tensor]:
        """Return the classifier's accuracy in each domain at the last call.

        Both near 0.5: the domains cannot be told apart. Both near 1 for long: the classifier has
        won, and the features learn nothing from it. One near 1 and one near 0: it has collapsed.
        """
        return self._monitors


def ramp(progress: float, alpha: float = 10.0) -> float:
    """Return 2 / (1 + exp(-alpha progress)) - 1, which rises from 0 to about 1 (Ganin+ 2016).

    Examples
    --------
    >>> ramp(0.0), round(ramp(0.5), 4)
    (0.0, 0.9866)
    """
    return 2 / (1 + math.exp(-alpha * progress)) - 1


def _domain_classifier(num_features: int, hidden: int, dropout: float) -> nn.Sequential:
    sizes = [(num_features, hidden, 0.01), (hidden, hidden, 0.01), (hidden, 1, 0.3)]
    linears = []
    for size_in, size_out, spread in sizes:
        linear = nn.Linear(size_in, size_out)
        nn.init.normal_(linear.weight, std=spread)
        nn.init.zeros_(linear.bias)
        linears.append(linear)
    first, second, last = linears
    return nn.Sequential(
        *(first, nn.ReLU(), nn.Dropout(dropout)), *(second, nn.ReLU(), nn.Dropout(dropout)), last
    )


def _constant(progress: float) -> float:
    return 1.0


def _reversed(right: Tensor) -> Tensor:
    return torch.ones_like(right)


def _confused(right: Tensor) -> Tensor:
    """Return what turns the reversed gradient, q with q = 1 - p(true domain), into 1/2 - q."""
    wrong = torch.sigmoid(-right)
    return (0.5 - wrong) / wrong


_AIMS: Mapping[str, Callable[[Tensor], Tensor]] = {"reversal": _reversed, "confusion": _confused}
_REVERSALS: Mapping[str, Callable[[float], float]] = {"constant": _constant, "ramp": ramp}
