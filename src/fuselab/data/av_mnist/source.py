"""av_mnist as a source of paired data: made on first use from the publishers' files, read from the cache after that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fuselab.data.av_mnist.recipe import MODALITIES, Recipe
from fuselab.data.cache import cached_arrays
from fuselab.data.paired import SPLITS, Array, PairedData, split_of
from fuselab.data.progress import progress_bar
from fuselab.data.recipe import cache_key


class AvMnist:
    """MNIST digits that lost most of their energy, each with a clip of FSDD that says the same digit, in noise.

    No image and no clip is in two splits. An image is used once; a clip again where a split has more samples than
    clips, at another place and in other noise. The cache's key has the files' checksums, not the folder: data that is
    made once can be read where the files are not.

    Args:
        folder: with ``mnist`` and ``free-spoken-digit-dataset``, as their publishers name what is in them
        seed: see :class:`Recipe`, also for the others
        sizes: samples of each split
        val_share: of the publisher's train images and train indices
        slices: names of all speakers
        speakers: of each split, or None to split by index
        energy: share of the images' variance that is kept
        snr_db: range of signal-to-noise ratios
        image_size: of the images
        sample_rate: of the audio
        seconds: of the audio
        missing: share of the samples that lack each modality
        checksums: SHA-256 of the publishers' files

    Raises:
        ConfigError: a value that can't be

    Reference:
        Vielzeuf et al.: CentralNet, ECCV Workshops 2018, section 4.1 (images; its audio is other audio)
    """

    def __init__(
        self,
        *,
        folder: str,
        seed: int,
        sizes: Mapping[str, int],
        val_share: float,
        slices: Sequence[str],
        speakers: Mapping[str, Sequence[str]] | None,
        energy: float,
        snr_db: tuple[float, float],
        image_size: int,
        sample_rate: int,
        seconds: float,
        missing: Mapping[str, float],
        checksums: Mapping[str, str],
    ) -> None:
        self.folder = Path(folder).expanduser()
        self.recipe = Recipe(
            seed=seed,
            sizes=sizes,
            val_share=val_share,
            slices=slices,
            speakers=speakers,
            energy=energy,
            snr_db=snr_db,
            image_size=image_size,
            sample_rate=sample_rate,
            seconds=seconds,
            missing=missing,
            checksums=checksums,
        )

    @property
    def key(self) -> str:
        """Name in the cache: a function of the recipe."""
        return cache_key(self.recipe.name, self.recipe.as_key())

    def load(self) -> PairedData:
        """Return the data, built by the first process that asks for it.

        Raises:
            ConfigError: more samples than a split has images
            DataError: files that are missing, broken or not the publishers', or a cache that can't be written
        """
        arrays = self.arrays()
        splits = {split: split_of(arrays, split, MODALITIES) for split in SPLITS}
        speakers = np.array(self.recipe.slices)
        return PairedData(
            name=self.recipe.name,
            splits={name: replace(one, group=speakers[one.slice]) for name, one in splits.items()},
            slices=tuple(self.recipe.slices),
            fingerprint=str(arrays["fingerprint"]),
            split_hash=str(arrays["split_hash"]),
        )

    def arrays(self) -> dict[str, Array]:
        """Return every array as :func:`generate` makes it, with the truth that no model is shown."""
        return cached_arrays(self.key, self._build)

    def _build(self) -> dict[str, Array]:
        from fuselab.data.av_mnist.generator import generate
        from fuselab.data.av_mnist.originals import read_originals

        originals = read_originals(
            self.folder,
            checksums=self.recipe.checksums,
            image_size=self.recipe.image_size,
            speakers=self.recipe.slices,
            sample_rate=self.recipe.sample_rate,
        )
        with progress_bar(f"Building {self.recipe.name} (samples)", total=sum(self.recipe.sizes.values())) as show:
            return generate(self.recipe, originals, progress=show)
