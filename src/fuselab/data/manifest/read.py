"""Open a manifest: CSV, Parquet or JSON Lines, as Arrow tables that stay on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fuselab.data.cache import cache_folder
from fuselab.errors import DataError, nearest

READERS = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".jsonl": "json"}


def open_manifest(file: Path, columns: Sequence[str], *, key: str) -> Any:
    """Return a ``datasets.Dataset`` of a manifest's columns, memory-mapped.

    Args:
        file: CSV, TSV, Parquet or JSON Lines
        columns: that are needed
        key: of the config that names the file, for errors

    Raises:
        DataError: no such file, another kind of file, one that can't be read, or a column that it lacks
    """
    if not file.is_file():
        raise DataError(f"{key} ({file}) must be there; correct the path, which is taken from {Path.cwd()}")
    if file.suffix.lower() not in READERS:
        raise DataError(f"{key} ({file}) must be one of {', '.join(READERS)}; convert it")
    kind = READERS[file.suffix.lower()]
    import datasets

    datasets.disable_progress_bars()
    try:
        options = _as_text(file) if kind == "csv" else {}
        opened = datasets.load_dataset(
            kind, data_files=str(file), split="train", cache_dir=str(cache_folder() / "manifests"), **options
        )
    except Exception as error:  # of pandas, Arrow or datasets, by the kind of file and of fault
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        said = " ".join(str(cause).split())[:200]
        raise DataError(f"the manifest ({file}) must be a whole {kind} file; mend it ({said})") from error
    lacking = [name for name in columns if name not in opened.column_names]
    if lacking:
        raise DataError(
            f"the column '{lacking[0]}' must be in the manifest ({file}); {nearest(lacking[0], opened.column_names)}"
        )
    wanted = opened.select_columns(list(dict.fromkeys(columns)))
    # Files in cells stay bytes and paths: who binds the column decodes them, and names the row where he can't.
    raw = {
        name: type(feature)(decode=False)
        for name, feature in wanted.features.items()
        if isinstance(feature, datasets.Image | datasets.Audio)
    }
    for name, feature in raw.items():
        wanted = wanted.cast_column(name, feature)
    return wanted


def _as_text(file: Path) -> dict[str, Any]:
    """Return how a CSV is read: every cell is text until its column says otherwise, for `007` is no number."""
    import datasets
    import pandas as pd

    sep = "\t" if file.suffix.lower() == ".tsv" else ","
    names = pd.read_csv(file, nrows=0, sep=sep, encoding_errors="replace").columns
    features = datasets.Features({str(name): datasets.Value("string") for name in names})
    return {"features": features, "keep_default_na": False, "sep": sep, "encoding_errors": "replace"}
