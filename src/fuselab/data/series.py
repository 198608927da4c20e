"""Numbers of a sample as a browser shows them: a vector, lines over time, or a strip of many features over time.

Shapes: F features, T time steps.
"""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np

from fuselab.data.paired import Array

NUMBERS = 512  # of a vector
LINES = 4  # features over time that can still be told apart
STEPS = 200  # of a line or a strip
ROWS = 128  # of a strip
DIGITS = 4  # significant


def tell_vector(values_F: Array) -> tuple[bytes, str | None]:
    """Return a vector as JSON, and what of it is left out.

    Example:
        >>> tell_vector(np.array([0.5, np.nan]))
        (b'{"kind":"vector","values":[0.5,null]}', None)
    """
    cut = f"the first {NUMBERS} of {len(values_F)} numbers" if len(values_F) > NUMBERS else None
    return _json(kind="vector", values=_plain(values_F[:NUMBERS])), cut


def tell_sequence(values_TF: Array) -> tuple[bytes, str | None]:
    """Return numbers over time as JSON: a line each where they are few, a picture of all where they are many.

    A strip's rows are the features, each from black at its least to white at its most within this sample: features
    have units of their own.

    Args:
        values_TF: real steps alone

    Returns:
        the JSON, and what was done to the numbers
    """
    steps, features = values_TF.shape
    if not steps or not features:
        return _json(kind="vector", values=[]), "no step of it is real"
    values_TF, said = _shorter(np.asarray(values_TF, np.float64))
    if features <= LINES:
        return _json(kind="lines", values=[_plain(one) for one in values_TF.T]), "; ".join(said) or None
    rows_FT = values_TF.T[:ROWS]
    if features > ROWS:
        said.insert(0, f"the first {ROWS} of {features} features")
    said.insert(0, f"{steps} steps; a row a feature, each from its least (dark) to its most (light)")
    return _json(kind="strip", png=base64.b64encode(_strip(rows_FT)).decode()), "; ".join(said)


def _shorter(values_TF: Array) -> tuple[Array, list[str]]:
    """Return as many steps as there is room for, means of several where there are more."""
    steps = len(values_TF)
    if steps <= STEPS:
        return values_TF, []
    edges = np.linspace(0, steps, STEPS + 1).astype(int)
    known = np.isfinite(values_TF)
    sums = np.add.reduceat(np.where(known, values_TF, 0.0), edges[:-1])
    counts = np.add.reduceat(known.astype(int), edges[:-1])
    with np.errstate(invalid="ignore"):
        return sums / counts, [f"a point is the mean of about {steps / STEPS:.1f} steps"]


def _strip(rows_FT: Array) -> bytes:
    from PIL import Image

    finite = np.where(np.isfinite(rows_FT), rows_FT, np.nan)
    there = np.isfinite(finite).any(1, keepdims=True)
    low = np.nanmin(np.where(there, finite, 0.0), 1, keepdims=True)
    high = np.nanmax(np.where(there, finite, 0.0), 1, keepdims=True)
    shares = np.nan_to_num((finite - low) / np.where(high > low, high - low, 1.0))
    file = io.BytesIO()
    Image.fromarray(np.rint(255 * shares).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def _plain(values: Array) -> list[float | None]:
    return [float(f"{one:.{DIGITS}g}") if np.isfinite(one) else None for one in np.asarray(values, np.float64)]


def _json(**content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
