"""Clips of a manifest: paths or bytes → 16-bit samples of one rate, padded."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import soundfile
import torch

from fuselab.data.manifest.column import CellColumn, CellError, Files, contents, shown
from fuselab.data.paired import Array
from fuselab.errors import ConfigError

PCM = 32767


class AudioColumn(CellColumn):
    """Clips, mixed down to one channel and resampled; what is longer than ``seconds`` is cut off at the end.

    Args:
        column: of the manifest: a path, or the bytes of a file (wav, flac, ogg, mp3)
        sample_rate: of the values
        seconds: longest clip

    Shape:
        - values: (seconds · sample_rate,), int16, with a mask

    Raises:
        ConfigError: no rate or no length
    """

    sequence = True

    def __init__(self, *, column: str, sample_rate: int, seconds: float) -> None:
        super().__init__(column=column)
        for name, value in (("sample_rate", sample_rate), ("seconds", seconds)):
            if value <= 0:
                raise ConfigError(f"{name} ({value}) of the clips in '{column}' must be above 0; raise it")
        self.sample_rate = sample_rate
        self.seconds = seconds

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples of the longest clip."""
        return (round(self.seconds * self.sample_rate),)

    @property
    def dtype(self) -> type[np.generic]:
        """PCM: half the room of floats."""
        return np.int16

    def read(self, cell: Any, files: Files) -> Array:
        """Decode a clip."""
        found = contents(cell, files)
        try:
            wave, rate = soundfile.read(io.BytesIO(found), dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
            raise CellError(f"isn't a clip that can be decoded ({shown(cell)}: {error})") from error
        if not len(wave):
            raise CellError(f"is a clip without a sample ({shown(cell)})")
        if not np.isfinite(wave).all():
            raise CellError(f"is a clip with samples that are no numbers ({shown(cell)})")
        mono = wave.mean(1)[: int(np.ceil((self.seconds + 0.1) * rate))]  # the filter looks a little ahead
        if rate != self.sample_rate:
            from torchaudio.functional import resample

            mono = resample(torch.from_numpy(mono), rate, self.sample_rate).numpy()
        samples: Array = np.round(np.clip(mono[: self.shape[0]], -1, 1) * PCM).astype(np.int16)
        return samples
