"""Generate av_mnist: a degraded handwritten digit and the same digit spoken in noise.

Everything is drawn from named streams of one seed, so that another noise does not change which images and clips are
in which split, and more test samples do not change the train split by a byte.

Shapes: S samples of a split, I images, C clips, T audio steps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fuselab.data.audio import in_noise
from fuselab.data.av_mnist.degrade import Components, degrade, fit
from fuselab.data.av_mnist.originals import Originals
from fuselab.data.av_mnist.recipe import MODALITIES, Recipe
from fuselab.data.av_mnist.recordings import DIGITS
from fuselab.data.paired import SPLITS, Array, sha256
from fuselab.data.splits.base import split_hash
from fuselab.errors import ConfigError, DataError

TEST_INDICES = 5  # FSDD's publisher tests on the clips of index 0 to 4


def generate(recipe: Recipe, originals: Originals, *, progress: Callable[[int], None]) -> dict[str, Array]:
    """Make all splits.

    Args:
        recipe: what to make
        originals: the publishers' files
        progress: is told how many samples are made

    Returns:
        arrays named ``<split>.<field>``, ``fingerprint`` and ``split_hash`` as hexadecimal strings, and ``components``
        and ``kept`` of the PCA

    Raises:
        ConfigError: more samples than a split has images
        DataError: a split that lacks a digit
    """
    images = _partition_images(recipe, originals)
    clips = _partition_clips(recipe, originals)
    for split, size in recipe.sizes.items():
        if size > len(images[split]):
            raise ConfigError(
                f"data.source.sizes.{split} ({size:,}) must be at most the {len(images[split]):,} images of the split; "
                "lower it"
            )
    components = fit(originals.images["train"][images["train"]], energy=recipe.energy)
    made: dict[str, dict[str, Array]] = {}
    for split in SPLITS:
        made[split] = _make(recipe, split, originals, images[split], clips[split], components)
        progress(sum(recipe.sizes[one] for one in made))
    arrays = {f"{split}.{name}": array for split, fields in made.items() for name, array in fields.items()}
    members = {f"images.{s}": images[s] for s in SPLITS} | {f"clips.{s}": clips[s] for s in SPLITS}
    return arrays | {
        "fingerprint": np.array(sha256(arrays)),
        "split_hash": np.array(split_hash(members)),
        "components": np.array(components.axes.shape[1]),
        "kept": np.array(components.kept),
    }


def _partition_images(recipe: Recipe, originals: Originals) -> dict[str, Array]:
    """Draw validation from the publisher's train images; rows count from 0 in train and in test."""
    order = recipe.stream("images").permutation(len(originals.labels["train"]))
    count = round(recipe.val_share * len(order))
    test = np.arange(len(originals.labels["test"]))
    return {"train": np.sort(order[count:]), "val": np.sort(order[:count]), "test": test}


def _partition_clips(recipe: Recipe, originals: Originals) -> dict[str, Array]:
    """Share the clips out by speaker, or by the publisher's index."""
    clips = originals.recordings
    if recipe.speakers is not None:
        places = {split: [recipe.slices.index(one) for one in recipe.speakers[split]] for split in SPLITS}
        return {split: np.flatnonzero(np.isin(clips.speaker, places[split])) for split in SPLITS}
    indices = np.unique(clips.index)
    rest = recipe.stream("clips").permutation(indices[indices >= TEST_INDICES])
    count = max(1, round(recipe.val_share * len(rest)))
    chosen = {"train": rest[count:], "val": rest[:count], "test": indices[indices < TEST_INDICES]}
    return {split: np.flatnonzero(np.isin(clips.index, chosen[split])) for split in SPLITS}


def _make(
    recipe: Recipe, split: str, originals: Originals, images: Array, clips: Array, components: Components
) -> dict[str, Array]:
    """Make what a model sees of a split, and what only a person looks at."""
    size, recordings = recipe.sizes[split], originals.recordings
    part = "test" if split == "test" else "train"
    rows = recipe.stream("rows", split).permutation(images)[:size]
    target = originals.labels[part][rows].astype(np.int64)
    clip = _pair(target, clips, recordings.digit, recipe.stream("clips", split), split=split)
    noise = recipe.stream("noise", split)
    snr_db = noise.uniform(*recipe.snr_db, size)
    words, lengths = _cut([recordings.waves[one] for one in clip], round(recipe.sample_rate * recipe.seconds))
    missing = recipe.stream("missing", split)
    present = {name: missing.random(size) >= recipe.missing[name] for name in MODALITIES}
    image = degrade(originals.images[part][rows], components)
    audio = in_noise(words, lengths, snr_db, noise)
    return {
        "image": np.where(present["image"][:, None, None], image, 0)[:, None].astype(np.float32),
        "audio": np.where(present["audio"][:, None], audio, 0).astype(np.int16),
        **{f"present_{name}": present[name] for name in MODALITIES},
        "target": target,
        "slice": recordings.speaker[clip].astype(np.int64),
        "image_row": rows.astype(np.int64),
        "clip_index": recordings.index[clip].astype(np.int64),
        "snr_db": snr_db.astype(np.float32),
    }


def _pair(target: Array, clips: Array, digit: Array, stream: np.random.Generator, *, split: str) -> Array:
    """Give each sample a clip of its digit; within a split none is used twice before all are used once.

    Shape:
        - target: (S,), clips: rows of those of the split, digit: (C,)
        - output: (S,) rows of clips
    """
    chosen = np.zeros(len(target), np.int64)
    for one in range(DIGITS):
        samples = np.flatnonzero(target == one)
        spoken = clips[digit[clips] == one]
        if len(samples) and not len(spoken):
            raise DataError(
                f"the recordings of {split} must have the digit {one}; give data.source.speakers.{split} more speakers"
            )
        rounds = [stream.permutation(spoken) for _ in range(-(-len(samples) // max(len(spoken), 1)))]
        chosen[samples] = np.concatenate([*rounds, spoken[:0]])[: len(samples)]
    return chosen


def _cut(waves: list[Array], steps: int) -> tuple[Array, Array]:
    """Return clips in rows of T steps and their lengths; of a longer one the stretch with the most energy.

    Shape:
        - output: (S, T) int16, (S,)
    """
    words, lengths = np.zeros((len(waves), steps), np.int16), np.zeros(len(waves), np.int64)
    for row, wave in enumerate(waves):
        energy = np.concatenate([[0], np.cumsum(wave.astype(np.int64) ** 2)])
        start = int(np.argmax(energy[steps:] - energy[: len(energy) - steps])) if len(wave) > steps else 0
        kept = wave[start : start + steps]
        words[row, : len(kept)], lengths[row] = kept, len(kept)
    return words, lengths
