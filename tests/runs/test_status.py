from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json, write_json
from fuselab.runs.status import Status


def make(**changes) -> Status:
    parts = {
        "state": "running",
        "method": "early/sum",
        "seed": 1,
        "max_epochs": 3,
        "monitor": "val/loss",
        "mode": "min",
    }
    return Status(**(parts | changes))


def test_a_status_comes_back(tmp_path: Path):
    status = make(best=0.5, epoch=2)
    status.write(tmp_path)
    assert status.updated == pytest.approx(time.time(), abs=60)
    assert Status.read(tmp_path) == status
    assert status.pid == os.getpid()


def test_a_folder_without_status_has_none(tmp_path: Path):
    assert Status.read(tmp_path) is None


def test_keys_of_a_later_version_are_passed_over(tmp_path: Path):
    make().write(tmp_path)
    write_json(tmp_path / "status.json", (read_json(tmp_path / "status.json") or {}) | {"mood": "good"})
    assert Status.read(tmp_path) is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [({"state": "running"}, "must hold a run's status"), ({"state": "asleep"}, r"state \(asleep\) .* must be one of")],
)
def test_a_file_that_holds_no_status_is_refused(tmp_path: Path, content, words):
    write_json(tmp_path / "status.json", content)
    with pytest.raises(RunFolderError, match=words):
        Status.read(tmp_path)
