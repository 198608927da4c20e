"""A split held in memory as tensors, cut into batches without touching single samples.

Shapes: S samples of the split, B of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from fuselab.data.transforms.draws import times_before
from fuselab.errors import DataError
from fuselab.types import Batch, ModalityInput

Augment = Callable[[Batch, Sequence[str]], Batch]  # a batch, and names of its samples' random numbers → a batch


@dataclass(frozen=True, kw_only=True)
class Table:
    """One split as tensors.

    Args:
        inputs: each modality's values, mask and presence, a row a sample
        target: (S,) or (S, C)
        slice: (S,) or None
    """

    inputs: Mapping[str, ModalityInput]
    target: Tensor
    slice: Tensor | None

    def __len__(self) -> int:
        return len(self.target)

    def rows(self, index: Tensor) -> Batch:
        """Return the samples of these rows as a batch."""
        return Batch(
            inputs={
                name: ModalityInput(
                    one.values[index], None if one.mask is None else one.mask[index], one.present[index]
                )
                for name, one in self.inputs.items()
            },
            target=self.target[index],
            index=index,
            slice=None if self.slice is None else self.slice[index],
        )

    def to(self, device: torch.device) -> Table:
        """Return the split on a device; nothing is copied where it is there already."""
        whole = Batch(inputs=dict(self.inputs), target=self.target, index=torch.zeros(0), slice=self.slice).to(device)
        return Table(inputs=whole.inputs, target=whole.target, slice=whole.slice)


def balancing_weights(target: Tensor) -> Tensor:
    """Return weights of draws under which each class is drawn as often as any other.

    Args:
        target: (S,) classes

    Raises:
        DataError: not one class a sample

    Example:
        >>> balancing_weights(torch.tensor([0, 0, 1])).tolist()
        [0.5, 0.5, 1.0]
    """
    if target.dim() != 1 or target.is_floating_point():
        raise DataError(
            f"the targets ({target.dtype} of shape {tuple(target.shape)}) must be one class a sample to be balanced; "
            "set sampling=shuffled"
        )
    _, number, count = torch.unique(target, return_inverse=True, return_counts=True)
    weights: Tensor = 1 / count.double()
    return weights[number]


class BatchLoader:
    """Batches of a table, for Lightning as good as a ``DataLoader``.

    Order in epoch e is a function of ``seed`` and e alone, so a resumed run sees what the uninterrupted one would.
    Several processes share each batch out among themselves, so a step is the same step on one device or eight, and
    no draw is seen twice.

    Args:
        table: the split
        batch_size: of all processes together
        shuffle: draw a new order each epoch
        drop_last: leave out the last batch where it is not full
        seed: of the order
        epoch: tells the current epoch
        rank: number of this process
        world_size: number of processes
        weights: (S,) of the draws where an epoch's samples are drawn with replacement; None for each sample once
        augment: changes each batch anew; each sample's random numbers are named by seed, epoch, row, and how often the
            row has come before in the epoch

    Example:
        >>> table = Table(inputs={}, target=torch.arange(5), slice=None)
        >>> loader = BatchLoader(
        ...     table, batch_size=2, shuffle=False, drop_last=False, seed=0, epoch=lambda: 0, rank=0, world_size=1
        ... )
        >>> [batch.index.tolist() for batch in loader]
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        table: Table,
        *,
        batch_size: int,
        shuffle: bool,
        drop_last: bool,
        seed: int,
        epoch: Callable[[], int],
        rank: int,
        world_size: int,
        weights: Tensor | None = None,
        augment: Augment | None = None,
    ) -> None:
        self.table = table
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.seed = seed
        self.epoch = epoch
        self.rank = rank
        self.world_size = world_size
        self.weights = weights
        self.augment = augment

    def __len__(self) -> int:
        samples = len(self.table)
        return samples // self.batch_size if self.drop_last else math.ceil(samples / self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        samples, epoch = len(self.table), self.epoch()
        draws = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch) if self.shuffle else None
        if draws is not None and self.weights is not None:
            order = torch.multinomial(self.weights, samples, replacement=True, generator=draws)
        elif draws is not None:
            order = torch.randperm(samples, generator=draws)
        else:
            order = torch.arange(samples)
        times = times_before(order) if self.augment else order
        order = order.to(self.table.target.device)
        batches = zip(torch.split(order, self.batch_size), torch.split(times, self.batch_size), strict=True)
        for whole, before in islice(batches, len(self)):
            mine = whole[self.rank :: self.world_size]
            if not len(mine):
                continue
            batch = self.table.rows(mine)
            if self.augment is not None:
                rows = zip(mine.tolist(), before[self.rank :: self.world_size].tolist(), strict=True)
                batch = self.augment(batch, [f"{self.seed}/{epoch}/{row}/{times}" for row, times in rows])
            yield batch
