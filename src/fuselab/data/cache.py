"""Built once, by one process, and read by all: arrays in the folder ``FUSELAB_CACHE``."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "fuselab"


def cached_arrays(key: str, build: Callable[[], Mapping[str, Array]]) -> dict[str, Array]:
    """Return the arrays stored under ``key``, building them where nobody has.

    Args:
        key: folder name that stands for everything the arrays depend on
        build: makes the arrays

    Raises:
        DataError: the cache folder can't be written, or holds a damaged file
    """

    def store(folder: Path) -> None:
        arrays = build()
        with _writing(folder.parent):
            for name, array in arrays.items():
                np.save(folder / f"{name}.npy", array, allow_pickle=False)

    return stored_arrays(cached_folder(key, store))


def stored_arrays(folder: Path) -> dict[str, Array]:
    """Return the arrays of a cached folder, memory-mapped, so that several processes share one copy.

    Args:
        folder: of ``.npy`` files

    Raises:
        DataError: a damaged file
    """
    arrays = {}
    for file in sorted(folder.glob("*.npy")):
        try:
            arrays[file.stem] = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DataError(
                f"the cached file ({file}) must be whole; delete {folder} and it is built anew ({error})"
            ) from error
    return arrays


def cached_folder(key: str, build: Callable[[Path], None]) -> Path:
    """Return the folder stored under ``key``, building it where nobody has.

    Processes that start at once wait for the one that builds. What is finished can be read where nothing may be
    written.

    Args:
        key: folder name that stands for everything its content depends on
        build: fills a folder, which gets its name when it is whole

    Raises:
        DataError: the cache folder can't be written
    """
    folder = cache_folder() / key
    if not folder.is_dir():
        with _writing(folder.parent):
            folder.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder.with_name(f"{key}.lock"))
            lock.acquire()
        try:
            if not folder.is_dir():
                _store(folder, build)
        finally:
            lock.release()
    return folder


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"the cache folder ({root}) must be writable and have room; set FUSELAB_CACHE to another folder ({error})"
        ) from error


def _store(folder: Path, build: Callable[[Path], None]) -> None:
    """Fill a temporary folder and rename it: a folder of the key's name is a finished one.

    Only the holder of the key's lock comes here, so every temporary folder it finds is of a process that was killed.
    """
    with _writing(folder.parent):
        for left in folder.parent.glob(f".{folder.name}.*"):
            shutil.rmtree(left, ignore_errors=True)
        temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
        temporary.mkdir()
    try:
        build(temporary)
        with _writing(folder.parent):
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
