"""A sweep that is launched again does what is left, and nothing else; each test goes on where the last one left it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import TINY

# AdamW refuses a negative decay; the other runs are done all the same.
BROKEN = ["optimizer.weight_decay=0.05,-1"]
COMMAND = ["train", "-m", *TINY, "width=8", "threads=1", "logger=none", "name=again"]


class Sweep:
    """One folder of runs, launched again and again."""

    def __init__(self, shell: Any, user: Path) -> None:
        self._shell, self._user = shell, user
        self.path = user / "outputs" / "again"

    def launch(self, *overrides: str, code: int) -> list[str]:
        """Return what was said, line by line."""
        done = self._shell(*COMMAND, *overrides, cwd=self._user, code=code)
        return [*done.stdout.splitlines(), *done.stderr.splitlines()]

    def written(self) -> dict[str, int]:
        """Return when each run last told of itself."""
        return {one.parent.name: one.stat().st_mtime_ns for one in self.path.glob("*/status.json")}

    def runs(self, *, state: str) -> list[dict[str, Any]]:
        every = (json.loads(one.read_text()) for one in sorted(self.path.glob("*/status.json")))
        return [one for one in every if one["state"] == state]


@pytest.fixture(scope="module")
def sweep(shell, tmp_path_factory) -> Sweep:
    """Two seeds that finish, and two that fail."""
    sweep = Sweep(shell, tmp_path_factory.mktemp("user"))
    sweep.said = sweep.launch("seed=0,1", *BROKEN, code=1)  # type: ignore[attr-defined]
    return sweep


def test_failed_runs_leave_the_others_and_each_has_a_line_and_a_command(sweep):
    assert [one["seed"] for one in sweep.runs(state="finished")] == [0, 1]
    failed = sweep.runs(state="failed")
    assert [one["seed"] for one in failed] == [0, 1]
    assert all("ValueError" in one["traceback"] for one in failed)
    lines = [line for line in sweep.said if line.startswith("failed ")]
    assert [line.partition(":")[0] for line in lines] == [f"failed early/concat seed {seed}" for seed in (0, 1)]
    assert all("Invalid weight_decay value: -1" in line for line in lines)
    assert sum("repeat it with: fuselab train" in line for line in sweep.said) == 2
    assert (
        sum(line.startswith("2 of 4 runs failed; repeat them all with: fuselab train -m") for line in sweep.said) == 1
    )


def test_a_dry_run_shows_what_would_be_done_and_does_nothing(sweep):
    before = sweep.written()
    said = sweep.launch("seed=0,1,2", *BROKEN, "dry_run=true", code=0)
    assert sweep.written() == before
    assert "6 runs: 2 finished, 2 to train, 2 failed, to repeat; about" in said[-1]
    rows = [line.split() for line in said if line.startswith("early/concat")]
    assert [row[1] for row in rows] == ["0", "0", "1", "1", "2", "2"]
    assert [row[2] for row in rows] == ["finished", "failed,", "finished", "failed,", "to", "to"]


def test_added_seeds_alone_are_trained_and_failed_runs_are_left_where_the_user_wants_it(sweep):
    before = sweep.written()
    said = sweep.launch("seed=0,1,2", "optimizer.weight_decay=0.05,-1", "rerun=none", code=1)
    after = sweep.written()
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 2
    assert sum(line.startswith("failed ") for line in said) == 3
    assert [one["seed"] for one in sweep.runs(state="finished")] == [0, 1, 2]


def test_a_failed_run_is_repeated_and_a_finished_one_is_not(sweep):
    before = sweep.written()
    sweep.launch("seed=0", *BROKEN, code=1)
    after = sweep.written()
    (repeated,) = [name for name in before if after[name] != before[name]]
    assert json.loads((sweep.path / repeated / "status.json").read_text())["attempts"] == 2


def test_a_sweep_of_which_all_is_done_launches_nothing(sweep):
    before = sweep.written()
    said = sweep.launch("seed=0,1", code=0)
    assert sweep.written() == before
    assert said == ["2 runs: 2 finished"]


def test_all_runs_are_repeated_where_the_user_wants_it_and_what_they_found_is_kept(sweep):
    before = sweep.written()
    (result,) = sweep.path.glob("*-s1-*/result.json")
    found = result.read_bytes()
    sweep.launch("seed=1", "rerun=all", code=0)
    after = sweep.written()
    assert [name for name in before if after[name] != before[name]] == [result.parent.name]
    kept = sweep.path / ".replaced" / f"{result.parent.name}.1" / "result.json"
    assert kept.read_bytes() == found
    assert json.loads(result.read_text())["test"] == json.loads(found)["test"]
