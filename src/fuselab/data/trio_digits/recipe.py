"""What trio_digits depends on, checked before anything is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fuselab.data.audio import LOWEST_SNR_DB
from fuselab.data.paired import SPLITS
from fuselab.data.recipe import number, span, stream, table, whole
from fuselab.data.trio_digits.questions import KINDS
from fuselab.errors import ConfigError

VERSION = "v1"
NAME = f"trio_digits-{VERSION}"
MODALITIES = ("image", "audio", "text")


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
            "seed": whole("seed", self.seed, 0, 2**63 - 1),
            "sizes": table("sizes", self.sizes, SPLITS, whole, 1, 1_000_000),
            # Less than a twentieth can leave a split without a family of voices.
            "shares": table("shares", self.shares, SPLITS, number, 0.05, 1),
            "mix": table("mix", self.mix, KINDS, number, 0, 1),
            "image_noise": number("image_noise", self.image_noise, 0, 10),
            "redundant_image_noise": number("redundant_image_noise", self.redundant_image_noise, 0, 10),
            "snr_db": span("snr_db", self.snr_db, number, LOWEST_SNR_DB, 100),
            "redundant_snr_db": span("redundant_snr_db", self.redundant_snr_db, number, LOWEST_SNR_DB, 100),
            "rate": span("rate", self.rate, whole, 80, 450),
            "pitch": span("pitch", self.pitch, whole, 0, 99),
            "sample_rate": whole("sample_rate", self.sample_rate, 4000, 22_050),
            "seconds": number("seconds", self.seconds, 0.25, 10),
            "missing": table("missing", self.missing, MODALITIES, number, 0, 1),
        }
        for name in ("shares", "mix"):
            total = sum(checked[name].values())
            if abs(total - 1) > 1e-6:
                raise ConfigError(f"data.source.{name} (sums to {total:g}) must sum to 1; change the shares")
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def stream(self, *names: str) -> np.random.Generator:
        """Return the random stream of that name: independent of every other."""
        return stream(self.seed, *names)

    def as_key(self) -> dict[str, Any]:
        """Return plain values that stand for the recipe in a hash."""
        return {"version": VERSION, **asdict(self)}
