from __future__ import annotations

import pytest
import wandb

from fuselab.errors import RunFolderError
from fuselab.runs.sync import offline_runs, sync
from fuselab.runs.tracking import quiet_settings

from ..conftest import TINY


def test_offline_runs_of_a_sweep_and_of_its_trials(tmp_path):
    for place in (
        "b/wandb/offline-run-20260102_000000-x",
        "trials/a/wandb/offline-run-20260101_000000-y",
        "b/wandb/run-1",
    ):
        (tmp_path / place).mkdir(parents=True)
    assert [one.name[-1] for one in offline_runs(tmp_path)] == ["y", "x"]


def test_a_sweep_without_offline_runs_is_told(tmp_path):
    with pytest.raises(RunFolderError, match=r"must hold offline runs of W&B; train with logger=wandb"):
        sync(tmp_path, dry_run=True)


def test_an_upload_leaves_its_log_with_the_sweep(refusing, tmp_path, monkeypatch: pytest.MonkeyPatch):
    sweep = tmp_path / "outputs" / "mine"
    sweep.mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.delenv("WANDB_API_KEY", raising=False)
        wandb.init(project="mine", dir=str(sweep), mode="offline", settings=quiet_settings()).finish()
        wandb.teardown()
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", refusing)
    monkeypatch.chdir(tmp_path)
    sync(sweep, dry_run=False)
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]
    assert list(sweep.glob("wandb/logs/debug-sync.*.log"))


def test_wandb_knows_what_a_run_has_written(shell, tmp_path):
    shell("train", *TINY, "logger=wandb", "width=8", cwd=tmp_path)
    shown = shell("sync", "trio_digits", "--dry-run", cwd=tmp_path)
    assert "Would sync 1 run(s)" in shown.stdout + shown.stderr
