"""An equal search with real runs: what it trains, what it opens, what it writes, and how it goes on after an end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import TINY, Shell
from .reports.conftest import make_report

SPACE = ("optimizer.lr=tag(log,interval(1e-3,1e-1))", "width=16,32")
FUSIONS = "fusion=early/concat,late/mean"
SMALL = ("train", "-m", "hydra/sweeper=fair", FUSIONS, *SPACE, "logger=none", *TINY)
FULL = (*SMALL, "seed=0,1", "hydra.sweeper.trials=3", "name=full")


def results(folder: Path) -> dict[str, dict[str, Any]]:
    return {path.parent.name: json.loads(path.read_text()) for path in folder.glob("*/result.json")}


def trained(sweep: Path) -> dict[str, int]:
    """Return when each run of a search was last begun or went on."""
    return {str(path): path.stat().st_mtime_ns for path in sweep.rglob("status.json")}


def record_of(sweep: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((sweep / "search.json").read_text())
    return content


def check(sweep: Path, *, trials: int, seeds: int) -> None:
    """Check a finished search against its files, run by run."""
    record, refits, tries = record_of(sweep), results(sweep), results(sweep / "trials")
    assert [one["value"] for one in record["values"]] == ["early/concat", "late/mean"]
    for one in record["values"]:
        assert len(one["trials"]) == trials
        for trial in one["trials"]:
            result = tries[trial["run"]]
            assert (result["method"], result["seed"]) == (one["value"], 1000)
            assert result["val"]["accuracy"] == trial["value"]
            assert result["identity"] == trial["identity"]
        values = sorted(trial["value"] for trial in one["trials"])
        assert (one["spread"]["min"], one["spread"]["max"]) == (values[0], values[-1])
        assert one["best"]["value"] == values[-1]
        assert len(one["refits"]) == seeds
        for refit in one["refits"]:
            result = refits[refit["run"]]
            assert (result["method"], result["seed"]) == (one["value"], refit["seed"])
            assert result["identity"] == refit["identity"]
            config = (sweep / refit["run"] / "config.yaml").read_text()
            assert f"lr: {one['best']['setting']['optimizer.lr']!r}\n" in config
    assert len(refits) == 2 * seeds
    assert all("test" in one for one in refits.values())
    check_shut(sweep)


def check_shut(sweep: Path) -> None:
    """Check that no trial has looked at the test set."""
    for name, result in results(sweep / "trials").items():
        assert "test" not in result
        assert not (sweep / "trials" / name / "predictions.parquet").exists()
        assert "test/" not in (sweep / "trials" / name / "metrics.csv").read_text()


def test_a_small_search(shell: Shell, tmp_path: Path) -> None:
    shell(*SMALL, "seed=5", "hydra.sweeper.trials=1", "name=small", cwd=tmp_path)
    sweep = tmp_path / "outputs" / "small"
    check(sweep, trials=1, seeds=1)
    footnotes = make_report(sweep).table(()).footnotes
    (budget, *_) = [one for one in footnotes if one.startswith("tuned")]
    assert "1 trial for each of 2 values of fusion" in budget


def test_a_dry_run_writes_nothing(shell: Shell, tmp_path: Path) -> None:
    done = shell(*FULL, "dry_run=true", cwd=tmp_path)
    assert "3 trials (tpe, sampler seed 0) for each of 2 compared values over optimizer.lr 0.001 to 0.1" in done.stdout
    assert "then 4 refits" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def full(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a search that nothing has interrupted."""
    folder = tmp_path_factory.mktemp("full")
    shell(*FULL, cwd=folder)
    return folder


@pytest.mark.slow
def test_only_the_refits_open_the_test_set(full: Path) -> None:
    check(full / "outputs" / "full", trials=3, seeds=2)


@pytest.mark.slow
def test_again_trains_nothing(full: Path, shell: Shell) -> None:
    before = trained(full / "outputs" / "full")
    done = shell(*FULL, cwd=full)
    assert trained(full / "outputs" / "full") == before
    assert "refits: 4 runs: 4 finished" in done.stdout


@pytest.mark.slow
def test_a_search_goes_on_as_it_began_or_not_at_all(full: Path, shell: Shell) -> None:
    before = trained(full / "outputs" / "full")
    for change, said in (
        ("width=16,64", "go on as it began; the space had width 16 or 32"),
        ("trainer.max_epochs=2", "trial 0 of early/concat differs in trainer.max_epochs"),
        ("hydra.sweeper.trials=2", "must be at least 3"),
    ):
        refused = shell(*(one for one in FULL if one.split("=")[0] != change.split("=")[0]), change, cwd=full, code=2)
        assert refused.stderr.startswith("fuselab: ")
        assert said in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert trained(full / "outputs" / "full") == before


@pytest.mark.slow
def test_the_report_contains_the_record(full: Path, shell: Shell) -> None:
    sweep = full / "outputs" / "full"
    shown = " ".join(shell("report", "full", cwd=full).stdout.split())
    markdown, latex = ((sweep / "report" / "tables" / name).read_text() for name in ("table.md", "table.tex"))
    for text in (shown, markdown, latex):
        assert "3 trials for each of 2 values of fusion (tpe, sampler seed 0, run seed 1000)" in text
        assert "optimizer.lr 0.001 to 0.1 (log), width 16 or 32" in text
        for one in record_of(sweep)["values"]:
            spread, best = one["spread"], one["best"]
            assert f"val/accuracy {best['value']:.3f} with optimizer.lr={best['setting']['optimizer.lr']:.3g}" in text
            assert f"from {spread['min']:.3f} to {spread['max']:.3f}, median {spread['median']:.3f}" in text
    assert "4 runs with" in shown


@pytest.mark.slow
@pytest.mark.parametrize(("number", "runs"), [(signal.SIGKILL, 1), (signal.SIGKILL, 5), (signal.SIGINT, 3)])
def test_an_interrupted_search_goes_on_as_if_it_had_not_been(number, runs, full, shell, cache, tmp_path):
    sweep = tmp_path / "outputs" / "full"
    environment = {**os.environ, "FUSELAB_CACHE": str(cache)}
    with (tmp_path / "out.txt").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "fuselab.cli", *FULL], cwd=tmp_path, env=environment, stdout=out, stderr=out
        )
        wait_until(lambda: len(results(sweep / "trials")) >= runs or process.poll() is not None)
        process.send_signal(number)
        code = process.wait(120)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 128 + signal.SIGINT), (
        tmp_path / "out.txt"
    ).read_text()
    assert not results(sweep)
    assert not (sweep / "search.json").exists()
    ended = {name: (sweep / "trials" / name / "result.json").stat().st_mtime_ns for name in results(sweep / "trials")}
    shell(*FULL, cwd=tmp_path)
    check(sweep, trials=3, seeds=2)
    assert record_of(sweep) == record_of(full / "outputs" / "full")
    assert {name: (sweep / "trials" / name / "result.json").stat().st_mtime_ns for name in ended} == ended
    tests = [
        {name: one["test"] for name, one in results(place).items()} for place in (sweep, full / "outputs" / "full")
    ]
    assert tests[0] == tests[1]


@pytest.mark.slow
def test_workers_change_nothing(full: Path, shell: Shell, tmp_path: Path) -> None:
    shell(*FULL, "launcher=joblib", "hydra.launcher.n_jobs=2", cwd=tmp_path)
    sweep = tmp_path / "outputs" / "full"
    check(sweep, trials=3, seeds=2)
    drawn = [
        [trial["setting"] for one in record_of(place)["values"] for trial in one["trials"]]
        for place in (sweep, full / "outputs" / "full")
    ]
    assert drawn[0] == drawn[1]


def wait_until(true: Callable[[], object], seconds: float = 300.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)
