"""Generate trio_digits: a handwritten digit, a spoken digit and a question about them.

Everything is drawn from named streams of one seed, and each split is spoken by a process of its own, so that
changing the noise does not change which images are in which split, and more test samples do not change the train
split by a byte.

Shapes: S samples of a split, P source images, T audio steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from fuselab.data.audio import in_noise
from fuselab.data.paired import SPLITS, Array, sha256
from fuselab.data.splits.base import split_hash
from fuselab.data.trio_digits.questions import ANSWERS, KINDS, WORDINGS
from fuselab.data.trio_digits.recipe import MODALITIES, Recipe
from fuselab.data.trio_digits.speech import ACCENTS, speak, voice_variants
from fuselab.errors import ConfigError

DIGITS = 10


def generate(recipe: Recipe, *, progress: Callable[[int, int], None]) -> dict[str, Array]:
    """Make all splits.

    Args:
        recipe: what to make
        progress: is told how many of how many samples have their audio

    Returns:
        arrays named ``<split>.<field>``, and ``fingerprint`` and ``split_hash`` as hexadecimal strings

    Raises:
        ConfigError: shares that leave a split without voices
        DataError: the synthesiser failed
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = digits.images.astype(np.float32) / 16, digits.target
    image_rows = _partition_images(recipe, labels)
    voices = _partition_voices(recipe, voice_variants())
    steps = round(recipe.sample_rate * recipe.seconds)
    total = sum(recipe.sizes.values())
    done = dict.fromkeys(SPLITS, 0)

    def make(split: str) -> dict[str, Array]:
        def report(count: int) -> None:
            done[split] = count
            progress(sum(done.values()), total)

        plan = _plan(recipe, split, labels, image_rows[split], voices[split])
        speech = speak(plan["clip"], sample_rate=recipe.sample_rate, length=steps, progress=report)
        return _finish(recipe, split, plan, images, speech)

    with ThreadPoolExecutor(len(SPLITS)) as pool:
        made = dict(zip(SPLITS, pool.map(make, SPLITS), strict=True))
    arrays = {f"{split}.{name}": array for split, fields in made.items() for name, array in fields.items()}
    members = {f"images.{s}": image_rows[s] for s in SPLITS} | {f"voices.{s}": voices[s] for s in SPLITS}
    return arrays | {"fingerprint": np.array(sha256(arrays)), "split_hash": np.array(split_hash(members))}


def _partition_images(recipe: Recipe, labels: Array) -> dict[str, Array]:
    """Share the images out digit by digit, so that every split has every digit."""
    stream = recipe.stream("images")
    parts: dict[str, list[Array]] = {split: [] for split in SPLITS}
    for digit in range(DIGITS):
        order = stream.permutation(np.flatnonzero(labels == digit))
        for split, part in zip(SPLITS, np.split(order, np.rint(_bounds(recipe, len(order))).astype(int)), strict=True):
            parts[split].append(part)
    return {split: np.sort(np.concatenate(part)) for split, part in parts.items()}


def _partition_voices(recipe: Recipe, names: list[str]) -> dict[str, Array]:
    """Share the voices out by family, so that near copies (steph2, steph3) are in one split."""
    voices = np.array(names)
    family = np.array([name.rstrip("0123456789") for name in names])
    order = recipe.stream("voices").permutation(np.unique(family))
    members = np.array([(family == name).sum() for name in order])
    # A family belongs to the split where its middle falls.
    place = np.searchsorted(_bounds(recipe, len(voices)), np.cumsum(members) - members / 2)
    parts = {split: voices[np.isin(family, order[place == number])] for number, split in enumerate(SPLITS)}
    for split, part in parts.items():
        if not len(part):
            share = recipe.shares[split]
            raise ConfigError(f"data.source.shares.{split} ({share}) must give the split a family of voices; raise it")
    return parts


def _bounds(recipe: Recipe, items: int) -> Array:
    bounds: Array = np.cumsum([recipe.shares[split] for split in SPLITS])[:-1] * items
    return bounds


def _plan(recipe: Recipe, split: str, labels: Array, image_rows: Array, voices: Array) -> dict[str, Array]:
    """Draw what each sample is: kind, digits, image, voice and wording."""
    stream = recipe.stream("plan", split)
    size = recipe.sizes[split]
    mix = np.array([recipe.mix[name] for name in KINDS])
    kind = stream.choice(len(KINDS), size, p=mix / mix.sum())
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
    recipe: Recipe, split: str, plan: Mapping[str, Array], images: Array, speech: tuple[Array, Array]
) -> dict[str, Array]:
    """Turn a plan into the arrays that a model sees, and those that only a person looks at."""
    stream = recipe.stream("noise", split)
    kind, size, text = plan["kind"], len(plan["kind"]), plan["question"]
    redundant = kind == KINDS.index("redundant")
    sigma = np.where(redundant, recipe.redundant_image_noise, recipe.image_noise).astype(np.float32)
    image = images[plan["image_row"]] + sigma[:, None, None] * stream.standard_normal((size, 8, 8), np.float32)
    snr_db = np.where(redundant, stream.uniform(*recipe.redundant_snr_db, size), stream.uniform(*recipe.snr_db, size))
    audio = in_noise(*speech, snr_db, stream)
    target: Array = np.choose(kind, [ANSWERS[name](plan["seen"], plan["heard"]) for name in KINDS])
    missing = recipe.stream("missing", split)
    present = {name: missing.random(size) >= recipe.missing[name] for name in MODALITIES}
    return {
        "image": np.where(present["image"][:, None, None], image, 0)[:, None].astype(np.float32),
        "audio": np.where(present["audio"][:, None], audio, 0).astype(np.int16),
        "text": np.where(present["text"], text, "").astype(text.dtype),
        **{f"present_{name}": present[name] for name in MODALITIES},
        "target": target.astype(np.int64),
        "slice": kind.astype(np.int64),
        "seen": plan["seen"].astype(np.int64),
        "heard": plan["heard"].astype(np.int64),
        "image_row": plan["image_row"].astype(np.int64),
        "voice": plan["clip"]["voice"],
        "snr_db": snr_db.astype(np.float32),
    }
