"""scripts/prepare_av_mnist.py: what a person runs by hand before the first training."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fuselab.data.av_mnist.source import AvMnist

from .conftest import IDX, RECORDINGS

SCRIPT = Path(__file__).parents[3] / "scripts" / "prepare_av_mnist.py"
Run = Callable[..., int]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("FUSELAB_CACHE", str(tmp_path / "cache"))
    return runpy.run_path(str(SCRIPT))["main"].__globals__


@pytest.fixture
def run(script: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["prepare_av_mnist.py", *arguments])
        return script["main"]()

    return call


@pytest.fixture
def stand_ins(script: dict[str, Any], settings, by_speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the script take the stand-ins for the publishers' files."""
    recipes = {"av_mnist": settings(), "av_mnist_by_speaker": settings(speakers=by_speaker)}
    monkeypatch.setitem(script, "source", lambda name, folder: AvMnist(folder=str(folder), **recipes[name]))


def test_what_lacks_is_told_with_address_checksum_and_place(run: Run, tmp_path: Path, capsys):
    assert run("--folder", str(tmp_path / "none")) == 2
    told = capsys.readouterr()
    lines = told.out.splitlines()
    for place in IDX.values():
        at = lines.index(f"  https://ossci-datasets.s3.amazonaws.com/mnist/{Path(place).name}")
        assert lines[at + 1] == f"    to {tmp_path / 'none' / place}"
    assert "  https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz" in lines
    assert f"    the clips of its folder recordings to {tmp_path / 'none' / RECORDINGS}/" in lines
    assert "    SHA-256 ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" in lines
    assert told.out.count("SHA-256") == 6
    assert told.err.startswith("fuselab: the file (")
    assert "train-images-idx3-ubyte.gz) must be there; delete it if it is there and run" in told.err


def test_files_of_somebody_else_are_refused(run: Run, shared, capsys):
    assert run("--folder", str(shared[0])) == 2
    assert "must be the publisher's (ba891046e6505d7a" in capsys.readouterr().err


def test_both_data_sets_are_built_and_described(run: Run, stand_ins, shared, capsys):
    assert run("--folder", str(shared[0])) == 0
    told = capsys.readouterr().out
    assert "all files are the publishers'" in told
    assert "av_mnist-v1: fingerprint" in told
    assert "av_mnist_by_speaker-v1: fingerprint" in told
    assert "  train: 200 samples, 120 clips of george, jackson, lucas, nicolas, theo, yweweler" in told
    assert "  test: 90 samples, 90 clips of theo, yweweler" in told
    assert told.count(" components, ") == 2


def test_it_downloads_only_when_told_to(
    run: Run, script: dict[str, Any], stand_ins, shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    asked: list[dict[str, Any]] = []

    def fetch(folder: Path, **given: Any) -> None:
        asked.append(given)
        folder.symlink_to(shared[0])

    monkeypatch.setitem(script, "download", fetch)
    assert run("--folder", str(tmp_path / "new")) == 2
    assert asked == []
    assert run("--folder", str(tmp_path / "new"), "--download") == 0
    assert (asked[0]["clips"], asked[0]["checksums"]) == (3000, shared[1])


def test_its_folder_is_that_of_the_config(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setenv("FUSELAB_DATA", str(tmp_path / "mine"))
    assert run() == 2
    assert str(tmp_path / "mine" / "mnist") in capsys.readouterr().err
