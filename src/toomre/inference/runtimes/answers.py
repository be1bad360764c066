"""What a network answers, without its features: what other runtimes take over."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["Answers"]


class Answers(nn.Module):
    """What the head of a network gives, (n, outputs), without the features."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Return the outputs of images (n, band, y, x)."""
        _, outputs = self.network(images)
        answers: Tensor = outputs
        return answers
