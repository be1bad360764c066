"""What the published sets are: their files, bands, statistics and splits, each with its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from toomre.images.cutout import Encoding
from toomre.preparation.published.splits import deepmerge1_parts, deepmerge2_parts

__all__ = ["PUBLISHED", "Domain", "PublishedSet", "Statistics"]


@dataclass(frozen=True)
class Statistics:
    """Published mean and standard deviation of each plane of an array, over all its pixels."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Domain:
    """One array of images of a published set.

    Attributes
    ----------
    name
        Of the prepared set that it becomes.
    words
        A file whose name has one of these words is of this domain.
    planes
        Number of planes -> their bands in the file's order, where the file does not say it.
    stored
        Number of planes -> the bands of the prepared set in order.
    images
        How many images were published.
    encoding
        What a pixel value means.
    statistics
        For the check of a download, or None where none were published.
    """

    name: str
    words: tuple[str, ...]
    planes: Mapping[int, tuple[str, ...]]
    stored: Mapping[int, tuple[str, ...]]
    images: int
    encoding: Encoding = "linear"
    statistics: Statistics | None = None


@dataclass(frozen=True)
class PublishedSet:
    """A published data set.

    Attributes
    ----------
    name
        As one types it.
    source
        Where it comes from.
    domains
        Its arrays, the source domain first.
    required
        Words that all its file names have, besides that of the domain.
    parts
        Number of images of each domain -> the published part of each image.
    seed
        Of that split.
    twins
        Whether the arrays show the same galaxies in the same order.
    redshift
        Of the galaxies, or NaN.
    """

    name: str
    source: str
    domains: tuple[Domain, ...]
    parts: Callable[[Sequence[int]], list[NDArray[np.object_]]]
    seed: int
    required: str = ""
    twins: bool = True
    redshift: float = field(default=float("nan"))


# The order of the file names at MAST; two filters in that order are also what public loaders
# say of the headers. The planes of the .npy files are not named anywhere.
_HUBBLE = {2: ("F814W", "F160W"), 3: ("F814W", "F160W", "F356W")}
_SDSS = {3: ("i", "r", "g")}  # red, green and blue of the picture

# Printed in the code published with DeepMerge II; the order of planes is that of the files.
_PRISTINE = Statistics((0.0375126, 0.03326255, 0.06786563), (1.30893517, 1.02839041, 1.12307501))
_NOISY = Statistics((0.03749673, 0.03331003, 0.06772753), (1.37418461, 1.16330922, 1.19831419))
_NEARBY = Statistics((0.60699224, 0.63178635, 0.56252038), (1.8455255, 1.84083951, 1.4652102))
_PICTURES = Statistics(
    (25.81263733, 21.12583733, 14.25884247), (35.08432007, 29.94885445, 19.8165493)
)

_DEEPMERGE1 = PublishedSet(
    name="deepmerge1",
    source="MAST, doi:10.17909/t9-vqk6-pc80 (Ciprijanovic et al. 2020)",
    domains=(
        Domain("pristine", ("pristine", "sb00"), _HUBBLE, _HUBBLE, 15426, statistics=_PRISTINE),
        Domain("noisy", ("noisy", "noise", "sb25"), _HUBBLE, _HUBBLE, 15426, statistics=_NOISY),
    ),
    parts=deepmerge1_parts,
    seed=5,
    redshift=2.0,
)
_SIMSIM = PublishedSet(
    name="deepmerge2-simsim",
    source="Zenodo, doi:10.5281/zenodo.4507941 (Ciprijanovic et al. 2021)",
    domains=(
        Domain("source", ("source",), _HUBBLE, _HUBBLE, 15426, statistics=_PRISTINE),
        Domain("target", ("target",), _HUBBLE, _HUBBLE, 15426, statistics=_NOISY),
    ),
    parts=deepmerge2_parts,
    seed=1,
    required="simsim",
    redshift=2.0,
)
_SIMREAL = PublishedSet(
    name="deepmerge2-simreal",
    source="Zenodo, doi:10.5281/zenodo.4507941 (Ciprijanovic et al. 2021)",
    domains=(
        # Said to be g, r, i, and to be reordered to i, r, g for training.
        Domain("source", ("source",), {3: ("g", "r", "i")}, _SDSS, 6000, statistics=_NEARBY),
        Domain("target", ("target",), _SDSS, _SDSS, 6000, "display", _PICTURES),
    ),
    parts=deepmerge2_parts,
    seed=1,
    required="simreal",
    twins=False,
)

#: The published sets by name.
PUBLISHED: Mapping[str, PublishedSet] = {
    each.name: each for each in (_DEEPMERGE1, _SIMSIM, _SIMREAL)
}
