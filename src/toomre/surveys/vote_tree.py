"""Galaxy Zoo 2's decision tree: 11 questions with 37 answers (Willett et al. 2013).

The order is that of the columns ``Class1.1`` to ``Class11.6`` of Kaggle's Galaxy Zoo challenge.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ANSWERS", "MERGER", "QUESTIONS", "Question", "parents"]


@dataclass(frozen=True)
class Question:
    """One question to the volunteers.

    Attributes
    ----------
    name
        What is asked, in a word or two.
    answers
        What one can answer.
    asked_after
        The column of the answer after which it is asked; None: of every galaxy.
    """

    name: str
    answers: tuple[str, ...]
    asked_after: str | None = None


#: Question ``k`` is `QUESTIONS[k - 1]`.
QUESTIONS = (
    Question("shape", ("smooth", "features or disk", "star or artifact")),
    Question("edge-on", ("yes", "no"), "Class1.2"),
    Question("bar", ("yes", "no"), "Class2.2"),
    Question("spiral", ("yes", "no"), "Class2.2"),
    Question("bulge", ("none", "just noticeable", "obvious", "dominant"), "Class2.2"),
    Question("odd", ("yes", "no")),
    Question("roundness", ("completely round", "in between", "cigar"), "Class1.1"),
    Question(
        "odd feature",
        ("ring", "lens or arc", "disturbed", "irregular", "other", "merger", "dust lane"),
        "Class6.1",
    ),
    Question("edge-on bulge", ("rounded", "boxy", "none"), "Class2.1"),
    Question("arms wound", ("tight", "medium", "loose"), "Class4.1"),
    Question("number of arms", ("1", "2", "3", "4", "more than 4", "can't tell"), "Class4.1"),
)

#: The 37 columns in order.
ANSWERS = tuple(
    f"Class{number}.{k}"
    for number, question in enumerate(QUESTIONS, start=1)
    for k in range(1, len(question.answers) + 1)
)

#: Where in `ANSWERS` the merger is.
MERGER = ANSWERS.index("Class8.6")


def parents() -> tuple[int | None, ...]:
    """Return for each answer where in `ANSWERS` the one is after which its question is asked.

    Examples
    --------
    >>> ANSWERS[parents()[MERGER]]
    'Class6.1'
    """
    return tuple(
        None if question.asked_after is None else ANSWERS.index(question.asked_after)
        for question in QUESTIONS
        for _ in question.answers
    )
