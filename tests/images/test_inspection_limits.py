"""The thresholds are all described."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from toomre.images.inspection_limits import InspectionLimits


def test_every_threshold_is_described() -> None:
    text = InspectionLimits.__doc__ or ""
    assert [field.name for field in fields(InspectionLimits) if field.name not in text] == []


def test_thresholds_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        InspectionLimits().edge_fraction = 0.5  # type: ignore[misc]
