"""How weights start: the rules that several networks share."""

from __future__ import annotations

from torch import nn

__all__ = ["glorot", "he_fan_out"]


def glorot(module: nn.Module) -> None:
    """Start one layer as Keras does: Glorot uniform weights and zero biases."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def he_fan_out(module: nn.Module) -> None:
    """Start one convolution as torchvision does: He's normal weights and zero biases."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
