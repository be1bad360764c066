"""What a reader of a report must know before using its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from toomre.evaluation.bootstrap import Interval, bootstrap
from toomre.jobs.report_judgement import Judgement
from toomre.jobs.report_runs import Group, Reported

__all__ = ["corner_auc", "run_warnings"]

# The mean calibration error from which scores are no probabilities.
_UNCALIBRATED = 0.10
# Fraction of the images in one class from which a network has collapsed.
_ONE_CLASS = 0.98
# Loss of accuracy on the source by which an adaptation harms.
_HARM = 0.02
# ROC-AUC of the corners from which they give the label away, images looked at, side of a corner
# as a part of an image's, and the seed of choice and interval.
_SHORTCUT, _LOOKED_AT, _CORNER, _SEED = 0.55, 600, 8, 3


def run_warnings(groups: Sequence[Group]) -> list[str]:
    """Return sentences about the runs, from their trainings, evaluations and images."""
    found = [text for group in groups for one in group.runs for text in _of_run(one)]
    found += _negative_transfer(groups)
    looked: set[tuple[str, str]] = set()
    for group in groups:
        for domain, one in group.first.domains.items():
            images = "" if one.data is None else one.data.info.images_sha256
            if one.data is not None and (images, domain) not in looked:
                looked.add((images, domain))
                found += _shortcut(one, domain)
    return list(dict.fromkeys(found))


def _of_run(one: Reported) -> Iterator[str]:
    for text in one.run.card.training.warnings:
        yield f"{one.name}, training: {text}"
    for domain, judged in one.domains.items():
        where = f"{one.name} on the {domain}"
        error = judged.metrics["expected_calibration_error"].value
        said = judged.record.get("warnings", [])
        for text in said:
            yield f"{where}: {text}"
        if error > _UNCALIBRATED and not any("calibrated" in text for text in said):
            yield f"{where}: not calibrated: the expected calibration error is {error:.3f}."
        if not 1 - _ONE_CLASS <= judged.called <= _ONE_CLASS:
            yield (
                f"{where}: collapse: {judged.called:.0%} of the images are called mergers, so "
                "that the network sees one class there."
            )


def _negative_transfer(groups: Sequence[Group]) -> Iterator[str]:
    """Compare adapted groups with those of the same network and images without a target."""
    for adapted in groups:
        for plain in groups:
            if not _without(adapted.first, plain.first):
                continue
            pair = [each.metrics("source").get("accuracy") for each in (adapted, plain)]
            if pair[0] is None or pair[1] is None:
                continue
            lost = pair[1].value - pair[0].value
            if lost > _HARM:
                yield (
                    f"{adapted.name}: negative transfer: the adaptation costs {100 * lost:.1f} "
                    f"points of accuracy on the source ({pair[0]}; {plain.name} without it: "
                    f"{pair[1]})."
                )


def _without(adapted: Reported, plain: Reported) -> bool:
    one, other = adapted.run, plain.run
    return (
        one.card.training.target is not None
        and other.card.training.target is None
        and one.environment["dataset_sha256"] == other.environment["dataset_sha256"]
        and one.card.training.split_sha256 == other.card.training.split_sha256
        and one.card.architecture == other.card.architecture
    )


def _shortcut(one: Judgement, domain: str) -> Iterator[str]:
    found = corner_auc(one)
    if found is not None and found.lower > _SHORTCUT:
        yield (
            f"Label shortcut on the {domain}: the scatter from pixel to pixel in the corners of "
            f"the images alone tells the classes apart with ROC-AUC {found}. Noise or "
            "resampling may differ by class, or the galaxies reach into the corners."
        )


def corner_auc(one: Judgement) -> Interval | None:
    """Return how well the noise in the images' corners tells the label, 0.5 where it does not.

    The noise is the median difference of neighbouring pixels. At most 600 images are looked at,
    drawn at random; None without images or both classes, or where there is no noise, but light
    alone, which changes smoothly from pixel to pixel.
    """
    if one.data is None or not one.two_classes:
        return None
    drawn = np.random.default_rng(_SEED).permutation(len(one.scores))[:_LOOKED_AT]
    drawn.sort()
    rows = one.data.catalog.reset_index(names="row").set_index("image_id")["row"]
    places = rows.loc[one.scores["image_id"].iloc[drawn]]
    found = np.array([_noise(np.asarray(one.data.images[row])) for row in places])
    noise, bent = found.T
    label = one.label[drawn]
    if not 0 < label.sum() < len(label) or np.mean(bent > noise) < 0.5:
        return None
    rank = rankdata(noise) / len(noise)
    # Whichever class has more of it: what counts is whether the classes are told apart.
    higher = rank[label == 1].mean() >= rank[label == 0].mean()
    return bootstrap(
        label,
        rank if higher else 1 - rank,
        one.group[drawn],
        threshold=0.5,
        rng=np.random.default_rng(_SEED),
        metrics=("roc_auc",),
    )["roc_auc"]


def _noise(image: NDArray[np.float32]) -> tuple[float, float]:
    """Return the median first and second difference along the rows of the four corners.

    Of white noise the second is 1.7 times the first; of smooth light it is far less.
    """
    side = max(image.shape[-1] // _CORNER, 3)
    corners = [
        image[:, rows, columns]
        for rows in (slice(None, side), slice(-side, None))
        for columns in (slice(None, side), slice(-side, None))
    ]
    first, second = (
        np.mean([np.median(np.abs(np.diff(corner, n, axis=-1))) for corner in corners])
        for n in (1, 2)
    )
    return float(first), float(second)
