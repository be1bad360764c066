from __future__ import annotations

import pandas as pd

from toomre.surveys.vote_tree import ANSWERS, MERGER, QUESTIONS, parents


def test_published_numbers():
    sizes = [len(question.answers) for question in QUESTIONS]
    assert sizes == [3, 2, 2, 2, 4, 2, 3, 7, 3, 3, 6]
    assert len(ANSWERS) == 37
    assert MERGER == 23
    assert QUESTIONS[7].answers[5] == "merger"


def test_a_question_comes_after_the_one_that_leads_to_it():
    assert all(parent is None or parent < k for k, parent in enumerate(parents()))


def test_the_labels_of_real_galaxies_follow_the_tree(shared_data):
    table = pd.read_csv(shared_data / "gz2_37" / "labels37_kaggle_format_weighted.csv")
    assert tuple(table.columns[1:]) == ANSWERS
    for number, question in enumerate(QUESTIONS, start=1):
        columns = [f"Class{number}.{k + 1}" for k in range(len(question.answers))]
        total = table[columns].sum(axis=1)
        wanted = 1.0 if question.asked_after is None else table[question.asked_after]
        asked = total > 0
        assert asked.sum() > 20
        assert ((total - wanted)[asked].abs() < 0.002).all(), question
