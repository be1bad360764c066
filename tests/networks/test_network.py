from __future__ import annotations

import torch

from toomre.networks.network import merger_logit


def test_merger_logit_is_the_log_odds_of_the_softmax():
    logits = torch.randn(50, 2, dtype=torch.float64)
    wanted = logits.softmax(1)[:, 1]
    torch.testing.assert_close(torch.sigmoid(merger_logit(logits)), wanted)


def test_one_logit_is_itself():
    assert torch.equal(merger_logit(torch.tensor([[1.5], [-2.0]])), torch.tensor([1.5, -2.0]))
