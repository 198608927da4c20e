"""Random numbers of a batch, a stream for each sample.

Shapes: B samples of the batch, S of the split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


class Draws:
    """Random numbers that are a function of names alone: of a run's seed, an epoch, a row, a step.

    What a sample draws does not depend on the batch it is in, nor on the device, nor on how many processes share the
    batch; a run that goes on draws what it would have drawn.

    Args:
        names: of each sample's stream
        device: of what is drawn

    Example:
        >>> one, both = Draws(["0/7"], device=torch.device("cpu")), Draws(["0/3", "0/7"], device=torch.device("cpu"))
        >>> bool(one.uniform()[0] == both.uniform()[1])
        True

    Reference:
        Salmon, Moraes, Dror, Shaw (2011), Parallel Random Numbers: As Easy as 1, 2, 3 (Philox; numpy's).
    """

    def __init__(self, names: Sequence[str], *, device: torch.device) -> None:
        self.streams = [_stream(name) for name in names]
        self.device = device

    def uniform(self, *shape: int) -> Tensor:
        """Draw numbers from 0 to below 1.

        Shape:
            - output: (B, *shape)
        """
        return self._stacked([stream.random(shape, np.float32) for stream in self.streams])

    def normal(self, *shape: int) -> Tensor:
        """Draw from the standard normal distribution.

        Shape:
            - output: (B, *shape)
        """
        return self._stacked([stream.standard_normal(shape, np.float32) for stream in self.streams])

    def between(self, low: float, high: float) -> Tensor:
        """Draw a number a sample from a range.

        Shape:
            - output: (B,)
        """
        return low + (high - low) * self.uniform()

    def whole(self, most_B: Tensor) -> Tensor:
        """Draw a whole number a sample, from 0 to its highest, that one included.

        Shape:
            - most_B: (B,)
            - output: (B,) int64
        """
        return (self.uniform() * (most_B + 1)).long().minimum(most_B.long())

    def _stacked(self, drawn: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.float32]] | float]) -> Tensor:
        return torch.from_numpy(np.stack([np.asarray(one, np.float32) for one in drawn])).to(self.device)


def times_before(order: Tensor) -> Tensor:
    """Return how often each row of an order has come before: a row that is drawn twice is changed in two ways.

    Shape:
        - order: (S,) rows
        - output: (S,)

    Example:
        >>> times_before(torch.tensor([4, 1, 4, 4, 1])).tolist()
        [0, 0, 1, 2, 1]
    """
    ordered, places = torch.sort(order, stable=True)
    rank = torch.arange(len(order), device=order.device) - torch.searchsorted(ordered, ordered)
    return torch.empty_like(rank).index_copy_(0, places, rank)


def _stream(name: str) -> np.random.Generator:
    key = np.frombuffer(hashlib.blake2b(name.encode(), digest_size=16).digest(), "<u8")
    return np.random.Generator(np.random.Philox(key=key))
