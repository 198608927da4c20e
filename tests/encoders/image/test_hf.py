from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModel, ResNetConfig, ResNetModel, ViTImageProcessor

from fuselab.encoders.image.hf import Hf
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

from .. import tiny


def make(folder: Path, **changes: Any) -> Hf:
    parts = {"part": None, "pooling": "none", "trained": 0, "rate": 0.1, "layer_decay": 0.5, "dim": 6}
    return Hf(model=str(folder), **(parts | changes)).eval()


def given(channels: int = 3, size: int = 20) -> ModalityInput:
    values = torch.rand(3, channels, size, size, generator=torch.Generator().manual_seed(0))
    return ModalityInput(values, None, torch.ones(3).bool())


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_brought_to_what_the_models_own_processor_makes_of_them(tmp_path, channels):
    folder, data = tiny.vit(tmp_path / "vit"), given(channels)
    bytes_ = (data.values * 255).round()
    found = make(folder, trained="all").backbone.ready(data._replace(values=bytes_ / 255))
    pixels = bytes_.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy().astype(np.uint8)
    processor = AutoImageProcessor.from_pretrained(folder)
    expected = processor([Image.fromarray(one) for one in pixels], return_tensors="pt")["pixel_values"]
    assert found.values.shape == (3, 3, 16, 16)
    torch.testing.assert_close(found.values, expected, rtol=0, atol=0.02)  # it rounds to bytes in between


def test_tokens_are_those_of_the_model(tmp_path):
    folder, data = tiny.vit(tmp_path / "vit"), given()
    ready = make(folder, trained="all").backbone.ready(data)
    with torch.no_grad():
        expected = AutoModel.from_pretrained(folder).eval()(ready.values).last_hidden_state
    encoder = make(folder)
    torch.testing.assert_close(encoder.prepare(data).values, expected, rtol=0, atol=1e-5)
    assert encoder(encoder.prepare(data)).tokens.shape == (3, 5, 6)
    first = make(folder, pooling="first").prepare(data)
    torch.testing.assert_close(first.values, expected[:, :1], rtol=0, atol=1e-5)


def test_a_model_that_gives_a_map_gives_its_cells(tmp_path):
    torch.manual_seed(0)
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic")
    config.hidden_size = 12
    ResNetModel(config).save_pretrained(tmp_path)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    found = make(tmp_path).prepare(given())
    assert found.values.shape == (3, 16, 12)
    mean = make(tmp_path, pooling="mean").prepare(given())
    torch.testing.assert_close(mean.values[:, 0], found.values.mean(1))


def test_a_model_without_its_processor_is_refused(tmp_path):
    folder = tiny.vit(tmp_path / "vit")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(
        ConfigError, match=r"must hold the preprocessor_config\.json of a vision model, .*bring it into"
    ):
        make(folder).prepare(given())


def test_another_processor_is_another_origin(tmp_path):
    folder = tiny.vit(tmp_path / "vit")
    before = make(folder).origin()
    ViTImageProcessor(size={"height": 16, "width": 16}, image_mean=[0.1] * 3).save_pretrained(folder)
    assert make(folder).origin() != before
