"""Galaxy Zoo 2's decision tree: 11 questions with 37 answers (Willett et al. 2013).

The order is that of the columns ``Class1.1`` to ``Class11.6`` of Kaggle's Galaxy Zoo challenge.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ANSWERS", "GZ2_COLUMNS", "MERGER", "MERGER_VOTES", "QUESTIONS", "Question", "parents"]


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

#: A galaxy with this fraction of merger votes or more is called a merger (S002).
MERGER_VOTES = 0.3

#: How the columns of Galaxy Zoo 2's own tables (Hart et al. 2016) begin, in the same order.
GZ2_COLUMNS = (
    *(f"t01_smooth_or_features_{a}" for a in ("a01_smooth", "a02_features_or_disk")),
    "t01_smooth_or_features_a03_star_or_artifact",
    *(f"t02_edgeon_{a}" for a in ("a04_yes", "a05_no")),
    *(f"t03_bar_{a}" for a in ("a06_bar", "a07_no_bar")),
    *(f"t04_spiral_{a}" for a in ("a08_spiral", "a09_no_spiral")),
    *(f"t05_bulge_prominence_{a}" for a in ("a10_no_bulge", "a11_just_noticeable")),
    *(f"t05_bulge_prominence_{a}" for a in ("a12_obvious", "a13_dominant")),
    *(f"t06_odd_{a}" for a in ("a14_yes", "a15_no")),
    *(f"t07_rounded_{a}" for a in ("a16_completely_round", "a17_in_between")),
    "t07_rounded_a18_cigar_shaped",
    *(f"t08_odd_feature_{a}" for a in ("a19_ring", "a20_lens_or_arc", "a21_disturbed")),
    *(f"t08_odd_feature_{a}" for a in ("a22_irregular", "a23_other", "a24_merger")),
    "t08_odd_feature_a38_dust_lane",
    *(f"t09_bulge_shape_{a}" for a in ("a25_rounded", "a26_boxy", "a27_no_bulge")),
    *(f"t10_arms_winding_{a}" for a in ("a28_tight", "a29_medium", "a30_loose")),
    *(f"t11_arms_number_{a}" for a in ("a31_1", "a32_2", "a33_3", "a34_4")),
    *(f"t11_arms_number_{a}" for a in ("a36_more_than_4", "a37_cant_tell")),
)


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
