"""What a search for hyper-parameters makes small or large, from the rows of a history."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from toomre.errors import ArgumentError
from toomre.lookup import lookup
from toomre.training.selection import DIRECTIONS

__all__ = ["OBJECTIVES", "Objective", "adversarial", "find_objective", "total_loss"]

Row = Mapping[str, float]


@dataclass(frozen=True)
class Objective:
    """A number for each epoch, and whether a larger one is better.

    Attributes
    ----------
    name
        As the user gives it.
    value
        A row of the history -> the number.
    larger_is_better
        Otherwise a smaller one is.
    loss
        The loss without which the history has not its columns, if any.
    """

    name: str
    value: Callable[[Row], float]
    larger_is_better: bool = False
    loss: str | None = None

    def __call__(self, row: Row) -> float:
        """Return the number of an epoch.

        Raises
        ------
        ArgumentError
            If the row has not the columns.
        """
        return self.value(row)

    def check(self, losses: Collection[str]) -> None:
        """Refuse a recipe whose losses do not give what the objective is made of.

        Raises
        ------
        ArgumentError
            Naming the loss that is needed.

        Examples
        --------
        >>> find_objective("adversarial").check(["cross_entropy", "mmd"])
        Traceback (most recent call last):
        toomre.errors.ArgumentError: Expected `objective` to be one that does not need the loss
        'adversarial', for the recipe's are 'cross_entropy', 'mmd', but got 'adversarial'. Take
        another objective, or a recipe with that loss.
        """
        if self.loss is not None and self.loss not in losses:
            own = ", ".join(map(repr, losses))
            allowed = f"one that does not need the loss {self.loss!r}, for the recipe's are {own}"
            hint = "Take another objective, or a recipe with that loss."
            raise ArgumentError.expected("objective", allowed, self.name, hint)


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


#: Objectives that are no validation metrics.
OBJECTIVES: dict[str, Objective] = {
    "adversarial": Objective("adversarial", adversarial, loss="adversarial"),
    "total_loss": Objective("total_loss", total_loss),
}


def find_objective(name: str) -> Objective:
    """Return an objective by its name: one of `OBJECTIVES`, or a validation metric.

    Raises
    ------
    ArgumentError
        If there is none of that name; the message lists the names.

    Examples
    --------
    >>> find_objective("roc_auc")({"valid_roc_auc": 0.9})
    0.9
    >>> find_objective("roc_auc").larger_is_better
    True
    """

    def metric(row: Row) -> float:
        return _column(row, f"valid_{name}", name)

    of_metrics = {key: Objective(name, metric, DIRECTIONS[key] > 0) for key in DIRECTIONS}
    return lookup({**OBJECTIVES, **of_metrics}, name, "objective")


def _column(row: Row, name: str, objective: str) -> float:
    if name in row:
        return row[name]
    raise ArgumentError(
        f"The objective {objective!r} needs {name!r} in the history, which this recipe does not "
        f"give; it gives {', '.join(row)}. Take another objective."
    )
