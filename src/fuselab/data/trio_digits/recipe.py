"""What trio_digits depends on, checked before anything is made."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np

from fuselab.data.paired import SPLITS
from fuselab.data.trio_digits.questions import KINDS
from fuselab.errors import ConfigError, nearest

VERSION = "v1"
NAME = f"trio_digits-{VERSION}"
MODALITIES = ("image", "audio", "text")

T = TypeVar("T", int, float)
Check = Callable[[str, Any, float, float], T]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that trio_digits depends on; equal values make equal recipes, however they are spelled.

    Args:
        seed: of every draw
        sizes: samples of each split
        shares: share of each split in the source images and voices
        mix: share of each kind of question
        image_noise: standard deviation of the pixel noise (pixels are 0 to 1)
        redundant_image_noise: the same where image and audio show one digit
        snr_db: lowest and highest signal-to-noise ratio of the audio
        redundant_snr_db: the same where image and audio show one digit
        rate: lowest and highest words a minute
        pitch: lowest and highest pitch, 0 to 99
        sample_rate: of the audio
        seconds: length of a clip
        missing: share of the samples that lack each modality

    Raises:
        ConfigError: a value that can't be
    """

    seed: int
    sizes: Mapping[str, int]
    shares: Mapping[str, float]
    mix: Mapping[str, float]
    image_noise: float
    redundant_image_noise: float
    snr_db: tuple[float, float]
    redundant_snr_db: tuple[float, float]
    rate: tuple[int, int]
    pitch: tuple[int, int]
    sample_rate: int
    seconds: float
    missing: Mapping[str, float]

    def __post_init__(self) -> None:
        checked: dict[str, Any] = {
            "seed": _whole("seed", self.seed, 0, 2**63 - 1),
            "sizes": _table("sizes", self.sizes, SPLITS, _whole, 1, 1_000_000),
            # Less than a twentieth can leave a split without a family of voices.
            "shares": _table("shares", self.shares, SPLITS, _number, 0.05, 1),
            "mix": _table("mix", self.mix, KINDS, _number, 0, 1),
            "image_noise": _number("image_noise", self.image_noise, 0, 10),
            "redundant_image_noise": _number("redundant_image_noise", self.redundant_image_noise, 0, 10),
            # Below -15 dB the noise leaves the 16 bits of a sample, and the ratio would not be the one asked for.
            "snr_db": _range("snr_db", self.snr_db, _number, -15, 100),
            "redundant_snr_db": _range("redundant_snr_db", self.redundant_snr_db, _number, -15, 100),
            "rate": _range("rate", self.rate, _whole, 80, 450),
            "pitch": _range("pitch", self.pitch, _whole, 0, 99),
            "sample_rate": _whole("sample_rate", self.sample_rate, 4000, 22_050),
            "seconds": _number("seconds", self.seconds, 0.25, 10),
            "missing": _table("missing", self.missing, MODALITIES, _number, 0, 1),
        }
        for name in ("shares", "mix"):
            total = sum(checked[name].values())
            if abs(total - 1) > 1e-6:
                raise ConfigError(f"data.source.{name} (sums to {total:g}) must sum to 1; change the shares")
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def stream(self, *names: str) -> np.random.Generator:
        """Return the random stream of that name: independent of every other."""
        return np.random.default_rng([self.seed, *(zlib.crc32(name.encode()) for name in names)])

    def as_key(self) -> dict[str, Any]:
        """Return plain values that stand for the recipe in a hash."""
        return {"version": VERSION, **asdict(self)}


def _number(name: str, value: Any, low: float, high: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigError(f"data.source.{name} ({value}) must be a number from {low:,} to {high:,}; change it")
    return float(value)


def _whole(name: str, value: Any, low: float, high: float) -> int:
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, float) and value.is_integer():
        number = int(value)
    if number is None or not low <= number <= high:
        raise ConfigError(f"data.source.{name} ({value}) must be a whole number from {low:,} to {high:,}; change it")
    return number


def _range(name: str, value: Any, check: Check[T], low: float, high: float) -> tuple[T, T]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise ConfigError(f"data.source.{name} ({value}) must be two numbers; give [lowest, highest]")
    first, last = (check(name, end, low, high) for end in value)
    if first > last:
        raise ConfigError(
            f"data.source.{name} ([{first}, {last}]) must rise from lowest to highest; write [{last}, {first}]"
        )
    return first, last


def _table(name: str, given: Any, known: Sequence[str], check: Check[T], low: float, high: float) -> dict[str, T]:
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"data.source.{name} ({given}) must be a mapping; give a value for each of {', '.join(known)}"
        )
    for key in given:
        if key not in known:
            raise ConfigError(f"data.source.{name}.{key} must be a known name; {nearest(str(key), known)}")
    for key in known:
        if key not in given:
            raise ConfigError(f"data.source.{name} must have {key}; give a value for each of {', '.join(known)}")
    return {key: check(f"{name}.{key}", given[key], low, high) for key in known}
