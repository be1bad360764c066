from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch

from toomre.errors import TrainingError
from toomre.losses.tables import LEARNED_LOSSES, LOSSES, needs_target

WIDTH = 6
MAKERS = {**LOSSES, **{name: partial(make, WIDTH) for name, make in LEARNED_LOSSES.items()}}
#: Those that look at the source alone.
SUPERVISED = {"binary_cross_entropy", "cross_entropy", "fisher", "mean_squared_error"}
ADAPTING = sorted(set(MAKERS) - SUPERVISED)
LEARNING = [("adversarial", {}), ("fisher", {"centres": "learned"})]


def make(name, **options):
    torch.manual_seed(1)
    return MAKERS[name](**options)


def labelled(batch, name):
    """Return the batch with the labels that a loss takes: classes, or a fraction a column."""
    if name != "mean_squared_error":
        return batch
    return replace(batch, labels_source=torch.nn.functional.one_hot(batch.labels_source).float())


def test_no_name_is_in_both_tables():
    assert not set(LOSSES) & set(LEARNED_LOSSES)


@pytest.mark.parametrize(
    ("name", "columns"),
    [(name, 2) for name in sorted(MAKERS)] + [(name, 1) for name in ADAPTING],
)
def test_a_finite_scalar_in_float32_on_one_logit_or_two(name, columns, domains):
    batch = labelled(domains(shift=0.5, dtype=torch.float32), name)
    batch = replace(
        batch,
        logits_source=batch.logits_source[:, -columns:],
        logits_target=batch.logits_target[:, -columns:],
        progress=0.5,
    )
    value = make(name)(batch)
    assert value.shape == ()
    assert value.dtype == torch.float32
    assert torch.isfinite(value.detach())


@pytest.mark.parametrize("name", ADAPTING)
def test_backward_reaches_both_domains(name, domains):
    batch = replace(domains(shift=0.5, dtype=torch.float32), progress=0.5)
    options = {"entropy": {"domain": "both"}}.get(name, {})
    make(name, **options)(batch).backward()
    kind = "logits" if name == "entropy" else "features"
    for domain in ("source", "target"):
        gradient = getattr(batch, f"{kind}_{domain}").grad
        assert torch.isfinite(gradient).all()
        assert gradient.abs().sum() > 0


@pytest.mark.parametrize("name", ADAPTING)
def test_a_missing_target_is_named(name, domains):
    batch = replace(domains(dtype=torch.float32), features_target=None, logits_target=None)
    with pytest.raises(TrainingError, match=f"'{name}' needs a target data set"):
        make(name)(batch)
    assert needs_target(name)


@pytest.mark.parametrize("name", sorted(SUPERVISED))
def test_the_target_changes_nothing_for_the_others(name, domains):
    batch = labelled(domains(dtype=torch.float32), name)
    alone = replace(batch, features_target=None, logits_target=None)
    assert torch.equal(make(name)(batch), make(name)(alone))
    assert not needs_target(name)


@pytest.mark.parametrize(("name", "options"), LEARNING)
def test_what_is_learned_can_be_saved_and_loaded(name, options, domains):
    batch = domains(dtype=torch.float32)
    first, second = make(name, **options).eval(), make(name, **options).eval()
    assert list(first.parameters())
    assert first.learning_rate_factor == 1.0
    for parameter in second.parameters():
        torch.nn.init.normal_(parameter)
    assert not torch.equal(first(batch), second(batch))
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(batch), second(batch))


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_monitors_are_numbers_without_gradient(name, domains):
    loss = make(name)
    loss(labelled(domains(dtype=torch.float32), name))
    for value in getattr(loss, "monitors", dict)().values():
        assert value.shape == ()
        assert not value.requires_grad


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_every_loss_is_known_to_need_a_target_or_not(name):
    assert needs_target(name) == (name not in SUPERVISED)
