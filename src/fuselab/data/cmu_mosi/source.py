"""CMU-MOSI: is an utterance of an opinion video positive? By utterance features of text, audio and video.

Shapes: S utterances, T utterances of a video, F features.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from fuselab.data.cmu_mosi.dialogue import in_context
from fuselab.data.features.readers.read import read_array
from fuselab.data.fingerprint import fingerprint
from fuselab.data.paired import Array, PairedData, Split
from fuselab.data.splits.base import Rows, Splitter, split_hash
from fuselab.data.standardise import standardised
from fuselab.errors import ConfigError, DataError

NAME = "cmu_mosi"
MODALITIES = ("text", "audio", "video")
STORED = ("train", "test")  # the publisher's splits
LEVELS = ("utterance", "dialogue")


class CmuMosi:
    """The utterance features of bc-LSTM, in the publisher's split; validation is drawn from its train videos.

    Args:
        folder: that the file is in
        file: ``.npz`` with ``text_train``, ``audio_train``, ``video_train``, ``y_train``, ``utt_id_train``, and the
            same for test
        level: ``utterance`` gives vectors (S, F); ``dialogue`` the utterances around each one in its video, (S, T,
            F + 1), see :func:`in_context`
        reach: utterances on either side of a dialogue's own, or None for the whole video
        sizes: F of each modality
        split: shares out rows that have a ``column`` train or test and a ``group``, their video
        standardise: each feature by its mean and deviation in train

    Raises:
        ConfigError: a level or reach that can't be

    Reference:
        Zadeh et al. (2016), MOSI: Multimodal Corpus of Sentiment Intensity and Subjectivity Analysis in Online Opinion
        Videos; features by Poria et al. (2017), Context-Dependent Sentiment Analysis in User-Generated Videos.
    """

    def __init__(
        self,
        *,
        folder: str,
        file: str,
        level: Literal["utterance", "dialogue"],
        reach: int | None,
        sizes: dict[str, int],
        split: Splitter,
        standardise: bool,
    ) -> None:
        if level not in LEVELS:
            raise ConfigError(f"data.source.level ({level}) must be one of {', '.join(LEVELS)}; choose one")
        if reach is not None and (isinstance(reach, bool) or not isinstance(reach, int) or reach < 1):
            raise ConfigError(
                f"data.source.reach ({reach!r}) must be at least 1, or null for the video; set reach=null"
            )
        if set(sizes) != set(MODALITIES):
            raise ConfigError(
                f"data.source.sizes ({', '.join(sizes)}) must be of {', '.join(MODALITIES)}; give all three"
            )
        self.path = Path(folder).expanduser() / file
        self.level = level
        self.reach = reach
        self.sizes = sizes
        self.splitter = split
        self.standardise = standardise
        self._data: PairedData | None = None

    def load(self) -> PairedData:
        """Return the data, read once.

        Raises:
            DataError: no such file, or one that holds something else
        """
        if self._data is None:
            self._data = self._load()
        return self._data

    def _load(self) -> PairedData:
        raw = {name: self._both(f"{name}_") for name in MODALITIES}
        target, ids = self._both("y_"), self._both("utt_id_")
        stored = np.repeat(STORED, [len(self._read(f"y_{split}")) for split in STORED])
        video, number = _named(ids)
        for name, values in raw.items():
            if values.shape != (len(target), self.sizes[name]):
                raise DataError(
                    f"modality '{name}' {values.shape} of {self.path} must have {self.sizes[name]} features for each "
                    f"of {len(target)} utterances; set data.{name}.size, or take the publisher's file"
                )
            if not np.isfinite(values).all():
                raise DataError(f"modality '{name}' of {self.path} must hold no NaN; copy the publisher's file again")
        rows = Rows(samples=len(target), target=target, group=video, time=None, column=stored)
        parts = self.splitter.split(rows)
        there = np.ones(len(target), dtype=bool)
        splits = {
            split: Split(
                values={name: values[numbers].astype(np.float32) for name, values in raw.items()},
                present=dict.fromkeys(raw, there[numbers]),
                target=target[numbers].astype(np.int64),
                slice=None,
                group=video[numbers],
            )
            for split, numbers in parts.items()
        }
        if self.standardise:
            splits = standardised(splits)
        if self.level == "dialogue":
            splits = {
                split: in_context(splits[split], video=video[numbers], number=number[numbers], reach=self.reach)
                for split, numbers in parts.items()
            }
        return PairedData(
            name=NAME if self.level == "utterance" else f"{NAME}-{self.level}",
            splits=splits,
            slices=(),
            fingerprint=fingerprint(splits),
            split_hash=split_hash({split: ids[numbers] for split, numbers in parts.items()}),
        )

    def _both(self, prefix: str) -> Array:
        return np.concatenate([self._read(f"{prefix}{split}") for split in STORED])

    def _read(self, name: str) -> Array:
        return read_array(self.path, name)


def _named(ids: Array) -> tuple[Array, Array]:
    """Return the video of each utterance, and its number there."""
    split = [one.rpartition("_") for one in ids.tolist()]
    for one, (video, _, number) in zip(ids.tolist(), split, strict=True):
        if not video or not number.isdecimal():
            raise DataError(f"the utterance id ({one}) must be VIDEO_NUMBER; take the publisher's file")
    return np.array([video for video, _, _ in split]), np.array([int(number) for _, _, number in split])
