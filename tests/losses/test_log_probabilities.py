from __future__ import annotations

import numpy as np
import torch
from scipy.special import log_expit, log_softmax

from toomre.losses.log_probabilities import log_probabilities

LOGITS = np.array([[-300.0], [-2.0], [0.0], [5.0], [300.0]])


def test_one_logit_as_scipy():
    wanted = np.concatenate([log_expit(-LOGITS), log_expit(LOGITS)], axis=1)
    got = log_probabilities(torch.from_numpy(LOGITS)).numpy()
    np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-16)


def test_two_logits_as_scipy():
    logits = np.concatenate([LOGITS, LOGITS[::-1]], axis=1)
    got = log_probabilities(torch.from_numpy(logits)).numpy()
    np.testing.assert_allclose(got, log_softmax(logits, axis=1), rtol=1e-12, atol=1e-16)
