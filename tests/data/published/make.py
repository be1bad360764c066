"""Draw tiny files of the same schemas as the published DeepMerge sets.

    python tests/data/published/make.py FOLDER [SEED]

The images are drawings; nothing written here is committed. In FOLDER:

    mast/       hlsp_deepmerge_..._sim-{pristine,noisy}.fits, 2 and 3 filters
    arrays/     hlsp_deepmerge_..._sim-{pristine,noisy}-x.npy and ...-labels-y.npy
    code/       SB00_augmented.npy, SB25_..., their labels, and the tables beside them
    zenodo/     SimSim_... and SimReal_... .npy

The DeepMerge files hold 6 mergers and 9 nonmergers seen by 4 cameras, in the published order
(originals, flipped up-down, left-right, turned by 90, by 180 degrees; nonmergers). The SimReal
files hold 3 mergers turned and zoomed in 4 ways each, and 12 nonmergers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

__all__ = ["CAMERAS", "MERGERS", "NONMERGERS", "deepmerge", "main", "simreal"]

MERGERS, NONMERGERS, CAMERAS = 6, 9, 4
_SIDE, _NEAR_SIDE, _COPIES = 16, 64, 4
_MAST = {
    2: ("hlsp_deepmerge_hst_acs-wfc3_illustris-z2_f814w-f160w_v1_sim", "F814W-F160W"),
    3: (
        "hlsp_deepmerge_hst-jwst_acs-wfc3-nircam_illustris-z2_f814w-f160w-f356w_v1_sim",
        "F814W-F160W-F356W",
    ),
}
_NOISE = {"pristine": 0.0, "noisy": 0.3}


def deepmerge(
    seed: int, bands: int = 3, noise: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return images (n, band, y, x) and labels (n,) in the published order."""
    light, sky = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    count = (MERGERS + NONMERGERS) * CAMERAS
    images = np.stack([_galaxy(light, _SIDE, bands, 5) for _ in range(count)])
    images += noise * sky.normal(size=images.shape)
    mergers, rest = np.split(images, [MERGERS * CAMERAS])
    copies = [
        mergers,
        mergers[:, :, ::-1],
        mergers[..., ::-1],
        np.rot90(mergers, axes=(2, 3)),
        np.rot90(mergers, 2, axes=(2, 3)),
    ]
    labels = np.repeat([1, 0], [5 * len(mergers), len(rest)])
    return np.concatenate([*copies, rest]).astype(np.float32), labels


def simreal(seed: int, *, picture: bool) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return images (n, 3, y, x) and labels (n,): turned and zoomed mergers, and nonmergers."""
    rng = np.random.default_rng(seed)
    images = []
    for galaxy in range(3 + 12):
        plain = _galaxy(rng, 2 * _NEAR_SIDE, 3, 25)
        plain += 0.02 * rng.normal(size=plain.shape)
        for copy in range(_COPIES if galaxy < 3 else 1):
            zoom, angle = (1.0, 0.0) if copy == 0 else (rng.uniform(0.9, 1.1), rng.uniform(0, 6))
            images.append(np.stack([_turned(plane, zoom, angle) for plane in plain]))
    stack = np.stack(images)
    if picture:
        stack = np.clip(20 + 60 * stack, 0, 255)
    labels = np.repeat([1, 0], [3 * _COPIES, 12])
    return stack.astype(np.float32), labels


def write_mast(folder: Path, seed: int) -> None:
    """Write FITS files with images, labels and, in the 2-filter ones, FILTER keywords."""
    folder.mkdir(parents=True)
    for bands, (name, filters) in _MAST.items():
        for kind, noise in _NOISE.items():
            images, labels = deepmerge(seed, bands, noise)
            primary = fits.PrimaryHDU(images)
            if bands == 2:
                for number, each in enumerate(filters.split("-"), start=1):
                    primary.header[f"FILTER{number:02d}"] = each
                second = fits.ImageHDU(labels.astype(">i8"))
            else:
                column = fits.Column("label", "D", array=labels.astype(float))
                second = fits.BinTableHDU.from_columns([column])
            fits.HDUList([primary, second]).writeto(folder / f"{name}-{kind}.fits")


def write_arrays(folder: Path, seed: int) -> None:
    """Write the .npy twins of the 2-filter files at MAST."""
    folder.mkdir(parents=True)
    for kind, noise in _NOISE.items():
        images, labels = deepmerge(seed, 2, noise)
        np.save(folder / f"{_MAST[2][0]}-{kind}-x.npy", images)
        np.save(folder / f"{_MAST[2][0]}-{kind}-labels-y.npy", labels.astype(float))


def write_code(folder: Path, seed: int) -> None:
    """Write the twins published with the code, with halo ids and past and future mergers."""
    folder.mkdir(parents=True)
    for kind, name in (("pristine", "SB00"), ("noisy", "SB25")):
        for bands, ending in ((2, ""), (3, "_3FILT")):
            images, labels = deepmerge(seed, bands, _NOISE[kind])
            np.save(folder / f"{name}_augmented{ending}.npy", images)
            np.save(folder / f"{name}_augmented_y{ending}.npy", labels)
    halos = np.tile(np.repeat(7 * np.arange(MERGERS), CAMERAS), 5)
    halos = np.concatenate([halos, np.repeat(1000 + np.arange(NONMERGERS), CAMERAS)])
    past = labels * (halos % 2 == 0)
    np.save(folder / "subsamples_ID.npy", halos)
    np.save(folder / "subsamples_y.npy", np.stack([labels, past, labels - past], axis=1))
    np.save(folder / "logMstar.npy", 10 + halos / 1000)
    np.save(folder / "m20.npy", np.where(labels == 1, np.nan, -1.7))


def write_zenodo(folder: Path, seed: int) -> None:
    """Write the arrays of DeepMerge II; one name has a small x, as it is also spread."""
    folder.mkdir(parents=True)
    for domain, kind in (("SOURCE", "pristine"), ("TARGET", "noisy")):
        images, labels = deepmerge(seed, 3, _NOISE[kind])
        np.save(folder / f"SimSim_{domain}_X_Illustris2_{kind}.npy", images)
        np.save(folder / f"SimSim_{domain}_y_Illustris2_{kind}.npy", labels)
    images, labels = simreal(seed, picture=False)
    np.save(folder / "SimReal_SOURCE_X_Illustris0.npy", images)
    np.save(folder / "SimReal_SOURCE_y_Illustris0.npy", labels)
    images, labels = simreal(seed + 5, picture=True)
    np.save(folder / "SimReal_TARGET_x_postmergers_SDSS.npy", images)
    np.save(folder / "SimReal_TARGET_y_postmergers_SDSS.npy", labels)


def _galaxy(rng: np.random.Generator, side: int, bands: int, clumps: int) -> NDArray[np.float64]:
    """Draw a galaxy of clumps, (band, y, x), of about 1 at the centre."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    image = np.exp(-np.hypot(x, y) / (0.12 * side))
    for _ in range(clumps):
        angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.22) * side
        width = rng.uniform(0.015, 0.03) * side
        away = (x - radius * np.cos(angle)) ** 2 + (y - radius * np.sin(angle)) ** 2
        image += rng.uniform(0.2, 0.6) * np.exp(-away / (2 * width**2))
    return rng.uniform(0.5, 1.5, (bands, 1, 1)) * image


def _turned(plane: NDArray[np.float64], zoom: float, angle: float) -> NDArray[np.float64]:
    """Return the centre of a plane, turned and zoomed."""
    cosine, sine = np.cos(angle) / zoom, np.sin(angle) / zoom
    matrix = np.array([[cosine, -sine], [sine, cosine]])
    middle = (np.array(plane.shape) - 1) / 2
    offset = middle - matrix @ np.full(2, (_NEAR_SIDE - 1) / 2)
    return np.asarray(affine_transform(plane, matrix, offset, (_NEAR_SIDE,) * 2, order=1))


def main(folder: Path | str, seed: int = 1) -> Path:
    """Write all files into a folder that is not there yet, and return it."""
    folder = Path(folder)
    for name, write in (
        ("mast", write_mast),
        ("arrays", write_arrays),
        ("code", write_code),
        ("zenodo", write_zenodo),
    ):
        write(folder / name, seed)
    return folder


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
