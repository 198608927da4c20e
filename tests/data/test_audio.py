from __future__ import annotations

import hashlib

import numpy as np
import pytest

from fuselab.data.audio import LOUDNESS, in_noise


def words(count: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(5)
    lengths = draw.integers(steps // 4, steps // 2, count)
    clips = draw.integers(-3000, 3000, (count, steps)).astype(np.int16)
    clips[np.arange(steps) >= lengths[:, None]] = 0
    return clips, lengths


def test_words_have_one_loudness_and_stand_whole_at_drawn_places():
    clips, lengths = words(40, 400)
    made = in_noise(clips, lengths, np.full(40, 100.0), np.random.default_rng(0))
    first = [int(np.flatnonzero(row)[0]) for row in made]
    assert len(set(first)) > 20
    for row, start, length in zip(made.astype(float), first, lengths, strict=True):
        assert not row[start + length :].any()
        assert np.sqrt((row**2).sum() / length) == pytest.approx(LOUDNESS, rel=0.01)


@pytest.mark.parametrize("ratio", [-10.0, 0.0, 12.0])
def test_noise_has_the_ratio_asked_for(ratio: float):
    clips, lengths = words(8, 4000)
    clean, noisy = (
        in_noise(clips, lengths, np.full(8, one), np.random.default_rng(0)).astype(float) for one in (100.0, ratio)
    )
    level = 20 * np.log10(LOUDNESS / (noisy - clean).std(1))
    np.testing.assert_allclose(level, ratio, atol=0.5)


def test_what_follows_a_word_is_not_looked_at():
    clips, lengths = words(5, 300)
    spoilt = np.where(np.arange(300) < lengths[:, None], clips, 9999).astype(np.int16)
    one, other = (in_noise(these, lengths, np.zeros(5), np.random.default_rng(0)) for these in (clips, spoilt))
    np.testing.assert_array_equal(one, other)


def test_bytes_stay_those_that_fingerprints_were_made_of():
    made = in_noise(*words(20, 300), np.linspace(-15, 30, 20), np.random.default_rng(1))
    assert made.dtype == np.int16
    assert (
        hashlib.sha256(made.tobytes()).hexdigest() == "121e7f86831965e0c8355883df8e45daa146b0f2b6d97f111de213cd2e92fd76"
    )
