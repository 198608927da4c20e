from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from fuselab.errors import RunFolderError
from fuselab.runs.files import write_json
from fuselab.runs.folder import RunFolder, find_runs, find_sweep
from fuselab.runs.lock import Owner, RunLock
from fuselab.runs.status import Status


def make_run(path: Path) -> Path:
    Status(state="running", method="early/sum", seed=0, max_epochs=3, monitor="val/loss", mode="min").write(path)
    return path


def test_runs_are_found_by_name(tmp_path: Path):
    for name in ("b-s0", "a-s1", "a-s0"):
        make_run(tmp_path / name)
    (tmp_path / "report").mkdir()
    write_json(tmp_path / "sweep.json", {"runs": ["a-s0"]})
    assert [run.path.name for run in find_runs(tmp_path)] == ["a-s0", "a-s1", "b-s0"]


def test_a_run_is_found_in_itself(tmp_path: Path):
    make_run(tmp_path / "a-s0")
    assert [run.path for run in find_runs(tmp_path / "a-s0")] == [tmp_path / "a-s0"]


def test_runs_of_a_missing_folder_are_refused(tmp_path: Path):
    with pytest.raises(RunFolderError, match="must exist"):
        list(find_runs(tmp_path / "nothing"))


def test_a_folder_knows_its_files(tmp_path: Path):
    folder = RunFolder(make_run(tmp_path / "a-s0"))
    names = [folder.config, folder.metrics, folder.checkpoints, folder.predictions, folder.result_file, folder.log]
    assert [path.name for path in names] == [
        "config.yaml", "metrics.csv", "checkpoints", "predictions.parquet", "result.json", "run.log",
    ]  # fmt: skip
    assert {path.parent for path in names} == {folder.path}


def test_a_result_is_there_when_the_run_is_finished(tmp_path: Path):
    folder = RunFolder(make_run(tmp_path / "a-s0"))
    assert folder.result() is None
    write_json(folder.result_file, {"seed": 0})
    assert folder.result() == {"seed": 0}


def test_a_run_that_never_began_has_no_status(tmp_path: Path):
    assert RunFolder(tmp_path).status() is None
    status = RunFolder(make_run(tmp_path / "a-s0")).status()
    assert status is not None
    assert status.method == "early/sum"


def lock(folder: Path, owner: Owner) -> None:
    write_json(folder / "lock.json", asdict(owner))


def test_a_run_is_running_while_a_living_process_holds_its_lock(tmp_path: Path):
    folder = RunFolder(make_run(tmp_path / "a-s0"))
    status = folder.status()
    assert status is not None
    assert folder.state(status) == "interrupted"
    with RunLock(folder.path):
        assert folder.state(status) == "running"
    assert folder.state(status) == "interrupted"
    lock(folder.path, replace(Owner.this_process(), began=0.0))
    assert folder.state(status) == "interrupted"


@pytest.mark.parametrize("state", ["finished", "failed", "interrupted"])
def test_a_run_that_ended_stays_ended(state, tmp_path: Path):
    folder = RunFolder(make_run(tmp_path / "a-s0"))
    status = folder.status()
    assert status is not None
    status.state = state
    with RunLock(folder.path):
        assert folder.state(status) == state


def test_a_sweep_is_found_by_path_or_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "outputs" / "trio").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert find_sweep("outputs/trio", output_dir=Path("outputs")) == Path("outputs/trio")
    assert find_sweep("trio", output_dir=Path("outputs")) == Path("outputs/trio")
    with pytest.raises(RunFolderError, match=r"the sweep \(tria\) must be a folder or a name below outputs"):
        find_sweep("tria", output_dir=Path("outputs"))
