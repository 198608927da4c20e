"""What binds files of a stream to a modality: an interval of a recording in, values out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from fuselab.data.paired import Array
from fuselab.data.streams.signal import StreamError
from fuselab.errors import ConfigError

RECORDING = "{recording}"


class Stream(ABC):
    """One modality of recordings, a file for each of them.

    Args:
        file: path below the data's folder, with ``{recording}`` where the recording's name stands
        offset: seconds that are added to the stream's clock
        offset_column: of the intervals, which says the same for each recording, or None

    Raises:
        ConfigError: a file that is the same for all recordings
    """

    def __init__(self, *, file: str, offset: float, offset_column: str | None) -> None:
        if RECORDING not in file:
            raise ConfigError(
                f"the file ({file}) of a stream must hold {RECORDING}, where the recording's name stands; write "
                f"{Path(file).stem}/{RECORDING}{Path(file).suffix}"
            )
        self.file = file
        self.offset = offset
        self.offset_column = offset_column

    def path(self, folder: Path, recording: str) -> Path:
        """Return where the file of a recording stands.

        Raises:
            StreamError: outside the folder
        """
        path = folder / self.file.replace(RECORDING, recording)
        if not path.resolve().is_relative_to(folder.resolve()):
            raise StreamError(f"names a file outside the data's folder ({path})")
        return path

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of a sample's values; where ``sequence``, of a padded one."""

    @property
    @abstractmethod
    def dtype(self) -> type[np.generic]:
        """Of a sample's values."""

    @property
    @abstractmethod
    def sequence(self) -> bool:
        """Whether the first axis is time, padded and masked."""

    scaled = False  # whether its numbers are to be standardised

    @abstractmethod
    def open(self, path: Path) -> Any:
        """Return what :meth:`cut` reads from.

        Raises:
            StreamError: a file that can't be used
            DataError: a file that can't be read
        """

    @abstractmethod
    def cut(self, opened: Any, begin: float, end: float) -> tuple[Array, Array]:
        """Return the values of an interval, and which of them are real.

        Args:
            opened: by :meth:`open`
            begin: seconds of the stream's own clock
            end: the same

        Returns:
            values as ``shape`` says, a sequence at most as long, and bool for the steps or for the vector
        """

    def told(self, opened: Any, recording: str) -> Troubles:
        """Return what a user should know of a recording."""
        return Troubles()


class Troubles:
    """What a stream's files lack, added up over recordings; said in a line each.

    Args:
        gaps: recording, begin and length of each stretch without samples
        unusable: recording and number of samples that are no numbers
    """

    def __init__(self, gaps: tuple[tuple[str, float, float], ...] = (), unusable: tuple[tuple[str, int], ...] = ()):
        self.gaps = gaps
        self.unusable = unusable

    def __add__(self, other: Troubles) -> Troubles:
        return Troubles(self.gaps + other.gaps, self.unusable + other.unusable)
