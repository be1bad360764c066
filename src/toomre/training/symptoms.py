"""What a training shows of itself that a person should know, without a label of the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["symptoms"]

# The domain classifier tells the domains apart: nothing was aligned.
_TOLD_APART = 0.95
# Fraction of the target in one class.
_ONE_CLASS = 0.98
# Loss of accuracy on the source since its best epoch.
_DROPPED = 0.1


def symptoms(
    history: Sequence[Mapping[str, float]], epoch: int, target_mergers: float
) -> tuple[str, ...]:
    """Return sentences about what went wrong; none if nothing did.

    Parameters
    ----------
    history
        One row an epoch.
    epoch
        The epoch that is kept, from 1.
    target_mergers
        Fraction of the target's validation images that the final model calls mergers.

    Examples
    --------
    >>> symptoms([{"train_loss": 0.7, "valid_accuracy": 0.8}], 1, target_mergers=1.0)
    ('Of the target, 100 % is called merger: the network sees one class there.',)
    """
    kept, first = history[epoch - 1], history[0]
    found = []
    accuracy = [kept.get(f"adversarial_accuracy_{domain}") for domain in ("source", "target")]
    if None not in accuracy:
        found += _classifier(*(float(value) for value in accuracy if value is not None))
    if history[-1]["train_loss"] > first["train_loss"]:
        found.append(
            f"The loss rose from {first['train_loss']:.3f} to {history[-1]['train_loss']:.3f}: "
            "the training diverged. Lower the learning rate or the weight of the adaptation."
        )
    if not 1 - _ONE_CLASS <= target_mergers <= _ONE_CLASS:
        found.append(
            f"Of the target, {100 * target_mergers:.0f} % is called merger: the network sees one "
            "class there."
        )
    best = max(row["valid_accuracy"] for row in history)
    if kept["valid_accuracy"] < best - _DROPPED:
        found.append(
            f"In the epoch that is kept the source's validation accuracy is "
            f"{kept['valid_accuracy']:.3f}, while it was {best:.3f} in another. Choose by another "
            "score (selection.metric), or lower the weight of the adaptation."
        )
    return tuple(found)


def _classifier(source: float, target: float) -> list[str]:
    values = f"{source:.3f} of the source's and {target:.3f} of the target's images"
    if min(source, target) > _TOLD_APART:
        return [
            f"The domain classifier recognises {values}: the domains were not aligned. Raise the "
            "weight of the adversarial loss, or lower the classifier's learning rate."
        ]
    if max(source, target) > _TOLD_APART and min(source, target) < 1 - _TOLD_APART:
        return [
            f"The domain classifier recognises {values}: it calls all images one domain, and "
            "the features learn nothing from it. Raise its learning rate."
        ]
    return []
