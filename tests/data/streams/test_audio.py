from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torchaudio.functional import resample

from fuselab.data.streams.audio import PCM, AudioStream
from fuselab.data.streams.signal import StreamError
from fuselab.errors import ConfigError

DRAW = np.random.default_rng(0)


def stream(rate: int = 8000, seconds: float = 1.0) -> AudioStream:
    return AudioStream(file="{recording}.wav", offset=0.0, offset_column=None, sample_rate=rate, seconds=seconds)


def write(folder: Path, wave: np.ndarray, rate: int) -> Path:
    soundfile.write(folder / "a.wav", wave, rate, subtype="FLOAT")
    return folder / "a.wav"


@pytest.mark.parametrize("old", [8000, 16000, 44100, 6000])
def test_a_piece_is_what_resampling_the_whole_gives_there(tmp_path, old):
    wave = DRAW.normal(0, 0.1, 5 * old).astype(np.float32)
    whole = wave if old == 8000 else resample(torch.from_numpy(wave), old, 8000).numpy()
    opened = stream().open(write(tmp_path, wave, old))
    for begin, end in ((0.0, 0.5), (0.333, 1.1), (2.71828, 3.5), (4.4, 5.0), (1.0, 3.0)):
        values, real = stream().cut(opened, begin, end)
        first = round(begin * 8000)
        known = whole[first : first + min(8000, round(end * 8000) - first)]
        assert len(values) == len(known)
        assert real.all()
        np.testing.assert_allclose(values / PCM, known, atol=2 / PCM)


def test_a_tone_keeps_its_phase_and_one_above_the_band_goes(tmp_path):
    times = np.arange(4 * 44100) / 44100
    opened = stream().open(
        write(tmp_path, 0.4 * np.sin(2 * np.pi * 440 * times) + 0.4 * np.sin(2 * np.pi * 7000 * times), 44100)
    )
    values, _ = stream().cut(opened, 1.7, 2.7)
    moments = 1.7 + np.arange(8000) / 8000
    known = 0.4 * np.sin(2 * np.pi * 440 * moments)
    # Without a filter the second tone would come back at 1000 Hz, as loud as it was.
    assert np.abs(values / PCM - known).max() < 0.01


def test_what_lies_outside_the_file_is_not_real(tmp_path):
    opened = stream().open(write(tmp_path, np.full(8000, 0.5), 8000))
    values, real = stream().cut(opened, -0.25, 0.25)
    assert (len(real), int(real[:2000].sum()), bool(real[2000:].all())) == (4000, 0, True)
    assert not values[:2000].any()
    values, real = stream().cut(opened, 0.75, 1.5)
    assert (len(real), bool(real[:2000].all()), int(real[2000:].sum())) == (6000, True, 0)
    assert not stream().cut(opened, 3.0, 3.5)[1].any()


def test_a_long_interval_loses_its_end(tmp_path):
    opened = stream().open(write(tmp_path, np.arange(16000) / 32768, 8000))
    values, real = stream(seconds=0.1).cut(opened, 0.5, 1.5)
    assert (len(values), bool(real.all())) == (800, True)
    assert abs(int(values[0]) - 4000) <= 1


def test_two_channels_are_mixed(tmp_path):
    opened = stream().open(write(tmp_path, np.stack([np.full(8000, 0.5), np.zeros(8000)], 1), 8000))
    assert set(stream().cut(opened, 0, 0.5)[0].tolist()) == {round(0.25 * PCM)}


def test_sound_that_cant_be(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFX no sound")
    with pytest.raises(StreamError, match="isn't sound that can be decoded"):
        stream().open(tmp_path / "a.wav")
    opened = stream().open(write(tmp_path, np.full(8000, np.nan), 8000))
    with pytest.raises(StreamError, match="holds sound that is no number; export it again"):
        stream().cut(opened, 0, 0.5)
    with pytest.raises(ConfigError, match=r"sample_rate \(0\) of the stream \{recording\}\.wav must be above 0"):
        stream(rate=0)
