from __future__ import annotations

import math

import pytest
import torch

from toomre.networks.votes import VoteHead, VoteTree

# First and last answer of each question, and the answer that leads to it.
SLICES = [
    (0, 3, None),
    (3, 5, 1),
    (5, 7, 4),
    (7, 9, 4),
    (9, 13, 4),
    (13, 15, None),
    (15, 18, 0),
    (18, 25, 13),
    (25, 28, 3),
    (28, 31, 7),
    (31, 37, 7),
]


def by_a_plain_loop(fractions, cumulative):
    shares, votes = [0.0] * 37, [0.0] * 37
    for first, last, above in SLICES:
        total = sum(fractions[first:last])
        for k in range(first, last):
            shares[k] = fractions[k] / total
            reaching = 1.0 if above is None else (votes if cumulative else shares)[above]
            votes[k] = shares[k] * reaching
    return votes


@pytest.mark.parametrize("weighting", ["one_step", "cumulative"])
def test_by_a_plain_loop(weighting):
    torch.manual_seed(0)
    fractions = torch.rand(20, 37, dtype=torch.float64)
    tree = VoteTree(weighting).double()
    wanted = [by_a_plain_loop(row, weighting == "cumulative") for row in fractions.tolist()]
    torch.testing.assert_close(tree(fractions), torch.tensor(wanted, dtype=torch.float64))


def test_cumulative_answers_sum_to_what_came_to_the_question_and_one_step_do_not():
    torch.manual_seed(0)
    fractions = torch.rand(20, 37)
    sums = {}
    for weighting in ("one_step", "cumulative"):
        votes = VoteTree(weighting)(fractions)
        sums[weighting] = votes[:, 31:37].sum(1) - votes[:, 7]
    torch.testing.assert_close(sums["cumulative"], torch.zeros(20), atol=1e-6, rtol=0)
    assert float(sums["one_step"].abs().max()) > 0.05


def test_zeros_give_no_nan():
    fractions = torch.zeros(1, 37, requires_grad=True)
    votes = VoteTree()(fractions)
    votes.sum().backward()
    assert torch.isfinite(votes).all()
    assert torch.isfinite(fractions.grad).all()


def test_labels_that_follow_the_tree_stay():
    torch.manual_seed(0)
    votes = VoteTree()(torch.rand(5, 37))
    torch.testing.assert_close(VoteTree()(votes), votes)


def test_the_tree_adds_no_weights():
    plain, tree = VoteHead(6), VoteHead(6, weighting="cumulative")
    assert plain.state_dict().keys() == tree.state_dict().keys()
    tree.load_state_dict(plain.state_dict())
    features = torch.randn(3, 6)
    wanted = VoteTree()(torch.sigmoid(plain.dense(features)))
    torch.testing.assert_close(tree.eval()(features), wanted)
    assert plain.eval()(features).shape == (3, 37)
    assert float(plain.penalty()) == 0


def test_a_softmax_is_over_the_answers_of_each_question():
    torch.manual_seed(0)
    head = VoteHead(6, fractions="softmax", weighting="cumulative").eval()
    features = 20 * torch.randn(4, 6)
    numbers, votes = head.dense(features).tolist(), head(features)
    exponentials = [[math.exp(value) for value in row] for row in numbers]
    wanted = [by_a_plain_loop(row, cumulative=True) for row in exponentials]
    torch.testing.assert_close(votes, torch.tensor(wanted), atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(votes[:, :3].sum(1), torch.ones(4))
