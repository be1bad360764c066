from __future__ import annotations

import sys

import pytest

from toomre.errors import MissingPackageError
from toomre.training.tensorboard import tensorboard_log


def test_without_the_package_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingPackageError, match="tensorboard"):
        tensorboard_log(tmp_path)


def test_each_row_is_written(tmp_path):
    pytest.importorskip("tensorboard", reason="the extra [tensorboard] is not installed")
    log = tensorboard_log(tmp_path)
    log({"epoch": 1, "train_loss": 0.5})
    assert any(path.stat().st_size > 0 for path in tmp_path.iterdir())
