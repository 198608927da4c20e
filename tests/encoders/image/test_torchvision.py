from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.models import ResNet18_Weights, get_model

from fuselab.encoders.image.torchvision import MEAN, STD, Torchvision
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

from .. import tiny


def make(file: Path | str, **changes: Any) -> Torchvision:
    parts = {
        "model": "resnet18",
        "size": 64,
        "pooling": "none",
        "trained": 0,
        "rate": 0.1,
        "layer_decay": 0.5,
        "dim": 6,
    }
    return Torchvision(weights=str(file), **(parts | changes)).eval()


def given(channels: int = 3) -> ModalityInput:
    values = torch.rand(2, channels, 64, 64, generator=torch.Generator().manual_seed(0))
    return ModalityInput(values, None, torch.ones(2).bool())


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.resnet(tmp_path_factory.mktemp("models"))


def test_colours_are_those_that_torchvision_says(resnet):
    preset = ResNet18_Weights.DEFAULT.transforms(crop_size=64, resize_size=64)
    assert (tuple(preset.mean), tuple(preset.std)) == (MEAN, STD)
    found = make(resnet, trained=1).backbone.ready(given())
    torch.testing.assert_close(found.values, preset(given().values), rtol=0, atol=1e-4)


@pytest.mark.slow
def test_a_vgg_gives_the_cells_of_its_last_map(tmp_path):
    file = tiny.resnet(tmp_path, model="vgg16")
    model = get_model("vgg16", weights=None).eval()
    model.load_state_dict(torch.load(file, weights_only=True))
    ready = make(file, model="vgg16", trained=1).backbone.ready(given())
    with torch.no_grad():
        expected = model.features(ready.values).flatten(2).mT
    encoder = make(file, model="vgg16")
    torch.testing.assert_close(encoder.prepare(given()).values, expected, rtol=0, atol=1e-5)
    assert encoder(encoder.prepare(given())).tokens.shape == (2, 4, 6)
    trained = make(file, model="vgg16", trained=2).module
    assert [name for name, one in trained.named_parameters() if one.requires_grad] == [
        "26.weight",
        "26.bias",
        "28.weight",
        "28.bias",
    ]


def test_a_resnet_pools_as_it_does_itself(resnet):
    model = get_model("resnet18", weights=None).eval()
    model.load_state_dict(torch.load(resnet, weights_only=True))
    model.fc = torch.nn.Identity()
    ready = make(resnet, trained=1).backbone.ready(given())
    with torch.no_grad():
        expected = model(ready.values)
    torch.testing.assert_close(make(resnet, pooling="mean").prepare(given()).values[:, 0], expected, rtol=0, atol=1e-4)
    assert make(resnet).prepare(given()).values.shape == (2, 4, 512)


def test_the_stages_of_a_resnet_are_its_layers(resnet):
    encoder = make(resnet, trained=2)
    trained = {name.partition(".")[0] for name, one in encoder.module.named_parameters() if one.requires_grad}
    assert trained == {"layer3", "layer4"}
    everything = make(resnet, trained="all")
    assert [factor for factor, _ in everything.rates()] == pytest.approx(
        [0.1 * 0.5**depth for depth in (4, 3, 2, 1, 0)]
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "resnet19"}, r"encoder\.\*\.model \(resnet19\) must be a VGG or ResNet; did you mean 'resnet1"),
        (
            {"weights": "IMAGENET1K"},
            r"encoder\.\*\.weights \(IMAGENET1K\) must be a file .*did you mean 'IMAGENET1K_V1'",
        ),
        ({"size": 20}, r"encoder\.\*\.size \(20\) must be at least 32"),
        ({"pooling": "first"}, r"pooling \(first\) must go with a model that has a class token; resnet18 has none"),
        ({"model": "resnet34"}, r"the weights of resnet34 must be those of this model, and \d+ of \d+ are missing"),
    ],
)
def test_what_can_not_be_is_refused(resnet, changes, message):
    with pytest.raises(ConfigError, match=message):
        make(changes.pop("weights", resnet), **changes).prepare(given())


def test_pictures_of_a_whole_split_are_not_enlarged(resnet):
    """A trained model resizes batch by batch; a frozen one keeps its features, which are small."""
    trained, frozen = make(resnet, trained=1), make(resnet)
    assert trained.prepare(given(1)).values.shape == (2, 1, 64, 64)
    features = trained(trained.prepare(given(1)))
    torch.testing.assert_close(features.tokens, frozen_tokens(frozen, trained), rtol=0, atol=1e-4)


def frozen_tokens(frozen: Torchvision, trained: Torchvision) -> torch.Tensor:
    return trained.project(frozen.prepare(given(1)).values)
