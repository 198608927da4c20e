"""Generate trio_digits: a handwritten digit, a spoken digit and a question about them.

Everything is drawn from named streams of one seed, so that changing the noise does not change which images are in
which split, and more test samples do not change the train split.

Shapes: S samples of a split, P source images.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fuselab.data.paired import SPLITS, Array, sha256
from fuselab.data.trio_digits.questions import ANSWERS, KINDS, WORDINGS
from fuselab.data.trio_digits.speech import ACCENTS, speak, voice_variants
from fuselab.errors import ConfigError, nearest

VERSION = "v1"
DIGITS = 10
MODALITIES = ("image", "audio", "text")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that trio_digits depends on.

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
        for name, given, known in (
            ("sizes", self.sizes, SPLITS),
            ("shares", self.shares, SPLITS),
            ("mix", self.mix, KINDS),
            ("missing", self.missing, MODALITIES),
        ):
            for key in given:
                if key not in known:
                    raise ConfigError(f"data.source.{name}.{key} must be a known name; {nearest(key, known)}")
            for key in known:
                if given.get(key, -1) < 0:
                    value = given.get(key)
                    raise ConfigError(
                        f"data.source.{name}.{key} ({value}) must be 0 or more; set it for each of {list(known)}"
                    )
        for name, total in (("mix", sum(self.mix.values())), ("shares", sum(self.shares.values()))):
            if abs(total - 1) > 1e-6:
                raise ConfigError(f"data.source.{name} (sums to {total:g}) must sum to 1; change the shares")
        for split, size in self.sizes.items():
            if size < 1:
                raise ConfigError(f"data.source.sizes.{split} ({size}) must be at least 1; give each split samples")
        for name, rate in self.missing.items():
            if rate > 1:
                raise ConfigError(f"data.source.missing.{name} ({rate}) must be between 0 and 1; give a share")

    def stream(self, *names: str) -> np.random.Generator:
        """Return the random stream of that name: independent of every other."""
        return np.random.default_rng([self.seed, *(zlib.crc32(name.encode()) for name in names)])

    def as_key(self) -> dict[str, Any]:
        """Return plain values that stand for the recipe in a hash."""
        return {"version": VERSION, **asdict(self)}


def generate(recipe: Recipe, *, progress: Callable[[int, int], None]) -> dict[str, Array]:
    """Make all splits.

    Args:
        recipe: what to make
        progress: is told how many of how many samples have their audio

    Returns:
        arrays named ``<split>.<field>``, and ``fingerprint`` and ``split_hash`` as hexadecimal strings
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = digits.images.astype(np.float32) / 16, digits.target
    image_rows = _partition_images(recipe, labels)
    voices = _partition(recipe, np.array(voice_variants()), recipe.stream("voices"))
    plans = {split: _plan(recipe, split, labels, image_rows[split], voices[split]) for split in SPLITS}
    clips = np.concatenate([plan["clip"] for plan in plans.values()])
    samples = round(recipe.sample_rate * recipe.seconds)
    audio, lengths = speak(
        clips, sample_rate=recipe.sample_rate, length=samples, progress=lambda done: progress(done, len(clips))
    )
    arrays: dict[str, Array] = {}
    first = 0
    for split, plan in plans.items():
        rows = slice(first, first + len(plan["clip"]))
        first = rows.stop
        made = _finish(recipe, split, plan, images, (audio[rows], lengths[rows]))
        arrays.update({f"{split}.{name}": array for name, array in made.items()})
    membership = {f"images.{s}": image_rows[s] for s in SPLITS} | {f"voices.{s}": voices[s] for s in SPLITS}
    return arrays | {
        "fingerprint": np.array(sha256(arrays)),
        "split_hash": np.array(sha256(membership)),
    }


def _partition(recipe: Recipe, items: Array, stream: np.random.Generator) -> dict[str, Array]:
    """Share items out to the splits; every split gets at least one."""
    order = stream.permutation(items)
    bounds = np.round(np.cumsum([recipe.shares[split] for split in SPLITS]) * len(order)).astype(int)
    return {split: np.sort(part) for split, part in zip(SPLITS, np.split(order, bounds[:-1]), strict=True)}


def _partition_images(recipe: Recipe, labels: Array) -> dict[str, Array]:
    """Share the images out digit by digit, so that every split has every digit."""
    stream = recipe.stream("images")
    parts = [_partition(recipe, np.flatnonzero(labels == digit), stream) for digit in range(DIGITS)]
    return {split: np.sort(np.concatenate([part[split] for part in parts])) for split in SPLITS}


def _plan(recipe: Recipe, split: str, labels: Array, image_rows: Array, voices: Array) -> dict[str, Array]:
    """Draw what each sample is: kind, digits, image, voice and wording."""
    stream = recipe.stream("plan", split)
    size = recipe.sizes[split]
    kind = stream.choice(len(KINDS), size, p=[recipe.mix[name] for name in KINDS])
    seen, heard = stream.integers(DIGITS, size=size), stream.integers(DIGITS, size=size)
    heard = np.where(kind == KINDS.index("redundant"), seen, heard)
    by_digit = [image_rows[labels[image_rows] == digit] for digit in range(DIGITS)]
    clip = np.zeros(size, [("digit", "i4"), ("voice", "U40"), ("rate", "i4"), ("pitch", "i4")])
    clip["digit"] = heard
    accent, variant = stream.choice(ACCENTS, size), stream.choice(voices, size)
    clip["voice"] = np.char.add(np.char.add(accent, "+"), variant)
    clip["rate"] = stream.integers(recipe.rate[0], recipe.rate[1] + 1, size)
    clip["pitch"] = stream.integers(recipe.pitch[0], recipe.pitch[1] + 1, size)
    rows = [by_digit[digit][int(u * len(by_digit[digit]))] for digit, u in zip(seen, stream.random(size), strict=True)]
    wordings = [WORDINGS[KINDS[number]] for number in kind]
    questions = [known[int(u * len(known))] for known, u in zip(wordings, stream.random(size), strict=True)]
    return {
        "kind": kind,
        "seen": seen,
        "heard": heard,
        "clip": clip,
        "image_row": np.array(rows),
        "question": np.array(questions),
    }


def _finish(
    recipe: Recipe, split: str, plan: dict[str, Array], images: Array, speech: tuple[Array, Array]
) -> dict[str, Array]:
    """Turn a plan into the arrays that a model sees, and those that only a person looks at."""
    stream = recipe.stream("noise", split)
    kind, size = plan["kind"], len(plan["kind"])
    redundant = kind == KINDS.index("redundant")
    sigma = np.where(redundant, recipe.redundant_image_noise, recipe.image_noise).astype(np.float32)
    image = images[plan["image_row"]] + sigma[:, None, None] * stream.standard_normal((size, 8, 8), np.float32)
    snr_db = np.where(redundant, stream.uniform(*recipe.redundant_snr_db, size), stream.uniform(*recipe.snr_db, size))
    audio, lengths = speech
    wave = _place(audio, lengths, stream.random(size))
    wave = _with_noise(wave, lengths, snr_db, stream)
    target = np.choose(kind, [ANSWERS[name](plan["seen"], plan["heard"]) for name in KINDS])
    missing = recipe.stream("missing", split)
    present = {name: missing.random(size) >= recipe.missing[name] for name in MODALITIES}
    text = plan["question"]
    return {
        "image": np.where(present["image"][:, None, None], image, 0)[:, None].astype(np.float32),
        "audio": np.where(present["audio"][:, None], wave, 0).astype(np.int16),
        "text": np.where(present["text"], text, "").astype(text.dtype),
        **{f"present_{name}": present[name] for name in MODALITIES},
        "target": target.astype(np.int64),
        "slice": kind.astype(np.int64),
        "seen": plan["seen"].astype(np.int64),
        "heard": plan["heard"].astype(np.int64),
        "image_row": plan["image_row"].astype(np.int64),
        "voice": plan["clip"]["voice"],
    }


def _place(audio: Array, lengths: Array, where: Array) -> Array:
    """Move each clip to a drawn place in its window: the word does not begin where the window does."""
    samples = audio.shape[1]
    shift = (where * (samples - lengths + 1)).astype(int)
    column = np.arange(samples)[None, :] - shift[:, None]
    return np.where(column >= 0, np.take_along_axis(audio, column % samples, axis=1), 0)


def _with_noise(wave: Array, lengths: Array, snr_db: Array, stream: np.random.Generator) -> Array:
    """Bring each clip to one loudness and add white noise at its signal-to-noise ratio."""
    signal = wave.astype(np.float32)
    rms = np.sqrt((signal**2).sum(1) / np.maximum(lengths, 1)).astype(np.float32)
    signal *= (2000 / np.maximum(rms, 1))[:, None]
    noise = stream.standard_normal(signal.shape, np.float32) * (2000 * 10 ** (-snr_db / 20)).astype(np.float32)[:, None]
    return np.clip(np.round(signal + noise), -32768, 32767)
