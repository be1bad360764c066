"""Pictures of stars: four cameras, and a smooth kernel for each star that keeps its flux."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from toomre.errors import ArgumentError
from toomre.mocks.compiling import compiled
from toomre.mocks.constants import KERNEL_NEIGHBOURS

__all__ = ["CAMERAS", "LARGEST_REACH", "neighbour_radius", "splat", "view"]

Array = NDArray[np.float64]

# Directions from which the cameras look: the corners of a tetrahedron, as in Snyder et al. 2019.
_CORNERS = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
# A kernel reaches at least this far [pixel], so that no star falls between the pixels' middles.
_LEAST_REACH = 1.0
#: And at most this far [pixel]: the outermost stars would else take most of the time.
LARGEST_REACH = 12.0


def _camera(direction: Array) -> Array:
    """Return the rotation whose third row looks along a direction."""
    side = np.cross([0.0, 0.0, 1.0], direction)
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(direction, side), direction])


#: Rotation matrices of the four cameras, (4, 3, 3): x, y in the picture, z towards the camera.
CAMERAS = np.stack([_camera(corner) for corner in _CORNERS])


def view(position: Array, camera: int) -> Array:
    """Return positions (3, n) as a camera sees them: x, y in the sky and z towards it."""
    return np.asarray(CAMERAS[camera] @ position)


def neighbour_radius(position: Array, neighbours: int = KERNEL_NEIGHBOURS) -> Array:
    """Return each star's distance to one of its nearest neighbours [kpc], (n,).

    Parameters
    ----------
    position
        Of the stars [kpc], (3, n).
    neighbours
        Which one: 1 is the nearest. With fewer stars the farthest one counts.
    """
    stars = position.T
    if len(stars) < 2:
        return np.zeros(len(stars))
    which = min(neighbours, len(stars) - 1) + 1
    tree = cKDTree(stars, balanced_tree=False, compact_nodes=False)
    distance: Array = tree.query(stars, k=[which])[0][:, 0]
    return distance


def splat(
    place: Array, reach: Array, flux: Array, size: int, largest: float = LARGEST_REACH
) -> Array:
    """Paint stars on pixels.

    Parameters
    ----------
    place
        Positions x, y [pixel], (2, n); the middle of the first pixel is 0.
    reach
        Radius of each star's kernel [pixel], (n,). The kernel is (1 - r^2/reach^2)^2.
    flux
        Flux of each star in each band, (band, n).
    size
        Pixels on a side.
    largest
        No kernel is larger than this [pixel].

    Returns
    -------
    Picture (band, y, x). A star whose kernel lies within the picture gives it all of its flux;
    what falls beside the picture is lost.

    Examples
    --------
    >>> picture = splat(np.array([[5.2], [4.7]]), np.array([2.5]), np.array([[3.0]]), 12)
    >>> round(float(picture.sum()), 9)
    3.0
    """
    if place.shape != (2, flux.shape[1]) or reach.shape != (flux.shape[1],):
        raise ArgumentError(
            "Expected one place, reach and flux for each star, but got shapes "
            f"{place.shape}, {reach.shape} and {flux.shape}."
        )
    light = np.ascontiguousarray(flux.T)
    picture = np.zeros((size, size, light.shape[1]))
    kernel = np.clip(reach, _LEAST_REACH, largest)
    weights = np.empty((2 * ceil(largest) + 2) ** 2)
    _paint(np.ascontiguousarray(place), kernel, light, picture, weights)
    return np.ascontiguousarray(picture.transpose(2, 0, 1))


@compiled
def _paint(place: Array, reach: Array, light: Array, picture: Array, weights: Array) -> None:
    size, bands = picture.shape[0], picture.shape[2]
    for i in range(len(reach)):
        px, py, h = place[0, i], place[1, i], reach[i]
        x0, x1 = ceil(px - h), floor(px + h)
        y0, y1 = ceil(py - h), floor(py + h)
        if x1 < 0 or y1 < 0 or x0 >= size or y0 >= size:
            continue
        total, k, inverse = 0.0, 0, 1 / (h * h)
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                u = 1 - ((x - px) * (x - px) + (y - py) * (y - py)) * inverse
                weights[k] = u * u if u > 0 else 0.0
                total += weights[k]
                k += 1
        k = 0
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                if 0 <= x < size and 0 <= y < size and weights[k] > 0:
                    share = weights[k] / total
                    for b in range(bands):
                        picture[y, x, b] += share * light[i, b]
                k += 1
