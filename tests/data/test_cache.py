from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from fuselab.data import cache
from fuselab.data.cache import cache_folder, cached_arrays
from fuselab.errors import DataError

ARRAYS = {"a": np.arange(3), "text": np.array(["one", "three"]), "name": np.array("x")}
BUILD = """
import os, sys, time
import numpy as np
from fuselab.data.cache import cached_arrays

def build():
    with open(sys.argv[1], "a") as log:
        log.write("built\\n")
    time.sleep({seconds})
    return {{"a": np.arange(3)}}

print(cached_arrays("key", build)["a"].sum())
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUSELAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def never() -> dict[str, np.ndarray]:
    raise AssertionError("built again")


def start(log: Path, *, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BUILD.format(seconds=seconds), str(log)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_arrays_come_back_as_they_were(root: Path):
    for build in (lambda: ARRAYS, never):
        arrays = cached_arrays("key", build)
        assert set(arrays) == set(ARRAYS)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(arrays[name], array)
            assert arrays[name].dtype == array.dtype


def test_arrays_are_shared_and_cannot_be_changed(root: Path):
    array = cached_arrays("key", lambda: ARRAYS)["a"]
    assert isinstance(array, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_another_key_is_built_for_itself(root: Path):
    cached_arrays("key", lambda: ARRAYS)
    assert set(cached_arrays("other", lambda: {"b": np.zeros(1)})) == {"b"}


def test_processes_that_start_at_once_build_once(root: Path, tmp_path: Path):
    log = tmp_path / "log"
    children = [start(log, seconds=0.5) for _ in range(4)]
    assert [child.communicate()[0].strip() for child in children] == ["3"] * 4
    assert log.read_text() == "built\n"


def test_a_killed_build_is_not_taken_for_a_finished_one(root: Path, tmp_path: Path):
    child = start(tmp_path / "log", seconds=60)
    deadline = time.monotonic() + 20
    while not (tmp_path / "log").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    child.kill()
    child.communicate()
    np.testing.assert_array_equal(cached_arrays("key", lambda: ARRAYS)["a"], ARRAYS["a"])


def test_what_a_killed_process_left_is_cleaned(root: Path):
    left, other = root / ".key.0123", root / ".key2.0123"
    for folder in (left, other):
        folder.mkdir(parents=True)
        (folder / "a.npy").write_bytes(b"half")
    np.testing.assert_array_equal(cached_arrays("key", lambda: ARRAYS)["a"], ARRAYS["a"])
    assert not left.exists()
    assert other.exists(), "it may belong to a process that builds another key"


def test_a_failed_build_leaves_nothing_and_can_be_repeated(root: Path):
    def fail() -> dict[str, np.ndarray]:
        raise BrokenPipeError("of the build's own")

    with pytest.raises(BrokenPipeError, match="of the build's own"):
        cached_arrays("key", fail)
    assert [path.name for path in root.iterdir() if path.suffix != ".lock"] == []
    assert set(cached_arrays("key", lambda: ARRAYS)) == set(ARRAYS)


def test_a_store_that_fails_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.np, "save", full)
    with pytest.raises(DataError, match=r"must be writable and have room; set FUSELAB_CACHE .*No space left"):
        cached_arrays("key", lambda: ARRAYS)
    assert [path.name for path in root.iterdir() if path.suffix != ".lock"] == []


def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FUSELAB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match=r"the cache folder \(.*file/cache\) must be writable .*; set FUSELAB_CACHE"):
        cached_arrays("key", never)


def test_what_is_finished_is_read_without_a_lock(root: Path, monkeypatch: pytest.MonkeyPatch):
    cached_arrays("key", lambda: ARRAYS)
    with FileLock(root / "key.lock"):
        monkeypatch.setattr(cache, "FileLock", never)
        assert set(cached_arrays("key", never)) == set(ARRAYS)


def test_a_damaged_file_is_named_with_its_remedy(root: Path):
    cached_arrays("key", lambda: ARRAYS)
    damaged = root / "key" / "a.npy"
    damaged.write_bytes(damaged.read_bytes()[:-8])
    with pytest.raises(DataError, match=r"the cached file \(.*a.npy\) must be whole; delete .*key and it is built"):
        cached_arrays("key", never)


def test_the_folder_is_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("FUSELAB_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "fuselab"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "fuselab"
    monkeypatch.setenv("FUSELAB_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"
