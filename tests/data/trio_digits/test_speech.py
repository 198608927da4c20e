from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fuselab.data.trio_digits.speech import ACCENTS, WORDS, Synthesiser, _resample, speak, voice_variants
from fuselab.errors import DataError

FIELDS = [("digit", "i4"), ("voice", "U40"), ("rate", "i4"), ("pitch", "i4")]


def clips(*rows: tuple[int, str, int, int]) -> Any:
    return np.array(list(rows), FIELDS)


def say(asked: Any, *, length: int = 6000, progress: Callable[[int], None] = lambda _: None) -> tuple[Any, Any]:
    return speak(asked, sample_rate=8000, length=length, progress=progress)


@pytest.fixture(scope="module")
def synthesiser() -> Synthesiser:
    return Synthesiser(seed=0)


def test_there_are_about_100_voices():
    voices = voice_variants()
    assert 90 <= len(set(voices)) == len(voices) <= 120


def test_every_accent_says_every_word():
    audio, lengths = say(clips(*((digit, f"{accent}+m1", 160, 50) for accent in ACCENTS for digit in range(10))))
    assert audio.shape == (50, 6000)
    assert ((lengths > 800) & (lengths < 6000)).all()
    for row, length in zip(audio, lengths, strict=True):
        assert np.abs(row[:length]).max() > 1000
        assert np.abs(row[length + 100 :]).max(initial=0) < 50, "zeros behind, but for what resampling rings"
    assert len({row.tobytes() for row in audio}) == 50


def test_the_same_list_is_the_same_speech():
    asked = clips(*((digit, f"en-us+{voice}", 170, 40) for digit, voice in enumerate(voice_variants()[:10])))
    for one, other in zip(say(asked), say(asked), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_higher_rate_is_shorter():
    _, lengths = say(clips(*((digit, "en-us+m1", rate, 50) for rate in (130, 220) for digit in range(10))))
    assert (lengths[:10] > 1.2 * lengths[10:]).all()


def test_a_higher_pitch_is_higher(synthesiser: Synthesiser):
    periods = []
    for pitch in (20, 50, 80):
        word = synthesiser.say("nine", voice="en-us+f2", rate=130, pitch=pitch).astype(float)
        middle = word[len(word) // 2 - 1500 : len(word) // 2 + 1500]
        periods.append(np.correlate(middle, middle, "full")[len(middle) + 59 : len(middle) + 499].argmax() + 60)
    assert 22_050 / np.array(periods) == pytest.approx([140, 185, 253], rel=0.05)


@pytest.mark.parametrize("word", WORDS)
def test_silence_is_removed_from_both_ends(synthesiser: Synthesiser, word: str):
    level = np.abs(synthesiser.say(word, voice="en-us+f2", rate=160, pitch=50).astype(float))
    assert min(level[0], level[-1]) > 0.02 * level.max()


def test_long_words_are_cut():
    audio, lengths = say(clips((7, "en-us+m1", 130, 50)), length=1000)
    assert audio.shape == (1, 1000)
    assert lengths.tolist() == [1000]
    assert np.abs(audio[0, -100:]).max() > 100


def test_progress_rises_to_the_number_of_clips():
    told: list[int] = []
    say(clips(*[(1, "en-us+m1", 220, 50)] * 150), progress=told.append)
    assert told == [64, 128, 150]


@pytest.mark.parametrize("voice", ["en-us+nobody", "xx+m1", "en-us"])
def test_an_unknown_voice_is_refused(voice: str):
    with pytest.raises(DataError, match=rf"the voice \({voice.replace('+', '.')}\) must be one that eSpeak NG ships"):
        say(clips((1, voice, 160, 50)))


def test_silence_is_refused(synthesiser: Synthesiser):
    with pytest.raises(
        DataError, match=r"the voice \(en-us\+m1\) must say ' ' in 0.05 s or more, and took 0; reinstall"
    ):
        synthesiser.say(" ", voice="en-us+m1", rate=160, pitch=50)


def test_a_synthesiser_that_dies_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DataError, match=r"eSpeak NG must run .*; reinstall espeakng-loader \(exit code 1\)"):
        say(clips((1, "en-us+m1", 160, 50)))


def test_resampling_keeps_what_fits_and_drops_the_rest():
    time = np.arange(22_050) / 22_050
    low, high = (np.sin(2 * np.pi * frequency * time)[None] for frequency in (1000, 6000))
    ratio = Fraction(8000, 22_050)
    expected = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
    np.testing.assert_allclose(_resample(low, ratio)[0], expected, atol=1e-9)
    np.testing.assert_allclose(_resample(low + high, ratio)[0], expected, atol=1e-9)


def spectra(audio: Any) -> Any:
    """Log-spectrogram of a word: 16 bands, at 12 places from its beginning to its end."""
    power = []
    for clip in audio.astype(float):
        loud = np.flatnonzero(np.abs(clip) > 0.1 * np.abs(clip).max())
        starts = np.linspace(loud[0], max(loud[0], loud[-1] - 256), 12).astype(int)
        frames = np.stack([np.pad(clip, (0, 256))[start : start + 256] for start in starts]) * np.hanning(256)
        bands = np.abs(np.fft.rfft(frames))[:, :128].reshape(12, 16, 8).mean(-1)
        power.append(np.log(bands + 1))
    features = np.stack(power).reshape(len(audio), -1)
    return features - features.mean(1, keepdims=True)


def test_words_are_told_apart_in_voices_never_heard(made: dict[str, Any]):
    rows = {split: made[f"{split}.snr_db"] > 10 for split in ("train", "test")}
    features, heard = (
        {split: array(split)[rows[split]] for split in rows}
        for array in (lambda split: spectra(made[f"{split}.audio"]), lambda split: made[f"{split}.heard"])
    )
    centroids = np.stack([features["train"][heard["train"] == digit].mean(0) for digit in range(10)])
    distance = ((features["test"][:, None] - centroids) ** 2).sum(-1)
    assert (distance.argmin(1) == heard["test"]).mean() > 0.4, f"chance is 0.1 for {len(WORDS)} words"
