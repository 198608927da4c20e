from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import load_file

from fuselab.encoders.image.timm import Timm
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

from .. import tiny


def make(folder: Path, **changes: Any) -> Timm:
    parts = {"pooling": "none", "trained": 0, "rate": 0.1, "layer_decay": 0.5, "dim": 6}
    return Timm(model=str(folder), **(parts | changes)).eval()


def given(channels: int = 1) -> ModalityInput:
    values = torch.rand(3, channels, 20, 20, generator=torch.Generator().manual_seed(0))
    return ModalityInput(values, None, torch.ones(3).bool())


@pytest.mark.parametrize(
    ("architecture", "changes", "tokens"),
    [("vit_tiny_patch16_224", {}, 5), ("resnet10t", {}, 1), ("convnext_atto", {"depths": (1, 1, 1, 1)}, 1)],
)
def test_tokens_are_those_of_the_model(tmp_path, architecture, changes, tokens):
    folder = tiny.timm(tmp_path / "model", architecture=architecture, **changes)
    ready = make(folder, trained=1).backbone.ready(given())
    assert ready.values.shape == (3, 3, 32, 32)
    args = {**changes, **({"img_size": 32, "embed_dim": 16, "depth": 2, "num_heads": 2} if tokens == 5 else {})}
    model = timm.create_model(architecture, num_classes=3, **args).eval()
    model.load_state_dict(load_file(folder / "model.safetensors"))
    with torch.no_grad():
        expected = model.forward_features(ready.values)
    expected = expected if expected.dim() == 3 else expected.flatten(2).mT
    found = make(folder).prepare(given()).values
    assert found.shape[1] == tokens
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_the_last_stage_of_a_resnet_is_trained_without_its_statistics(tmp_path):
    encoder = make(tiny.timm(tmp_path / "model", architecture="resnet10t"), trained=1)
    trained = {name for name, one in encoder.module.named_parameters() if one.requires_grad}
    assert trained
    assert all(name.startswith("layer4") for name in trained)
    before = {name: one.clone() for name, one in encoder.module.named_buffers()}
    encoder.train()(encoder.prepare(given()))
    assert all(torch.equal(one, before[name]) for name, one in encoder.module.named_buffers())


def test_without_timm_the_way_to_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ConfigError, match=r"do `pip install 'fuselab\[timm\]'`, or choose encoder/image=torchvision"):
        make(tmp_path)


def test_a_folder_of_another_library_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"must hold timm's config\.json with architecture and pretrained_cfg"):
        make(tiny.vit(tmp_path / "vit"))


def test_a_model_without_safetensors_is_refused(tmp_path):
    folder = tiny.timm(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"must hold model\.safetensors; bring it into"):
        make(folder)


def test_a_class_token_is_asked_of_models_that_have_one(tmp_path):
    folder = tiny.timm(tmp_path / "model", architecture="resnet10t")
    with pytest.raises(
        ConfigError, match=r"pooling \(first\) must go with a model that has a class token; .* has none"
    ):
        make(folder, pooling="first")


def test_what_timm_draws_shifts_nothing_of_ours(tmp_path):
    folder = tiny.timm(tmp_path / "model")
    maps = []
    for trained in (0, 1, "all"):
        torch.manual_seed(3)
        maps.append(make(folder, trained=trained).project.weight)
    torch.manual_seed(3)
    maps.append(torch.nn.Linear(16, 6).weight)
    assert all(torch.equal(one, maps[0]) for one in maps)
