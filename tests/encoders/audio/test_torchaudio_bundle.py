from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torchaudio import pipelines

from fuselab.encoders.audio.torchaudio_bundle import TorchaudioBundle
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

from .. import tiny

LENGTHS = (900, 0, 200, 650)


def make(model: str, weights: Path | None, **changes: Any) -> TorchaudioBundle:
    parts = {"sample_rate": 16000, "pooling": "none", "trained": 0, "rate": 0.1, "layer_decay": 0.5, "dim": 6}
    chosen = None if weights is None else str(weights)
    return TorchaudioBundle(model=model, weights=chosen, **(parts | changes)).eval()


def given() -> ModalityInput:
    values = 3 * torch.randn(len(LENGTHS), max(LENGTHS), generator=torch.Generator().manual_seed(0))
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    return ModalityInput(values, mask, torch.ones(len(LENGTHS)).bool()).cleaned()


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "torch"))
    return tmp_path / "torch" / "checkpoints"


@pytest.mark.parametrize("norm", ["group_norm", "layer_norm"])
@pytest.mark.parametrize("trained", [0, 1])
def test_each_clip_is_read_as_the_bundle_reads_it_alone(hub, norm, trained):
    name = f"TINY_{norm.upper()}"
    file, data = tiny.bundle(hub, norm=norm, name=name), given()
    model = getattr(pipelines, name).get_model()  # from torch's cache
    if norm == "group_norm" and trained:
        pytest.skip("trained on clips of one length only")
    encoder = make(name, None, trained=trained)
    found = encoder(encoder.prepare(data).cleaned())
    for row, length in enumerate(LENGTHS):
        if length:
            with torch.no_grad():
                expected = encoder.project(model(data.values[row : row + 1, :length])[0][0])
            torch.testing.assert_close(found.tokens[row][found.mask[row]], expected, rtol=0, atol=1e-4)
    assert not found.mask[1].any()
    assert make(name, file).origin().sha256 == encoder.origin().sha256


def test_the_layers_of_the_transformer_are_trained(tmp_path):
    file = tiny.bundle(tmp_path, norm="layer_norm", name="TINY_LAYERS")
    module = make("TINY_LAYERS", file, trained=1).module
    trained = {name for name, one in module.named_parameters() if one.requires_grad}
    assert trained
    assert all("transformer.layers.1." in name for name in trained)


def test_what_can_not_be_had_is_said(tmp_path, hub):
    with pytest.raises(ConfigError, match=r"model \(WAV2VEC2_BAS\) must be a bundle of .*did you mean 'WAV2VEC2_BASE'"):
        make("WAV2VEC2_BAS", None)
    with pytest.raises(
        ConfigError, match=r"weights \(.*nowhere\.pth\) must be a file that is there; bring it, or set null"
    ):
        make("WAV2VEC2_BASE", tmp_path / "nowhere.pth")
