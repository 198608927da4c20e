"""Recorded words as clips of one length, at one loudness, in noise.

Shapes: S samples, T audio steps.
"""

from __future__ import annotations

import numpy as np

from fuselab.data.paired import Array

LOUDNESS = 2000.0  # of a word (RMS), so that noise at the lowest ratio still fits 16 bits
# Below it the noise leaves the 16 bits of a sample, and the ratio would not be the one asked for.
LOWEST_SNR_DB = -15


def in_noise(words: Array, lengths: Array, snr_db: Array, stream: np.random.Generator) -> Array:
    """Bring each word to one loudness, put it at a drawn place in its window, add white noise at its ratio.

    Args:
        words: each begins with its first sample; what follows its length is not looked at
        lengths: of the words
        snr_db: loudness of a word over that of its noise
        stream: of places and noise

    Shape:
        - words: (S, T), lengths and snr_db: (S,)
        - output: (S, T) int16

    Example:
        >>> words = np.array([[300, -300, 300, 0, 0, 0]], np.int16)
        >>> in_noise(words, np.array([3]), np.array([100.0]), np.random.default_rng(0))
        array([[    0,     0,  2000, -2000,  2000,     0]], dtype=int16)
    """
    steps = words.shape[1]
    audio = np.zeros(words.shape, np.int16)
    noise_rms = LOUDNESS * 10 ** (-snr_db / 20)
    first = (stream.random(len(words)) * (steps - lengths + 1)).astype(int)
    for row, length in enumerate(lengths):
        word = words[row, :length].astype(np.float64)
        wave = noise_rms[row] * stream.standard_normal((steps,), np.float32).astype(np.float64)
        # The sum of squares is exact in float64, in whatever order a processor adds: same bytes everywhere.
        wave[first[row] : first[row] + length] += word * (LOUDNESS / np.sqrt((word**2).sum() / length))
        audio[row] = np.clip(np.rint(wave), -32768, 32767)
    return audio
