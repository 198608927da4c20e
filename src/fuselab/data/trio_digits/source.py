"""trio_digits as a source of paired data: made on first use, read from the cache after that."""

from __future__ import annotations

from collections.abc import Mapping

from fuselab.data.cache import cached_arrays
from fuselab.data.paired import SPLITS, Array, PairedData, split_of
from fuselab.data.progress import progress_bar
from fuselab.data.recipe import cache_key
from fuselab.data.trio_digits.questions import KINDS
from fuselab.data.trio_digits.recipe import MODALITIES, NAME, Recipe


class TrioDigits:
    """Image, audio and text with known truth.

    Args:
        seed: see :class:`Recipe`, also for the others
        sizes: samples of each split
        shares: of each split in the source images and voices
        mix: share of each kind of question
        image_noise: of the pixels
        redundant_image_noise: where image and audio show one digit
        snr_db: range of signal-to-noise ratios
        redundant_snr_db: where image and audio show one digit
        rate: range of words a minute
        pitch: range of pitches
        sample_rate: of the audio
        seconds: of the audio
        missing: share of the samples that lack each modality

    Raises:
        ConfigError: a value that can't be
    """

    name = NAME

    def __init__(
        self,
        *,
        seed: int,
        sizes: Mapping[str, int],
        shares: Mapping[str, float],
        mix: Mapping[str, float],
        image_noise: float,
        redundant_image_noise: float,
        snr_db: tuple[float, float],
        redundant_snr_db: tuple[float, float],
        rate: tuple[int, int],
        pitch: tuple[int, int],
        sample_rate: int,
        seconds: float,
        missing: Mapping[str, float],
    ) -> None:
        self.recipe = Recipe(
            seed=seed,
            sizes=sizes,
            shares=shares,
            mix=mix,
            image_noise=image_noise,
            redundant_image_noise=redundant_image_noise,
            snr_db=snr_db,
            redundant_snr_db=redundant_snr_db,
            rate=rate,
            pitch=pitch,
            sample_rate=sample_rate,
            seconds=seconds,
            missing=missing,
        )

    @property
    def key(self) -> str:
        """Name in the cache: a function of the recipe."""
        return cache_key(self.name, self.recipe.as_key())

    def load(self) -> PairedData:
        """Return the data, built by the first process that asks for it.

        Raises:
            ConfigError: shares that leave a split without voices
            DataError: the cache can't be written, or the synthesiser failed
        """
        arrays = self.arrays()
        return PairedData(
            name=self.name,
            splits={split: split_of(arrays, split, MODALITIES) for split in SPLITS},
            slices=KINDS,
            fingerprint=str(arrays["fingerprint"]),
            split_hash=str(arrays["split_hash"]),
        )

    def arrays(self) -> dict[str, Array]:
        """Return every array as :func:`generate` makes it, with the truth that no model is shown."""
        return cached_arrays(self.key, self._build)

    def _build(self) -> dict[str, Array]:
        from fuselab.data.trio_digits.generator import generate

        total = sum(self.recipe.sizes.values())
        with progress_bar(f"Building {self.name} (spoken samples)", total=total) as show:
            return generate(self.recipe, progress=lambda done, _: show(done))
