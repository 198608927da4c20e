"""Each utterance with the others of its video around it.

Shapes: S utterances of a split, T steps of the longest context, F features.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fuselab.data.paired import Array, Split
from fuselab.errors import DataError


def in_context(split: Split, *, video: Array, number: Array, reach: int | None) -> Split:
    """Return the same samples, each as the sequence of its video's utterances around it.

    The steps stand in the order of the video. The last number of a step says how many utterances it is from the
    sample's own: 0 there, negative before it. Features only: no label of another utterance is in a sample, and a video
    is in one split.

    Args:
        split: vectors (S, F)
        video: (S,) of each utterance
        number: (S,) of each utterance in its video, which may have gaps
        reach: utterances on either side, or None for the whole video

    Returns:
        values (S, T, F + 1) with masks (S, T)

    Raises:
        DataError: two utterances of one number in a video

    Example:
        >>> there = np.ones(3, dtype=bool)
        >>> text = np.array([[7.0], [8.0], [9.0]])
        >>> split = Split(values={"text": text}, present={"text": there}, target=there, slice=None)
        >>> found = in_context(split, video=np.array(["a", "b", "a"]), number=np.array([4, 1, 2]), reach=None)
        >>> found.values["text"][0].tolist()
        [[9.0, -2.0], [7.0, 0.0]]
    """
    order = np.lexsort((number, video))
    around: list[Array] = [order[:0]] * len(video)
    for rows in np.split(order, np.flatnonzero(video[order][1:] != video[order][:-1]) + 1):
        same = rows[1:][number[rows][1:] == number[rows][:-1]]
        if len(same):
            raise DataError(f"the utterance ({video[same[0]]}_{number[same[0]]}) must be there once; remove the other")
        for place, row in enumerate(rows):
            first = 0 if reach is None else max(0, place - reach)
            around[row] = rows[first:] if reach is None else rows[first : place + reach + 1]
    length = np.array([len(rows) for rows in around])
    mask = np.arange(length.max()) < length[:, None]
    source = np.zeros(mask.shape, dtype=np.int64)
    source[mask] = np.concatenate(around)
    offset = np.where(mask, number[source] - number[:, None], 0)
    return replace(
        split,
        values={
            name: np.concatenate([np.where(mask[..., None], values[source], 0), offset[..., None]], axis=2).astype(
                np.float32
            )
            for name, values in split.values.items()
        },
        masks=dict.fromkeys(split.values, mask),
    )
