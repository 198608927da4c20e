"""Images that keep only their leading principal components.

Shapes: I images of P pixels.

Reference:
    Vielzeuf, Lechervy, Pateux, Jurie: CentralNet: a Multilayer Approach for Multimodal Fusion, ECCV Workshops 2018,
    section 4.1: AV-MNIST's images have 75 % of their energy removed by PCA.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fuselab.data.paired import Array

# Rounding to a grid far coarser than the differences between linear-algebra libraries: the same bytes everywhere.
GRID = 1024
_CHUNK = 4096


@dataclass(frozen=True, kw_only=True)
class Components:
    """The leading principal components of some images.

    Args:
        mean: (P,) in grey levels
        axes: (P, K) orthonormal
        kept: share of the variance that they hold
    """

    mean: Array
    axes: Array
    kept: float


def fit(images: Array, *, energy: float) -> Components:
    """Return the fewest leading components that hold at least a share of the variance of images.

    Args:
        images: (I, …) uint8, of the train split only
        energy: share of the variance to keep

    Example:
        >>> images = np.array([[0, 0, 5], [100, 0, 5], [0, 10, 5], [100, 10, 5]], np.uint8)
        >>> fit(images, energy=0.9).axes.shape, fit(images, energy=1.0).axes.shape
        ((3, 1), (3, 2))
    """
    flat = images.reshape(len(images), -1)
    total = flat.sum(0, dtype=np.int64).astype(np.float64)
    products = np.zeros((flat.shape[1], flat.shape[1]))
    for start in range(0, len(flat), _CHUNK):
        # Sums of products of whole numbers are exact in float64, in whatever order a processor adds.
        chunk = flat[start : start + _CHUNK].astype(np.float64)
        products += chunk.T @ chunk
    scatter = len(flat) * products - np.outer(total, total)
    variances, axes = np.linalg.eigh(scatter)
    variances, axes = variances[::-1].clip(min=0), axes[:, ::-1]
    held = np.cumsum(variances) / max(float(variances.sum()), 1.0)
    # A last component that holds nothing but rounding is none.
    count = 1 + int(np.argmax(held >= min(energy, held[-1]) - 1e-12))
    return Components(mean=total / len(flat), axes=axes[:, :count], kept=float(held[count - 1]))


def degrade(images: Array, components: Components) -> Array:
    """Return images as their mean and leading components show them, black 0 and white 1.

    Args:
        images: (I, …) uint8
        components: fitted on the train split

    Shape:
        - output: that of ``images``, float32
    """
    centred = images.reshape(len(images), -1) - components.mean
    shown = components.mean + centred @ components.axes @ components.axes.T
    # Plus zero: which of the two zeros a pixel rounds to depends on the processor.
    degraded: Array = (np.rint(shown * (GRID / 255)) / GRID + 0.0).astype(np.float32)
    return degraded.reshape(images.shape)
