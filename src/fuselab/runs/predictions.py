"""``predictions.parquet``: index, slice, target and output of every test sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuselab.errors import RunFolderError
from fuselab.runs.files import write_whole

Array = npt.NDArray[Any]


def write_predictions(path: Path, columns: Mapping[str, Array | None], *, slices: Sequence[str]) -> None:
    """Write predictions in the order of the dataset.

    Args:
        path: the file
        columns: ``index`` (row of each sample in its split), ``target``, ``output`` (S, C), and ``slice`` (number of
            each sample's group) or None
        slices: names of the groups

    Raises:
        RunFolderError: a sample stands twice, or a column is missing
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    index, target, output, group = (columns[name] for name in ("index", "target", "output", "slice"))
    if index is None or target is None or output is None or len(np.unique(index)) != len(index):
        raise RunFolderError(f"the predictions ({path}) must hold every sample once; start the run again")
    order = np.argsort(index, kind="stable")
    names = [None] * len(index) if group is None else [slices[number] for number in group[order]]
    table = pa.table(
        {
            "index": pa.array(index[order]),
            "slice": pa.array(names, pa.string()),
            "target": pa.array(target[order].tolist()),
            "output": pa.array(list(output[order].astype(np.float32)), pa.list_(pa.float32())),
        }
    )
    write_whole(path, lambda temporary: pq.write_table(table, temporary))
