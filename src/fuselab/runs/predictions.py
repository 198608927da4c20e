"""``predictions.parquet``: index, slice, target and output of every test sample, and modalities' weights where known.

Shapes: S samples, C outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuselab.errors import RunFolderError
from fuselab.runs.files import write_whole

Array = npt.NDArray[Any]
WEIGHT = "weight."  # before the modality's name


@dataclass(frozen=True)
class Predictions:
    """What a run said of every test sample, in the order of the dataset.

    Args:
        index: (S,), row of each sample in its split
        slice: (S,), name of each sample's group; None stands for none
        target: (S,), or (S, C) for several labels or values a sample
        output: (S, C), logits or values
        weights: (S,), how much each modality counted, by modality; empty where the method or an older file knows none
    """

    index: Array
    slice: Array
    target: Array
    output: Array
    weights: dict[str, Array]


def write_predictions(path: Path, columns: Mapping[str, Array | None], *, slices: Sequence[str]) -> None:
    """Write predictions in the order of the dataset.

    Args:
        path: the file
        columns: ``index`` (row of each sample in its split), ``target``, ``output`` (S, C), and ``slice`` (number of
            each sample's group) or None; ``weight.<modality>`` of each modality where the method knows weights
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
            **{
                name: pa.array(one[order].astype(np.float32))
                for name, one in columns.items()
                if name.startswith(WEIGHT) and one is not None
            },
        }
    )
    write_whole(path, lambda temporary: pq.write_table(table, temporary))


def read_predictions(path: Path) -> Predictions | None:
    """Read predictions; None where there are none.

    Args:
        path: the file

    Raises:
        RunFolderError: the file holds no predictions
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # A file is small: threads would take longer to begin than to read it.
        table = pq.read_table(path, use_threads=False).combine_chunks()
        return Predictions(
            index=_values(table["index"]),
            slice=np.array(table["slice"].to_pylist(), dtype=object),
            target=_values(table["target"]),
            output=_values(table["output"]),
            weights={
                name.removeprefix(WEIGHT): _values(table[name])
                for name in table.column_names
                if name.startswith(WEIGHT)
            },
        )
    except FileNotFoundError:
        return None
    except (OSError, KeyError, pa.ArrowException) as error:
        raise RunFolderError(
            f"the predictions ({path}) must be a Parquet file with index, slice, target and output; delete the run's "
            f"folder and launch it again ({error})"
        ) from error


def _values(column: Any) -> Array:
    import pyarrow as pa

    if not pa.types.is_list(column.type):
        return np.asarray(column.to_numpy())
    # Python lists of a hundred thousand samples would take a hundred times as long.
    values = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values).reshape(len(column), -1)
