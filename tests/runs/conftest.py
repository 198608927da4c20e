"""What tests of runs share: configs of no dataset, and folders whose processes do what a script says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from fuselab.runs import stop
from fuselab.runs.files import read_json, write_json
from fuselab.runs.folder import RunFolder
from fuselab.runs.identity import identity, run_folder

Plain = Callable[..., dict[str, Any]]
Scripted = Callable[..., tuple[dict[str, Any], RunFolder]]


@pytest.fixture
def plain(tmp_path: Path) -> Plain:
    """Return a config of the few keys that the life of a run depends on."""

    def one(**changes: Any) -> dict[str, Any]:
        config = {
            "method": "early/sum",
            "seed": 0,
            "name": "sweep",
            "output_dir": str(tmp_path),
            "trainer": {"max_epochs": 3, "devices": 1, "num_nodes": 1, "accelerator": "cpu"},
            "monitor": {"metric": "val/loss", "mode": "min"},
            "rerun": "failed",
            "retries": 0,
            "retry_delay": 0.0,
            "threads": 1,
        }
        return config | changes

    return one


@pytest.fixture
def scripted(plain: Plain, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """Return a config and its folder, whose attempts go as they are told."""
    # A run's process imports what it does by its name.
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))

    def one(*acts: str, **changes: Any) -> tuple[dict[str, Any], RunFolder]:
        config = plain(**changes)
        folder = run_folder(config)
        write_json(folder.path / "script.json", acts)
        write_json(folder.path / "expected.json", {"identity": identity(config)})
        return config, folder

    return one


@pytest.fixture(autouse=True)
def _nobody_has_asked_to_stop() -> Iterator[None]:
    yield
    stop.STOP.signal = None


def played(folder: RunFolder) -> list[str]:
    """Return what the attempts of a scripted run have done."""
    path = folder.path / "played.txt"
    return path.read_text().splitlines() if path.exists() else []


def wait_until(true: Callable[[], object], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def pid_of(folder: RunFolder, name: str = "pid") -> psutil.Process:
    """Return a process that a scripted run has told the number of."""
    wait_until((folder.path / "pid.json").exists)
    return psutil.Process((read_json(folder.path / "pid.json") or {})[name])
