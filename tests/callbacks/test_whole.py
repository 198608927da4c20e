from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest
import torch

from fuselab.callbacks.whole import WholeCheckpoints
from fuselab.errors import RunFolderError

CHECKPOINT = {"state_dict": {"weight": torch.arange(5.0)}, "epoch": 3}


def test_a_checkpoint_comes_back(tmp_path):
    path = tmp_path / "checkpoints" / "last.ckpt"
    WholeCheckpoints().save_checkpoint(CHECKPOINT, str(path))
    found = WholeCheckpoints().load_checkpoint(str(path), weights_only=True)
    assert torch.equal(found["state_dict"]["weight"], torch.arange(5.0))
    assert [one.name for one in path.parent.iterdir()] == ["last.ckpt"]


def test_a_checkpoint_passes_through_no_other_disk(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """A move between disks is a copy, which a killed process leaves half done."""
    monkeypatch.setattr(tempfile, "mkstemp", lambda *_, **__: pytest.fail("a file elsewhere"))
    moved = []
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda one, other: moved.append((one.parent, other)) or replace(one, other))
    WholeCheckpoints().save_checkpoint(CHECKPOINT, tmp_path / "last.ckpt")
    assert moved == [(tmp_path, tmp_path / "last.ckpt")]


def test_a_full_disk_is_said_in_words_and_the_last_checkpoint_stays(tmp_path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "last.ckpt"
    WholeCheckpoints().save_checkpoint(CHECKPOINT, path)
    before = path.read_bytes()

    def half(one: Path, content: bytes) -> None:
        with one.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(RunFolderError, match=r"last\.ckpt\) must be writable; free the disk .*No space left"):
        WholeCheckpoints().save_checkpoint(CHECKPOINT | {"epoch": 4}, path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["last.ckpt"]
