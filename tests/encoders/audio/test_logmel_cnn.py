from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.signal import get_window
from torch.nn.functional import conv1d, layer_norm
from torchaudio.functional import melscale_fbanks

from fuselab.encoders.audio.logmel_cnn import LogMelCnn
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

RATE, FFT, HOP, MELS, FLOOR = 8000, 256, 200, 20, 1e-3
Array = npt.NDArray[np.float64]


def make(**changes) -> LogMelCnn:
    parts = {"sample_rate": RATE, "fft": FFT, "hop": HOP, "mels": MELS, "floor": FLOOR}
    return LogMelCnn(**(parts | {"hidden": 6, "max_tokens": 16, "dim": 4} | changes)).eval()


def wave(*values: Array, mask: torch.Tensor | None = None) -> ModalityInput:
    return ModalityInput(torch.from_numpy(np.stack(values)).float(), mask, torch.ones(len(values)).bool())


def log_mel(clip: Array) -> Array:
    """Frame by frame: a Hann window around every hop-th sample, zeros beyond the clip, power, mel bands, logarithm."""
    window = get_window("hann", FFT)
    padded = np.concatenate([np.zeros(FFT // 2), clip, np.zeros(FFT // 2)])
    bands = melscale_fbanks(FFT // 2 + 1, 0.0, RATE / 2, MELS, RATE).double().numpy()
    frames = []
    for centre in range(0, len(clip) + 1, HOP):
        power = np.abs(np.fft.rfft(window * padded[centre : centre + FFT])) ** 2
        frames.append(np.log(power @ bands + FLOOR))
    return np.array(frames)


def clip(length: int, seed: int = 0) -> Array:
    """A tone that rises, in noise."""
    time = np.arange(length) / RATE
    noise = np.random.default_rng(seed).standard_normal(length)
    return 0.5 * np.sin(2 * np.pi * (300 + 900 * time) * time) + 0.05 * noise


@pytest.mark.parametrize("length", [1600, 1650, 300])
def test_the_spectrogram_is_that_of_the_definition(length):
    expected = log_mel(clip(length))
    expected = (expected - expected.mean()) / (expected.std() + 1e-5)
    prepared = make().prepare(wave(clip(length)))
    assert prepared.values.shape == (1, length // HOP + 1, MELS)
    assert prepared.mask is None
    np.testing.assert_allclose(prepared.values[0].numpy(), expected, rtol=0, atol=2e-3)


def test_only_what_is_real_counts_in_the_standardisation():
    length, total = 900, 2000
    mask = torch.arange(total)[None] < length
    padded = np.concatenate([clip(length), np.zeros(total - length)])
    prepared = make().prepare(wave(padded, mask=mask))
    # Frames at 0, 200, …, 800; the one at 1000 lies behind the end.
    assert prepared.mask[0].tolist() == [True] * 5 + [False] * 6
    expected = log_mel(padded)[:5]
    expected = (expected - expected.mean()) / (expected.std() + 1e-5)
    np.testing.assert_allclose(prepared.values[0, :5].numpy(), expected, rtol=0, atol=2e-3)
    assert not prepared.values[0, 5:].any()


def test_loudness_does_not_matter_above_the_floor():
    prepared = make(floor=1e-9).prepare(wave(clip(1600), 8 * clip(1600)))
    torch.testing.assert_close(prepared.values[0], prepared.values[1], rtol=0, atol=1e-3)


def test_silence_is_not_blown_up():
    assert make().prepare(wave(np.zeros(1600))).values.abs().max() < 0.1


def test_three_convolutions_and_a_norm():
    encoder = make()
    for parameter in encoder.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    first, second, third = encoder.convolutions
    prepared = encoder.prepare(wave(clip(1600)))
    map_BCF = conv1d(prepared.values.mT, first.weight, first.bias, stride=2, padding=2).clamp(min=0)
    map_BCF = conv1d(map_BCF, second.weight, second.bias, stride=2, padding=2).clamp(min=0)
    map_BCF = conv1d(map_BCF, third.weight, third.bias, padding=1)
    expected = layer_norm(map_BCF.mT, (4,), encoder.norm.weight, encoder.norm.bias) + encoder.position[:3]
    torch.testing.assert_close(encoder(prepared).tokens, expected, rtol=0, atol=1e-5)


def test_a_token_is_every_fourth_frame():
    encoder = make()
    for length, tokens in ((1600, 3), (1400, 2), (100, 1)):
        assert encoder(encoder.prepare(wave(clip(length)))).tokens.shape == (1, tokens, 4)
    # 900 samples: frames 0 to 4 are real, so are every second of them, and every second of those.
    mask = torch.arange(2000)[None] < 900
    features = encoder(encoder.prepare(wave(clip(2000), mask=mask)).cleaned())
    assert features.mask[0].tolist() == [True, True, False]


def test_a_token_knows_its_place():
    encoder = make()
    prepared = encoder.prepare(wave(clip(1600)))
    before = encoder(prepared).tokens
    encoder.position.data[1] += 1
    assert (encoder(prepared).tokens - before).round(decimals=5).tolist() == [[[0.0] * 4, [1.0] * 4, [0.0] * 4]]


def test_a_token_hears_what_is_round_about_it_and_no_more():
    encoder = make(max_tokens=32)
    quiet, loud = clip(8000), clip(8000)
    loud[4000] += 5
    # Without the standardisation, which shares a change out over the whole clip.
    frames = [torch.from_numpy(log_mel(one)).float()[None] for one in (quiet, loud)]
    tokens = [encoder(ModalityInput(one, None, torch.ones(1).bool())).tokens for one in frames]
    changed = (tokens[0] - tokens[1])[0].abs().sum(1) > 1e-6
    # Frame 20 reaches token 5 and, through kernels of 5, 5 and 3, two tokens to either side.
    assert changed.nonzero().flatten().tolist() == [3, 4, 5, 6, 7]


def test_the_spectrogram_costs_no_gradient():
    audio = wave(clip(1600))
    assert not make().prepare(audio._replace(values=audio.values.requires_grad_())).values.requires_grad


def test_a_clip_with_more_tokens_than_positions_is_refused():
    with pytest.raises(ConfigError, match=r"max_tokens \(2\) must be at least the 3 tokens .* 1600 samples; raise"):
        make(max_tokens=2).prepare(wave(clip(1600)))
    make(max_tokens=3).prepare(wave(clip(1600)))
