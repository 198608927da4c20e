from __future__ import annotations

import shutil

import pytest
import yaml

from fuselab.runs.aside import set_aside
from fuselab.runs.attempt import begun
from fuselab.runs.due import due
from fuselab.runs.files import write_json
from fuselab.runs.folder import RunFolder, find_runs
from fuselab.runs.identity import run_folder
from fuselab.runs.lock import BusyError, RunLock


def run(config) -> RunFolder:
    folder = run_folder(config)
    folder.checkpoints.mkdir(parents=True)
    (folder.checkpoints / "last.ckpt").write_text(str(config["seed"]))
    folder.config.write_text(yaml.safe_dump(config))
    begun(config).write(folder.path)
    return folder


def files(path) -> list[str]:
    return sorted(one.name for one in path.iterdir())


def test_a_run_that_never_began_stays_as_it_is(plain):
    folder = run_folder(plain())
    assert set_aside(folder) is None
    assert not folder.path.exists()


def test_all_of_a_run_is_kept_and_its_folder_is_as_new(plain):
    config = plain()
    folder = run(config)
    found = files(folder.path)
    place = set_aside(folder)
    assert place == folder.path.parent / ".replaced" / f"{folder.path.name}.1"
    assert files(place) == found == ["checkpoints", "config.yaml", "status.json"]
    assert (place / "checkpoints" / "last.ckpt").read_text() == "0"
    assert due(config, folder) == "new"
    assert [name for name in files(folder.path) if not name.startswith(".")] == []


def test_what_was_set_aside_before_stays(plain):
    config = plain()
    places = []
    for number in range(3):
        folder = run(config)
        (folder.checkpoints / "last.ckpt").write_text(f"number {number}")
        places.append(set_aside(folder))
    assert [(place / "checkpoints" / "last.ckpt").read_text() for place in places] == [
        "number 0", "number 1", "number 2",
    ]  # fmt: skip


def test_a_number_is_never_taken_twice_where_the_user_made_room(plain):
    config = plain()
    first, second, third = (set_aside(run(config)) for _ in range(3))
    shutil.rmtree(first)
    assert set_aside(run(config)).suffix == ".4"
    assert second.exists()
    assert third.exists()


def test_runs_of_one_sweep_do_not_mix(plain):
    one, other = (run(plain(seed=seed)) for seed in (0, 1))
    assert set_aside(one) != set_aside(other)


def test_what_was_set_aside_is_no_run_of_the_sweep(plain):
    folder = run(plain())
    set_aside(folder)
    assert list(find_runs(folder.path.parent)) == []


def test_a_run_at_work_is_not_touched(plain):
    folder = run(plain())
    write_json(folder.path / "note.json", {})
    with RunLock(folder.path), pytest.raises(BusyError):
        set_aside(folder)
    assert {"checkpoints", "config.yaml", "note.json", "status.json"} <= set(files(folder.path))
    assert not (folder.path.parent / ".replaced").exists()
