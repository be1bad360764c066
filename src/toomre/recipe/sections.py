"""The sections of a recipe but those on how weights move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from toomre.recipe.section import Metric, Section

__all__ = [
    "Adaptation",
    "Augmentation",
    "Calibrate",
    "Input",
    "LossTerm",
    "Part",
    "Selection",
    "Training",
    "Transfer",
]


class Input(Section):
    """What the network sees: the central `size` pixels of each prepared image.

    `normalisation`: by the training part's mean and standard deviation (``measured``); or, of
    display images alone, by those that the backbone's public weights expect (``imagenet``) or
    from 0 to 1, each pixel / 255 (``unit``). `stretch`: what follows, nothing or asinh, which
    tames the bright nuclei of flux images.
    """

    size: int = Field(default=75, ge=8)
    normalisation: Literal["measured", "imagenet", "unit"] = "measured"
    stretch: Literal["none", "asinh"] = "none"


class Part(Section):
    """A named backbone or head and its options."""

    name: str
    options: Mapping[str, Any] = {}


class LossTerm(Section):
    """One named loss with its weight in the sum."""

    name: str
    weight: float = 1.0
    options: Mapping[str, Any] = {}


class Training(Section):
    """Length, batch size and arithmetic; bfloat16 only where the processor has it.

    Of a training in stages, each has `epochs` at most. `average`: the share of the old mean that
    is kept at each step in a running mean of the weights, such as 0.995; the mean is then what is
    validated and kept. 0: no mean.
    """

    later: ClassVar = ("average",)

    epochs: int = Field(default=100, ge=1)
    batch_size: int = Field(default=128, ge=2)
    precision: Literal["float32", "bfloat16"] = "float32"
    average: float = Field(default=0.0, ge=0, lt=1)


class Selection(Section):
    """Which epoch is kept and when to stop, both by the validation part.

    `metric`: of the source's labelled images, or a score of the target's images, which needs no
    label: `target_entropy` (mean entropy of the answers), `target_infomax` (the answers' mutual
    information with the images), `target_snd` (soft neighbourhood density, Saito+ 2021) and
    `target_dev` (deep embedded validation, You+ 2019).
    `stopping`: by ``patience``, `patience` epochs without an improvement by more than
    `min_delta` end the training, `watch` says of what; by ``soft_counter``, the published
    DeepMerge II rule, an epoch whose validation loss exceeds the lowest one by 0.1, 0.2, 0.3 or
    0.4 adds 0.1, 0.25, 0.5 or 1 to a count that never starts again, and the training ends when
    it exceeds `patience`. With `patience` 0 it never ends early.
    `first_epoch`: epochs before it are neither kept nor counted; of a shorter training the last
    is kept.
    """

    metric: Metric | Literal["last"] = "loss"
    patience: int = Field(default=0, ge=0)
    min_delta: float = Field(default=0.0, ge=0)
    stopping: Literal["patience", "soft_counter"] = "patience"
    watch: Literal["metric", "loss"] = "metric"
    first_epoch: int = Field(default=0, ge=0)


class Augmentation(Section):
    """Random changes of the training images; never a function of the class.

    `flips`: the eight flips and quarter turns. `rotation`: any angle. `zoom`: each image is
    enlarged by a factor between exp(-zoom) and exp(zoom). `shift`: moved by up to this many
    pixels along each axis. `appearance`: the strength of random changes of contrast, colour,
    sharpness and noise, for pictures (0 to 255) only.
    """

    later: ClassVar = ("appearance",)

    flips: bool = True
    rotation: bool = False
    zoom: float = Field(default=0.0, ge=0, le=1)
    shift: float = Field(default=0.0, ge=0)
    appearance: float = Field(default=0.0, ge=0, le=2)


class Adaptation(Section):
    """How the target's images, which have no labels here, take part in the training.

    `batch_norm`: both domains in one batch (``concatenated``, as published), one after the
    other with common running statistics (``shared``) or with their own (``per_domain``), or
    as concatenated with the target's statistics measured afterwards (``re_estimated``).
    `normalisation`: by the source's mean and standard deviation, or each domain by its own
    (as published). `target_part`: the target's training part, or all its images.
    """

    batch_norm: Literal["concatenated", "shared", "per_domain", "re_estimated"] = "concatenated"
    normalisation: Literal["source", "per_domain"] = "source"
    target_part: Literal["train", "all"] = "train"


class Transfer(Section):
    """What is taken over from the run or model that the training starts from, if any.

    `parts`: all weights, or the backbone's alone. `freeze`: patterns of parameter names that
    stay as they are, such as ``backbone.conv1*``. `frozen_batch_norm`: frozen
    BatchNorm layers answer by the statistics that came with the weights, as in ``inference``;
    or, while there is training, by ``batch_statistics``, as Keras did before 2.3: what is
    tested then is not what was trained. `normalisation`: measured on the new images, or
    inherited with the weights.
    """

    later: ClassVar = ("frozen_batch_norm",)

    parts: Literal["all", "backbone"] = "all"
    freeze: tuple[str, ...] = ()
    frozen_batch_norm: Literal["inference", "batch_statistics"] = "inference"
    normalisation: Literal["measured", "inherited"] = "measured"


class Calibrate(Section):
    """How logits become probabilities, and which score is called a merger.

    `threshold`: the score with the best ``balanced_accuracy`` or ``f1``, or, as ``purity:0.95``,
    the lowest one with that purity on the validation part; as ``purity:0.95@0.05`` with that purity
    where 5 % of the galaxies are mergers. ``target_mixture`` takes, for the
    target's model, the place where the two heaps of the target's unlabelled scores meet
    (`toomre.evaluation.mixture_threshold`), and ``balanced_accuracy`` for the source's.
    """

    method: Literal["none", "temperature", "platt", "isotonic"] = "temperature"
    threshold: str = Field(
        default="balanced_accuracy",
        pattern=(
            r"^(balanced_accuracy|f1|target_mixture|"
            r"purity:(0?\.[0-9]+|1(\.0*)?)(@0?\.[0-9]*[1-9][0-9]*)?)$"
        ),
    )
