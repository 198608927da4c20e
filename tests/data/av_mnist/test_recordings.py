from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fuselab.data.av_mnist.recordings import read_clip, read_recordings
from fuselab.errors import DataError

from .conftest import INDICES, RECORDINGS, SPEAKERS, write_clip

TONE = np.array([0, 5, -5, 300], "<i2")


def test_every_clip_is_read_with_what_its_name_says(shared):
    folder, checksums = shared
    read = read_recordings(folder / RECORDINGS, speakers=SPEAKERS, sample_rate=8000)
    assert len(read.waves) == len(read.digit) == 10 * len(SPEAKERS) * INDICES
    for row in (0, 57, 479):
        name = f"{read.digit[row]}_{SPEAKERS[read.speaker[row]]}_{read.index[row]}.wav"
        with wave.open(str(folder / RECORDINGS / name)) as file:
            assert file.readframes(10**6) == read.waves[row].astype("<i2").tobytes()
    assert read.checksum == checksums["recordings"]


def test_the_checksum_is_of_names_and_samples_only(folder: Path):
    def checksum() -> str:
        return read_recordings(folder / RECORDINGS, speakers=SPEAKERS, sample_rate=8000).checksum

    before = checksum()
    clip = folder / RECORDINGS / "3_theo_2.wav"
    samples = read_clip(clip, sample_rate=8000)
    # Another writer puts a chunk of its own between header and samples.
    plain = clip.read_bytes()
    size = (len(plain) + 4).to_bytes(4, "little")
    clip.write_bytes(plain[:4] + size + plain[8:36] + b"LIST" + (4).to_bytes(4, "little") + b"INFO" + plain[36:])
    assert checksum() == before
    samples[7] += 1
    write_clip(clip, samples)
    assert checksum() != before


def test_speakers_are_numbered_by_the_order_of_the_config(shared):
    turned = SPEAKERS[::-1]
    read = read_recordings(shared[0] / RECORDINGS, speakers=turned, sample_rate=8000)
    first = read_recordings(shared[0] / RECORDINGS, speakers=SPEAKERS, sample_rate=8000)
    np.testing.assert_array_equal(read.speaker, 5 - first.speaker)


def spoil(change: Callable[[Path], None], folder: Path) -> None:
    change(folder / RECORDINGS / "3_theo_2.wav")


def without_header(clip: Path) -> None:
    clip.write_bytes(b"OggS" + clip.read_bytes()[4:])


def cut_in_the_header(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes()[:20])


def cut_in_the_samples(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes()[:244])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_header, r"must be a wav file \(file does not start with RIFF id\); delete it"),
        (cut_in_the_header, r"must be a wav file \(.+\); delete it"),
        (lambda clip: clip.write_bytes(b""), r"must be a wav file \(it ends in its header\); delete it"),
        (cut_in_the_samples, r"must hold the \d+ samples that its header says, and holds 100; delete it"),
        (lambda clip: write_clip(clip, TONE[:0]), r"must hold sound, and has no samples; delete it"),
        (lambda clip: write_clip(clip, TONE * 0), r"must hold sound, and is silent; delete it"),
        (
            lambda clip: write_clip(clip, TONE, rate=16_000),
            r"must have 8000 Hz \(data.audio.sample_rate\), 1 channel and 16 bits, and has 16000 Hz, 1 and 16; delete",
        ),
        (lambda clip: write_clip(clip, TONE, channels=2), "must have .*, and has 8000 Hz, 2 and 16; delete it"),
        (lambda clip: write_clip(clip, TONE, width=1), "must have .*, and has 8000 Hz, 1 and 8; delete it"),
    ],
    ids=["header", "short header", "no bytes", "cut", "empty", "silent", "rate", "stereo", "bits"],
)
def test_a_broken_clip_is_named_with_its_reason(folder: Path, change: Callable[[Path], None], message: str):
    spoil(change, folder)
    with pytest.raises(DataError, match=rf"the clip \(.*{RECORDINGS}/3_theo_2.wav\) {message}"):
        read_recordings(folder / RECORDINGS, speakers=SPEAKERS, sample_rate=8000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda clip: clip.unlink(), r"must hold 480 clips, and holds 479 \(first lacking is 3_theo_2.wav\); delete"),
        (
            lambda clip: clip.rename(clip.with_name("3_theo_02.wav")).with_name("3_theo_2.wav").write_bytes(b"x"),
            r"must hold 480 clips, and holds 481 \(an index is written in two ways\)",
        ),
        (lambda clip: clip.rename(clip.with_name("three.wav")), r"three.wav\) must be named DIGIT_SPEAKER_INDEX.wav"),
        (lambda clip: [one.unlink() for one in clip.parent.iterdir()], r"must hold the clips of FSDD; delete"),
        (
            lambda clip: [one.unlink() for one in clip.parent.glob("*_theo_*")],
            r"the speakers in .* \(george, jackson, lucas, nicolas, yweweler\) must be those of data.slices \(.*"
            r"theo, yweweler\); change data.slices",
        ),
    ],
    ids=["lacks one", "twice", "misnamed", "none", "speaker"],
)
def test_a_folder_that_is_not_whole_says_so(folder: Path, change: Callable[[Path], None], message: str):
    spoil(change, folder)
    with pytest.raises(DataError, match=message):
        read_recordings(folder / RECORDINGS, speakers=SPEAKERS, sample_rate=8000)
