"""A modality that alone separates the classes: perhaps it tells the answer."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from fuselab.data.doctor.cells import cells
from fuselab.data.doctor.finding import Examined, Finding, Sheet
from fuselab.data.paired import Array, PairedData, Split

ROWS = 2000  # of train that are looked at: this is a hint, not a model
WORDS = 512
SUSPICIOUS = 0.98


def alone(data: PairedData) -> Examined:
    """Fit a linear model on simple features of each modality, train rows only, and score it on val."""
    target = np.asarray(data.splits["train"].target)
    if target.ndim != 1 or target.dtype.kind not in "iu" or len(np.unique(target)) < 2:
        return Examined()
    val = data.splits["val"]
    most = float(np.bincount(np.asarray(val.target)).max() / len(val))
    rows, findings = [("the most frequent class", f"{most:.3f}")], []
    for name in data.splits["train"].values:
        accuracy = _accuracy(data, name)
        if accuracy is None:
            continue
        rows.append((name, f"{accuracy:.3f}"))
        if accuracy >= SUSPICIOUS > most + 0.05:
            said = f"a linear model of '{name}' alone is right on {accuracy:.1%} of val; does it hold the answer?"
            findings.append(Finding(level="warning", said=said))
    headings = ("a linear model of", "accuracy on val")
    return Examined(findings=findings, sheets=[Sheet(title="one modality alone", headings=headings, rows=rows)])


def _accuracy(data: PairedData, name: str) -> float | None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    (train, learned), (val, asked) = (_known(data.splits[split], name) for split in ("train", "val"))
    if len(np.unique(learned)) < 2 or not len(asked):
        return None
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200)).fit(train, learned)
    return float(model.score(val, asked))


def _known(split: Split, name: str) -> tuple[Array, Array]:
    rows = np.flatnonzero(np.asarray(split.present[name]))
    if len(rows) > ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, ROWS).astype(int)]
    mask = split.masks.get(name)
    features = [_features(split.values[name][int(row)], None if mask is None else mask[row]) for row in rows]
    return np.array(features), np.asarray(split.target)[rows]


def _features(value: Any, mask: Any) -> Array:
    """Return a few hundred numbers of a sample: words, means over cells of a picture, moments of a sequence."""
    if isinstance(value, str):
        counts = np.zeros(WORDS)
        for word in value.casefold().split():
            counts[zlib.crc32(word.encode()) % WORDS] += 1
        return counts
    array = np.asarray(value, np.float64)
    if mask is not None:
        array = array[np.asarray(mask)]
    if array.ndim == 3:
        return cells(array, rows=12, columns=12).ravel()
    if array.ndim == 2:
        return np.concatenate([array.mean(0), array.std(0)]) if len(array) else np.zeros(2 * array.shape[1])
    if mask is not None or array.size > 4 * WORDS:  # a waveform: how loud each tenth of it is, and its length
        loud = [float(np.abs(part).mean()) if part.size else 0.0 for part in np.array_split(array, 10)]
        return np.array([*loud, float(array.size)])
    return array.ravel()
