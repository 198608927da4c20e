from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from transformers import Wav2Vec2FeatureExtractor

from fuselab.encoders.pretrained.clips import at_rate, frames, least_length, mask_of_frames
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

WINDOWS = [(10, 5), (3, 2)]
NAME = {"name": "small"}


def clips(*lengths: int) -> ModalityInput:
    draw = torch.Generator().manual_seed(0)
    values = 0.2 + torch.randn(len(lengths), max(lengths), generator=draw)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return ModalityInput(values, mask, torch.ones(len(lengths)).bool()).cleaned()


def test_loudness_is_that_of_the_models_own_extractor():
    given = clips(900, 400, 650)
    found = at_rate(given, rate=16000, wanted=16000, normalise=True, **NAME)
    waves = [wave[mask].numpy() for wave, mask in zip(given.values, given.mask, strict=True)]
    extractor = Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True)
    expected = extractor(waves, sampling_rate=16000, padding=True, return_tensors="np")["input_values"]
    np.testing.assert_allclose(found.values.numpy(), expected, rtol=0, atol=1e-5)
    assert torch.equal(found.mask, given.mask)


def test_a_tone_keeps_its_pitch_at_another_rate():
    time = torch.arange(4000) / 8000
    wave = torch.sin(2 * torch.pi * 440 * time)[None]
    found = at_rate(ModalityInput(wave, None, torch.ones(1).bool()), rate=8000, wanted=16000, normalise=False, **NAME)
    assert found.values.shape == (1, 8000)
    assert found.mask is None
    spectrum = np.abs(np.fft.rfft(found.values[0].numpy()))
    assert np.argmax(spectrum) * 16000 / 8000 == pytest.approx(440, abs=2)


@pytest.mark.parametrize(("rate", "wanted"), [(8000, 16000), (44100, 16000), (16000, 16000)])
def test_a_clip_ends_where_it_ended(rate, wanted):
    found = at_rate(clips(901, 0, 1), rate=rate, wanted=wanted, normalise=True, **NAME)
    assert found.mask.sum(1).tolist() == [-(-901 * wanted // rate), 0, -(-wanted // rate)]
    assert not found.values[~found.mask].any()


def test_frames_are_those_that_convolutions_make():
    network = nn.Sequential(*(nn.Conv1d(1, 1, length, stride) for length, stride in WINDOWS))
    assert least_length(WINDOWS) == 20
    for length in (20, 29, 30, 31, 57):
        assert int(frames(torch.tensor(length), WINDOWS)) == network(torch.zeros(1, 1, length)).shape[2]
    with pytest.raises(RuntimeError):
        network(torch.zeros(1, 1, 19))
    assert frames(torch.tensor([0, 1, 19]), WINDOWS).tolist() == [0, 1, 1]


def test_a_frame_is_real_where_all_of_it_is():
    mask = torch.arange(60) < torch.tensor([0, 5, 29, 30, 60])[:, None]
    assert mask_of_frames(mask, WINDOWS, 5).sum(1).tolist() == [0, 1, 1, 2, 5]


def test_what_is_no_waveform_is_refused():
    given = ModalityInput(torch.zeros(1, 2, 3), None, torch.ones(1).bool())
    with pytest.raises(ConfigError, match=r"must be waveforms \(B, T\) for small; choose an encoder"):
        at_rate(given, rate=1, wanted=1, normalise=False, **NAME)
