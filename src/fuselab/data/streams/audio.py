"""Sound of recordings: an interval of a long file → 16-bit samples of one rate."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import soundfile
import torch

from fuselab.data.paired import Array
from fuselab.data.streams.signal import StreamError
from fuselab.data.streams.stream import Stream
from fuselab.errors import ConfigError

PCM = 32767
REACH = 16  # samples of the lower rate that the anti-aliasing filter sees on either side, and more


class AudioStream(Stream):
    """Sound, mixed down to one channel and resampled without aliasing; what is longer than ``seconds`` loses its end.

    Only the interval and what the filter sees around it are read, so recordings may be hours long.

    Args:
        file: with ``{recording}`` (wav, flac, ogg, mp3)
        offset: seconds that are added to its clock
        offset_column: of the intervals, which says the same for each recording, or None
        sample_rate: of the values
        seconds: longest interval

    Shape:
        - values: (seconds · sample_rate,), int16, with a mask

    Raises:
        ConfigError: no rate or no length
    """

    sequence = True

    def __init__(
        self, *, file: str, offset: float, offset_column: str | None, sample_rate: int, seconds: float
    ) -> None:
        super().__init__(file=file, offset=offset, offset_column=offset_column)
        for name, value in (("sample_rate", sample_rate), ("seconds", seconds)):
            if value <= 0:
                raise ConfigError(f"{name} ({value}) of the stream {file} must be above 0; raise it")
        self.sample_rate = sample_rate
        self.seconds = seconds

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples of the longest interval."""
        return (round(self.seconds * self.sample_rate),)

    @property
    def dtype(self) -> type[np.generic]:
        """PCM: half the room of floats."""
        return np.int16

    def open(self, path: Path) -> soundfile.SoundFile:
        """Open a sound file, of which :meth:`cut` reads what it needs."""
        try:
            return soundfile.SoundFile(path)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise StreamError(f"isn't sound that can be decoded ({error})") from error

    def cut(self, opened: soundfile.SoundFile, begin: float, end: float) -> tuple[Array, Array]:
        """Return the samples of an interval; those before and after the file are not real."""
        first = round(begin * self.sample_rate)
        count = min(max(1, round(end * self.sample_rate) - first), self.shape[0])
        values, real = np.zeros(count, np.int16), np.zeros(count, np.bool_)
        wave, start = self._read(opened, first, count)
        # Both may begin before the other.
        into, out = max(0, start - first), max(0, first - start)
        piece = wave[out : out + count - into]
        values[into : into + len(piece)] = np.round(np.clip(piece, -1, 1) * PCM).astype(np.int16)
        real[into : into + len(piece)] = True
        return values, real

    def _read(self, opened: soundfile.SoundFile, first: int, count: int) -> tuple[Array, int]:
        """Return resampled sound around an interval, and the number of its first sample at the new rate."""
        common = math.gcd(opened.samplerate, self.sample_rate)
        old, new = opened.samplerate // common, self.sample_rate // common  # frames and samples of the same time
        reach = math.ceil(REACH * self.sample_rate / min(opened.samplerate, self.sample_rate))
        block = max(0, (first - reach) // new)
        begin, end = block * old, min(opened.frames, math.ceil((first + count + reach) * old / new))
        if begin >= end:
            return np.zeros(0, np.float32), block * new
        try:
            opened.seek(begin)
            wave = opened.read(end - begin, dtype="float32", always_2d=True).mean(1)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise StreamError(f"isn't sound that can be decoded ({error})") from error
        if not np.isfinite(wave).all():
            raise StreamError("holds sound that is no number; export it again")
        if old != new:
            from torchaudio.functional import resample

            wave = resample(torch.from_numpy(wave), opened.samplerate, self.sample_rate).numpy()
        return wave, block * new
