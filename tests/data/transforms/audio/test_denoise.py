from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.signal
import torch

from fuselab.data.transforms.audio.denoise import Denoise
from fuselab.errors import ConfigError

RATE = 8000


def step(**changes: Any) -> Denoise:
    return Denoise(**({"fft": 256, "quantile": 0.3, "strength": 1.0, "floor": 0.1} | changes))


def syllables() -> torch.Tensor:
    """Return tones that come and go, as speech does."""
    time = torch.arange(RATE) / RATE
    loud = (torch.sin(2 * math.pi * 3 * time) > 0.3).float()
    return (torch.sin(2 * math.pi * 500 * time) + torch.sin(2 * math.pi * 1300 * time)) * loud


def snr_db(clean: torch.Tensor, other: torch.Tensor) -> float:
    return float(10 * torch.log10(clean.square().sum() / (other - clean).square().sum()))


@pytest.mark.parametrize("noisy_db", [-5, 0, 10])
def test_what_comes_and_goes_stands_out_of_steady_noise(noisy_db, given):
    torch.manual_seed(0)
    clean = syllables()
    noise = torch.randn(RATE) * clean.square().mean().sqrt() * 10 ** (-noisy_db / 20)
    found = step().apply(given((clean + noise)[None])).values[0]
    assert snr_db(clean, clean + noise) == pytest.approx(noisy_db, abs=0.2)
    assert snr_db(clean, found) > noisy_db + 6


def test_noise_alone_falls_to_about_the_floor_and_clean_sound_stays(given):
    torch.manual_seed(0)
    noise = torch.randn(1, 4 * RATE)
    left = step(strength=4.0).apply(given(noise)).values
    assert float(left.norm() / noise.norm()) < 0.45
    clean = syllables()[None]
    assert snr_db(clean, step().apply(given(clean)).values) > 30


def test_it_is_the_filter_of_its_equation(given):
    wave = np.random.default_rng(0).standard_normal(2000).astype(np.float32) * np.linspace(0, 1, 2000, dtype=np.float32)
    found = step(fft=64, strength=0.7).apply(given(torch.from_numpy(wave)[None])).values[0].numpy()
    window = scipy.signal.windows.hann(64, sym=False)
    padded = np.pad(wave.astype(np.float64), (32, 64 + 32))
    frames = np.stack([padded[begin : begin + 64] for begin in range(0, len(padded) - 63, 16)])
    spectrum = np.fft.rfft(frames * window)
    power = np.abs(spectrum) ** 2
    real = 1 + 1999 // 16
    rank = np.sort(power[:real], axis=0)[round(0.3 * (real - 1))]
    gain = np.maximum(1 - 0.7 * rank / -np.log(0.7) / np.maximum(power, 1e-20), 0.1)
    added, weight = np.zeros(len(padded)), np.zeros(len(padded))
    for number, frame in enumerate(np.fft.irfft(spectrum * gain)):
        added[16 * number : 16 * number + 64] += frame * window
        weight[16 * number : 16 * number + 64] += window**2
    expected = (added / np.maximum(weight, 1e-9))[32 : 32 + 2000]
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fft": 2}, r"transform\.\*\.fft \(2\) must be at least 4"),
        ({"quantile": 1.0}, r"transform\.\*\.quantile \(1\.0\) must be above 0 and below 1; choose one such as 0\.3"),
        ({"strength": 0}, r"strength \(0\) must be above 0"),
        ({"floor": 1.0}, r"transform\.\*\.floor \(1\.0\) must be at least 0 and below 1; choose one such as 0\.1"),
    ],
)
def test_what_can_not_be_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        step(**changes)
