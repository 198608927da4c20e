from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from fuselab.runs import provenance
from fuselab.runs.provenance import git_commit, versions


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which the code is said to lie."""
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    # No repository around the folder is looked for.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    git_commit.cache_clear()
    yield tmp_path
    git_commit.cache_clear()


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_says_whether_files_differ_from_it(code):
    git(code, "init", "-q")
    (code / "provenance.py").write_text("1")
    git(code, "add", ".")
    git(code, "commit", "-qm", "one")
    # A tag has a name of its own, which is not asked for.
    git(code, "tag", "v1")
    head = git(code, "rev-parse", "HEAD")
    assert git_commit() == head
    (code / "provenance.py").write_text("2")
    assert git_commit() == head, "asked once a process"
    git_commit.cache_clear()
    assert git_commit() == f"{head}-dirty"


def test_outside_a_repository_there_is_no_commit(code):
    assert git_commit() is None


def test_without_git_there_is_no_commit(code, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(code))
    assert git_commit() is None


def test_versions_are_those_that_run(monkeypatch: pytest.MonkeyPatch):
    found = versions()
    assert found["python"] == platform.python_version()
    assert found["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert set(found) == {"python", *provenance.PACKAGES}
    versions.cache_clear()
    monkeypatch.setattr(provenance, "PACKAGES", ("torch", "never-installed"))
    assert set(versions()) == {"python", "torch"}
    versions.cache_clear()
