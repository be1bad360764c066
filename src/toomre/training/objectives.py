"""What a search for hyper-parameters makes small or large, from the rows of a history."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from toomre.errors import ArgumentError
from toomre.lookup import lookup
from toomre.training.selection import DIRECTIONS

__all__ = ["OBJECTIVES", "Objective", "adversarial", "find_objective", "total_loss"]

Row = Mapping[str, float]
Objective = Callable[[Row], float]


def total_loss(row: Row) -> float:
    """Return the mean total loss of the epoch's training steps (DeepMerge II's for MMD).

    Where the search may change the weight of a loss, it will make it small: take another
    objective, or search other things.

    Examples
    --------
    >>> total_loss({"train_loss": 0.8})
    0.8
    """
    return _column(row, "train_loss", "total_loss")


def adversarial(row: Row) -> float:
    """Return L_CL (1 + (0.5 - A_s)^2 + (0.5 - A_t)^2) (DeepMerge II's for domain classifiers).

    L_CL is the loss of the source's validation part, A_s and A_t are the accuracies of the
    domain classifier in the training batches of each domain: small where the classes are told
    apart and the domains are not.

    Examples
    --------
    >>> row = {"adversarial_accuracy_source": 0.5, "adversarial_accuracy_target": 1.0}
    >>> adversarial({"valid_loss": 0.4, **row})
    0.5
    """
    parts = [
        (0.5 - _column(row, f"adversarial_accuracy_{domain}", "adversarial")) ** 2
        for domain in ("source", "target")
    ]
    return _column(row, "valid_loss", "adversarial") * (1 + sum(parts))


#: Objectives that are no validation metrics; smaller is better.
OBJECTIVES: dict[str, Objective] = {"adversarial": adversarial, "total_loss": total_loss}


def find_objective(name: str) -> Objective:
    """Return an objective by its name; smaller is better.

    A validation metric of which more is better changes its sign.

    Raises
    ------
    ArgumentError
        If there is none of that name; the message lists the names.

    Examples
    --------
    >>> find_objective("roc_auc")({"valid_roc_auc": 0.9})
    -0.9
    """

    def metric(row: Row) -> float:
        return -DIRECTIONS[name] * _column(row, f"valid_{name}", name)

    return lookup({**OBJECTIVES, **dict.fromkeys(DIRECTIONS, metric)}, name, "objective")


def _column(row: Row, name: str, objective: str) -> float:
    if name in row:
        return row[name]
    raise ArgumentError(
        f"The objective {objective!r} needs {name!r} in the history, which this recipe does not "
        f"give; it gives {', '.join(row)}. Take another objective."
    )
