"""VGG-16 (Simonyan & Zisserman 2015), with the tensor names of torchvision's checkpoint."""

from __future__ import annotations

from torch import Tensor, nn

from toomre.networks.network import check_size
from toomre.networks.start import he_fan_out

__all__ = ["VGG16Backbone"]

# Convolutions and their width: one row a block, a pooling after each.
_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))


class VGG16Backbone(nn.Module):
    """The convolutions of VGG-16, averaged over the image: 512 features.

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size); at least 64 pixels.

    Examples
    --------
    >>> backbone = VGG16Backbone(bands=3, size=64)
    >>> sum(p.numel() for p in backbone.parameters())
    14714688
    """

    def __init__(self, bands: int, size: int) -> None:
        super().__init__()
        check_size(size)
        layers: list[nn.Module] = []
        channels = bands
        for convolutions, width in _BLOCKS:
            for _ in range(convolutions):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.num_features = channels
        self.apply(he_fan_out)

    @property
    def cam_layer(self) -> nn.Module:
        """The last ReLU; it overwrites what the last convolution gives."""
        return self.features[-2]

    def forward(self, images: Tensor) -> Tensor:
        """Return features of shape (n, 512)."""
        maps: Tensor = self.features(images)
        return maps.mean(dim=(2, 3))
