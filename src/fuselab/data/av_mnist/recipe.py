"""What av_mnist depends on, checked before anything is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from fuselab.data.audio import LOWEST_SNR_DB
from fuselab.data.av_mnist.place import CHECKSUMS
from fuselab.data.paired import SPLITS
from fuselab.data.recipe import number, span, stream, table, whole
from fuselab.errors import ConfigError, nearest

VERSION = "v1"
MODALITIES = ("image", "audio")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that av_mnist depends on; equal values make equal recipes, however they are spelled.

    Args:
        seed: of every draw
        sizes: samples of each split
        val_share: share of the publisher's train images, and of the train indices of the clips, that is for validation
        slices: names of all speakers, the groups of samples
        speakers: of each split, or None to split the clips by index
        energy: share of the images' variance that is kept
        snr_db: lowest and highest signal-to-noise ratio of the audio
        image_size: height and width of the images
        sample_rate: of the audio
        seconds: length of a clip
        missing: share of the samples that lack each modality
        checksums: SHA-256 of the publishers' files

    Raises:
        ConfigError: a value that can't be
    """

    seed: int
    sizes: Mapping[str, int]
    val_share: float
    slices: Sequence[str]
    speakers: Mapping[str, Sequence[str]] | None
    energy: float
    snr_db: tuple[float, float]
    image_size: int
    sample_rate: int
    seconds: float
    missing: Mapping[str, float]
    checksums: Mapping[str, str]

    def __post_init__(self) -> None:
        slices = _names("slices", self.slices)
        checked: dict[str, Any] = {
            "seed": whole("seed", self.seed, 0, 2**63 - 1),
            "sizes": table("sizes", self.sizes, SPLITS, whole, 1, 60_000),
            "val_share": number("val_share", self.val_share, 0.01, 0.5),
            "slices": slices,
            "speakers": None if self.speakers is None else _speakers(self.speakers, slices),
            "energy": number("energy", self.energy, 0.01, 1),
            "snr_db": span("snr_db", self.snr_db, number, LOWEST_SNR_DB, 100),
            "image_size": whole("image_size", self.image_size, 4, 1024),
            "sample_rate": whole("sample_rate", self.sample_rate, 4000, 48_000),
            "seconds": number("seconds", self.seconds, 0.25, 10),
            "missing": table("missing", self.missing, MODALITIES, number, 0, 1),
            "checksums": table("checksums", self.checksums, CHECKSUMS, _checksum, 0, 0),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def name(self) -> str:
        """Name of the data with the version of the generator; another way to split is other data."""
        return f"av_mnist{'' if self.speakers is None else '_by_speaker'}-{VERSION}"

    def stream(self, *names: str) -> np.random.Generator:
        """Return the random stream of that name: independent of every other."""
        return stream(self.seed, *names)

    def as_key(self) -> dict[str, Any]:
        """Return plain values that stand for the recipe in a hash."""
        return {"version": VERSION, **asdict(self)}


def _names(name: str, given: Any) -> tuple[str, ...]:
    listed = isinstance(given, Sequence) and not isinstance(given, str)
    if not listed or not given or not all(isinstance(one, str) for one in given) or len(set(given)) < len(given):
        raise ConfigError(f"data.source.{name} ({given}) must be a list of names, each once; write [george, jackson]")
    return tuple(given)


def _speakers(given: Any, known: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, Mapping) or set(given) != set(SPLITS):
        raise ConfigError(
            f"data.source.speakers ({given}) must be a list of names for each of {', '.join(SPLITS)}; "
            "write null to split the clips by index"
        )
    speakers = {split: _names(f"speakers.{split}", given[split]) for split in SPLITS}
    for split, names in speakers.items():
        for one in names:
            if one not in known:
                raise ConfigError(
                    f"data.source.speakers.{split} ({one}) must be one of data.slices; {nearest(one, known)}"
                )
    for one, other in combinations(SPLITS, 2):
        if both := sorted({*speakers[one]} & {*speakers[other]}):
            raise ConfigError(
                f"data.source.speakers.{other} ({both[0]}) must be of one split, and is of {one} too; leave it out"
            )
    return speakers


def _checksum(name: str, value: Any, _low: float, _high: float) -> Any:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
        raise ConfigError(
            f"data.source.{name} ({value}) must be a SHA-256 in 64 hexadecimal digits; leave it as it ships"
        )
    return value
