"""Read the spoken digits of FSDD: one wav a clip, named ``{digit}_{speaker}_{index}.wav``."""

from __future__ import annotations

import hashlib
import re
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fuselab.data.av_mnist.place import REMEDY
from fuselab.data.paired import Array
from fuselab.errors import DataError

NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>[a-z]+)_(?P<index>\d+)\.wav")
DIGITS = 10


@dataclass(frozen=True, kw_only=True)
class Recordings:
    """Spoken digits, a row a clip, sorted by file name.

    Args:
        digit: (C,) that is spoken
        speaker: (C,) place in the list of speakers
        index: (C,) number among the clips of that digit and speaker
        waves: each clip's int16 samples
        checksum: SHA-256 over names and samples
    """

    digit: Array
    speaker: Array
    index: Array
    waves: tuple[Array, ...]
    checksum: str


def read_recordings(folder: Path, *, speakers: Sequence[str], sample_rate: int) -> Recordings:
    """Read every clip of a folder.

    Args:
        folder: with the wav files
        speakers: whose clips must be there, and nobody else's
        sample_rate: that the clips must have

    Raises:
        DataError: no clips, one missing, misnamed or broken, or speakers that the config does not name
    """
    names = sorted(file.name for file in folder.glob("*.wav"))
    if not names:
        raise DataError(f"the folder ({folder}) must hold the clips of FSDD; {REMEDY}")
    fields = [_fields(folder / name) for name in names]
    found = sorted({speaker for _, speaker, _ in fields})
    if found != sorted(speakers):
        raise DataError(
            f"the speakers in {folder} ({', '.join(found)}) must be those of data.slices ({', '.join(speakers)}); "
            "change data.slices, or the folder"
        )
    _check_complete(folder, fields, speakers)
    digest = hashlib.sha256()
    waves = []
    for name in names:
        samples = read_clip(folder / name, sample_rate=sample_rate)
        # Of the samples, not of the file: a wav that was written anew holds the same clip.
        digest.update(f"{name}|{len(samples)}|".encode() + samples.astype("<i2").tobytes())
        waves.append(samples)
    return Recordings(
        digit=np.array([digit for digit, _, _ in fields]),
        speaker=np.array([speakers.index(speaker) for _, speaker, _ in fields]),
        index=np.array([index for _, _, index in fields]),
        waves=tuple(waves),
        checksum=digest.hexdigest(),
    )


def read_clip(path: Path, *, sample_rate: int) -> Array:
    """Return the samples of one wav file, mono int16.

    Args:
        path: of the file
        sample_rate: that it must have

    Raises:
        DataError: no wav, another kind of wav, cut off, empty or silent
    """
    try:
        with wave.open(str(path)) as file:
            kind = (file.getframerate(), file.getnchannels(), 8 * file.getsampwidth())
            frames = file.getnframes()
            content = file.readframes(frames)
    except (OSError, EOFError, wave.Error) as error:
        raise DataError(
            f"the clip ({path}) must be a wav file ({str(error) or 'it ends in its header'}); {REMEDY}"
        ) from error
    if kind != (sample_rate, 1, 16):
        raise DataError(
            f"the clip ({path}) must have {sample_rate} Hz (data.audio.sample_rate), 1 channel and 16 bits, and has "
            f"{kind[0]} Hz, {kind[1]} and {kind[2]}; {REMEDY}"
        )
    if len(content) != 2 * frames:
        raise DataError(
            f"the clip ({path}) must hold the {frames} samples that its header says, and holds {len(content) // 2}; "
            f"{REMEDY}"
        )
    samples = np.frombuffer(content, "<i2").astype(np.int16)
    if not samples.any():
        reason = "is silent" if len(samples) else "has no samples"
        raise DataError(f"the clip ({path}) must hold sound, and {reason}; {REMEDY}")
    return samples


def _fields(path: Path) -> tuple[int, str, int]:
    found = NAME.fullmatch(path.name)
    if found is None:
        raise DataError(f"the clip ({path}) must be named DIGIT_SPEAKER_INDEX.wav; move it out of the folder")
    return int(found["digit"]), found["speaker"], int(found["index"])


def _check_complete(folder: Path, fields: Sequence[tuple[int, str, int]], speakers: Sequence[str]) -> None:
    """Every speaker says every digit equally often: a clip that is lacking shows."""
    there = set(fields)
    indices = range(1 + max(index for _, _, index in fields))
    lacking = [
        f"{digit}_{speaker}_{index}.wav"
        for digit in range(DIGITS)
        for speaker in speakers
        for index in indices
        if (digit, speaker, index) not in there
    ]
    if lacking or len(there) < len(fields):
        whole = DIGITS * len(speakers) * len(indices)
        first = f"first lacking is {lacking[0]}" if lacking else "an index is written in two ways"
        raise DataError(
            f"the folder ({folder}) must hold {whole:,} clips, and holds {len(fields):,} ({first}); {REMEDY}"
        )
