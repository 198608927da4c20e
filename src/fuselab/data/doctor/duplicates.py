"""Samples that stand in two splits, and equal samples of different classes."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from typing import Any

import numpy as np

from fuselab.data.doctor.cells import cells
from fuselab.data.doctor.finding import Examined, Finding, Sheet
from fuselab.data.paired import PairedData, Split

NAMED = 3
_WORDS = re.compile(r"\w+")


def across_splits(data: PairedData) -> Examined:
    """Find samples of val and test that train holds too."""
    modalities = list(data.splits["train"].values)
    exact = {split: _whole(one, modalities) for split, one in data.splits.items()}
    findings = []
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        known = defaultdict(list)
        for row, key in enumerate(exact[one]):
            if key is not None:
                known[key].append(row)
        found = [(known[key][0], row) for row, key in enumerate(exact[other]) if key is not None and key in known]
        if found:
            named = ", ".join(f"{other} {row} = {one} {first}" for first, row in found[:NAMED])
            said = f"{len(found)} samples of {other} stand in {one} too ({named}); leave them out, or split by group"
            findings.append(Finding(level="error", said=said))
    return Examined(findings=findings)


def nearly(data: PairedData) -> Examined:
    """Count content of val and test that is nearly the same in train, modality by modality."""
    rows = []
    for name in data.splits["train"].values:
        keys = {split: _near(one, name) for split, one in data.splits.items()}
        train = set(keys["train"]) - {None}
        shares = {
            split: sum(key in train for key in keys[split]) / max(1, sum(key is not None for key in keys[split]))
            for split in ("val", "test")
        }
        rows.append((name, *(f"{share:.1%}" for share in shares.values())))
    headings = ("modality", "val", "test")
    title = "content that is nearly the same in train"
    return Examined(sheets=[Sheet(title=title, headings=headings, rows=rows)])


def contradictions(data: PairedData) -> Examined:
    """Find equal samples of train with different targets: a hint at noise in labels."""
    train = data.splits["train"]
    seen: dict[bytes, set[bytes]] = defaultdict(set)
    counts: Counter[bytes] = Counter()
    for key, target in zip(_whole(train, list(train.values)), np.asarray(train.target), strict=True):
        if key is not None:
            seen[key].add(np.asarray(target).tobytes())
            counts[key] += 1
    samples = sum(counts[key] for key, targets in seen.items() if len(targets) > 1)
    if not samples:
        return Examined()
    said = f"{samples} samples of train equal others with another target; look for noise in the labels"
    return Examined(findings=[Finding(level="warning", said=said)])


def _whole(split: Split, modalities: list[str]) -> list[bytes | None]:
    """Return a digest of each sample, None where nothing of it is there."""
    parts = [_digests(split, name, _content) for name in modalities]
    return [
        hashlib.sha256(b"".join(part or b"-" for part in row)).digest() if any(row) else None
        for row in zip(*parts, strict=True)
    ]


def _near(split: Split, name: str) -> list[bytes | None]:
    return _digests(split, name, _blurred)


def _digests(split: Split, name: str, content: Any) -> list[bytes | None]:
    values, present = split.values[name], np.asarray(split.present[name])
    mask = split.masks.get(name)
    return [
        hashlib.sha256(content(values[row], None if mask is None else mask[row])).digest() if there else None
        for row, there in enumerate(present)
    ]


def _content(value: Any, mask: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return np.ascontiguousarray(value if mask is None else np.asarray(value)[np.asarray(mask)]).tobytes()


def _blurred(value: Any, mask: Any) -> bytes:
    """Return what is left of a value when small things are not looked at: case, punctuation, noise, size."""
    if isinstance(value, str):
        return " ".join(_WORDS.findall(value.casefold())).encode()
    array = np.asarray(value, np.float64)
    if mask is not None:
        array = array[np.asarray(mask)]
    if array.ndim == 3:  # a picture: is a cell darker than its neighbour?
        return np.packbits(np.diff(cells(array, rows=8, columns=9), axis=1) > 0).tobytes()
    scale = np.abs(array).max() if array.size else 0.0
    return np.round(array / scale * 64).astype(np.int8).tobytes() if scale else b"0"
