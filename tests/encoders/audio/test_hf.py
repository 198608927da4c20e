from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torchaudio.functional import resample
from transformers import AutoModel, Wav2Vec2FeatureExtractor

from fuselab.encoders.audio.hf import Hf
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

from .. import tiny

LENGTHS = (900, 0, 30, 1, 650, 900)


def make(folder: Path, **changes: Any) -> Hf:
    parts = {"sample_rate": 8000, "pooling": "none", "trained": 0, "rate": 0.1, "layer_decay": 0.5, "dim": 6}
    return Hf(model=str(folder), **(parts | changes)).eval()


def given(*, padded: bool = True) -> ModalityInput:
    values = torch.randn(len(LENGTHS), max(LENGTHS), generator=torch.Generator().manual_seed(0))
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    return ModalityInput(values, mask if padded else None, torch.ones(len(LENGTHS)).bool()).cleaned()


@pytest.mark.parametrize("norm", ["group", "layer"])
@pytest.mark.parametrize("pooling", ["none", "mean"])
def test_each_clip_is_read_as_if_it_were_alone(tmp_path, norm, pooling):
    """Of both kinds: the one whose first norm hears padding, and the one that reads padded batches."""
    folder, data = tiny.wav2vec2(tmp_path / "model", norm=norm), given()
    model = AutoModel.from_pretrained(folder).eval()
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    encoder = make(folder, pooling=pooling)
    found = encoder.prepare(data)
    for row, length in enumerate(LENGTHS):
        if length < 30:
            continue
        wave = resample(data.values[row, :length], 8000, 16000).numpy()
        with torch.no_grad():
            alone = model(extractor(wave, sampling_rate=16000, return_tensors="pt")["input_values"]).last_hidden_state[
                0
            ]
        expected = alone if pooling == "none" else alone.mean(0, keepdim=True)
        torch.testing.assert_close(found.values[row][found.mask[row]], expected, rtol=0, atol=1e-4)
    tokens = found.mask.sum(1).tolist()
    assert tokens[1] == 0
    assert tokens[3] == 1
    assert found.values.isfinite().all()


def test_training_draws_no_mask_and_leaves_no_layer_out(tmp_path):
    folder = tiny.wav2vec2(tmp_path / "model", mask_time_prob=0.9, layerdrop=0.9, hidden_dropout=0.0)
    encoder = make(folder, trained="all", sample_rate=16000).train()
    for module in encoder.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    ready = encoder.prepare(given())
    assert torch.equal(encoder(ready).tokens, encoder(ready).tokens)


def test_a_norm_that_hears_padding_is_not_trained_on_padded_clips(tmp_path):
    folder = tiny.wav2vec2(tmp_path / "model", norm="group")
    with pytest.raises(
        ConfigError, match=r"encoder\.\*\.trained of .* must be 0 where clips are padded: .*freeze it, or"
    ):
        make(folder, trained=1).prepare(given())
    make(folder, trained=1).prepare(given(padded=False))


def test_a_model_that_reads_no_waveform_is_refused(tmp_path):
    with pytest.raises(
        ConfigError, match=r"\(.*, a vit\) must read waveforms, as wav2vec2, hubert, wavlm and data2vec"
    ):
        make(tiny.vit(tmp_path / "vit"))
