"""Built once, by one process, and read by all: arrays in the folder ``FUSELAB_CACHE``."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from filelock import FileLock

from fuselab.data.paired import Array
from fuselab.errors import DataError


def cache_folder() -> Path:
    """Return the folder for built data: ``FUSELAB_CACHE``, or the user's cache folder."""
    named = os.environ.get("FUSELAB_CACHE")
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "fuselab"


def cached_arrays(key: str, build: Callable[[], Mapping[str, Array]]) -> dict[str, Array]:
    """Return the arrays stored under ``key``, building them where nobody has.

    Processes that start at once wait for the one that builds. Arrays are memory-mapped, so that several
    processes share one copy.

    Args:
        key: folder name that stands for everything the arrays depend on
        build: makes the arrays

    Raises:
        DataError: the cache folder can't be written
    """
    root = cache_folder()
    folder = root / key
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f"{key}.lock"):
            if not folder.is_dir():
                _store(folder, build())
    except OSError as error:
        raise DataError(
            f"the cache folder ({root}) must be writable and have room; set FUSELAB_CACHE to another folder ({error})"
        ) from error
    return {file.stem: np.load(file, mmap_mode="r", allow_pickle=False) for file in sorted(folder.glob("*.npy"))}


def _store(folder: Path, arrays: Mapping[str, Array]) -> None:
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    temporary.mkdir()
    try:
        for name, array in arrays.items():
            np.save(temporary / f"{name}.npy", array, allow_pickle=False)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
