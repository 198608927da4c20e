from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from fuselab.errors import RunFolderError
from fuselab.runs.attempt import begun, record_failure
from fuselab.runs.due import config_digest, due
from fuselab.runs.files import write_json
from fuselab.runs.folder import RunFolder
from fuselab.runs.identity import identity


@pytest.fixture
def config(plain) -> dict[str, Any]:
    return plain()


@pytest.fixture
def folder(config, tmp_path: Path) -> RunFolder:
    """A run that has begun."""
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.config.write_text(yaml.safe_dump(config))
    begun(config).write(folder.path)
    return folder


def fail(folder: RunFolder, *, by_its_own_code: bool) -> None:
    status = folder.status()
    assert status is not None
    status.state, status.error = "failed", "no"
    status.traceback = "Traceback" if by_its_own_code else None
    status.write(folder.path)


def checkpoint(folder: RunFolder) -> None:
    folder.checkpoints.mkdir()
    (folder.checkpoints / "last.ckpt").touch()


def finish(folder: RunFolder, config: dict[str, Any], **changes: Any) -> None:
    result = {"identity": identity(config), "config_digest": config_digest(folder)}
    write_json(folder.result_file, result | changes)


def test_a_run_without_a_folder_is_new(config, tmp_path):
    assert due(config, RunFolder(tmp_path / "run")) == "new"


def test_a_run_that_was_cut_off_goes_on_from_its_last_checkpoint_or_begins_anew(config, folder):
    assert due(config, folder) == "new"
    checkpoint(folder)
    assert due(config, folder) == "resume"
    (folder.path / "status.json").unlink()
    assert due(config, folder) == "resume"


def test_only_the_last_checkpoint_counts(config, folder):
    checkpoint(folder)
    (folder.checkpoints / "last.ckpt").rename(folder.checkpoints / "best.ckpt")
    assert due(config, folder) == "new"


@pytest.mark.parametrize("rerun", ["all", "failed", "none"])
def test_a_finished_run_is_done(rerun, config, folder):
    checkpoint(folder)
    finish(folder, config)
    assert due(config | {"rerun": rerun}, folder) == "done"


@pytest.mark.parametrize("rerun", ["all", "failed"])
def test_a_failed_run_is_repeated_where_its_own_code_raised_and_goes_on_where_it_was_killed(rerun, config, folder):
    checkpoint(folder)
    fail(folder, by_its_own_code=True)
    assert due(config | {"rerun": rerun}, folder) == "repeat"
    fail(folder, by_its_own_code=False)
    assert due(config | {"rerun": rerun}, folder) == "resume"


@pytest.mark.parametrize(("error", "left"), [(OSError("no room"), "resume"), (RuntimeError("no"), "repeat")])
def test_what_the_machine_failed_goes_on_from_its_checkpoint(error, left, config, folder):
    checkpoint(folder)
    record_failure(folder, error)
    assert due(config, folder) == left


@pytest.mark.parametrize("by_its_own_code", [True, False])
def test_a_failed_run_is_left_so_where_the_user_wants_it(by_its_own_code, config, folder):
    checkpoint(folder)
    fail(folder, by_its_own_code=by_its_own_code)
    assert due(config | {"rerun": "none"}, folder) == "left"


def test_an_interrupted_run_goes_on_whatever_is_said_of_failed_ones(config, folder):
    checkpoint(folder)
    assert due(config | {"rerun": "none"}, folder) == "resume"


def test_what_cannot_change_the_result_may_differ(config, folder):
    checkpoint(folder)
    other = config | {"threads": 7, "retries": 3, "name": "other", "hydra": {"job": 1}}
    assert due(other, folder) == "resume"
    finish(folder, config)
    assert due(other, folder) == "done"


def test_a_config_edited_after_the_run_is_refused(config, folder):
    finish(folder, config)
    folder.config.write_text(folder.config.read_text() + "# mine\n")
    with pytest.raises(RunFolderError, match=r"config\.yaml\) must be the one that the run was trained with; it was"):
        due(config, folder)
    folder.config.unlink()
    with pytest.raises(RunFolderError, match=r"config\.yaml\) must be the one that the run was trained with"):
        due(config, folder)


def test_two_configs_that_got_one_folder_are_both_named(config, folder, plain):
    other = plain(width=2)
    finish(folder, other)
    with pytest.raises(RunFolderError, match="another config got the same folder, or it was edited") as caught:
        due(config, folder)
    for one in (identity(config), identity(other), str(folder.path), "move the folder away"):
        assert one in str(caught.value)


def test_a_result_of_nobody_is_refused(config, folder):
    write_json(folder.result_file, {})
    with pytest.raises(RunFolderError, match=r"\(identity None\) must be that of its config"):
        due(config, folder)


def test_a_config_edited_before_the_run_goes_on_is_refused_by_what_was_edited(config, folder):
    checkpoint(folder)
    trainer = config["trainer"] | {"max_epochs": 30}
    edited = config | {"seed": 3, "trainer": trainer, "note": "mine", "name": "other", "threads": 8}
    folder.config.write_text(yaml.safe_dump(edited))
    with pytest.raises(RunFolderError, match=r"they differ in note, seed, trainer\.max_epochs: move") as caught:
        due(config, folder)
    for one in (identity(config), identity(edited), str(folder.path)):
        assert one in str(caught.value)


@pytest.mark.parametrize("text", ["a: [", "- 1", "", "7", "\x00"])
def test_a_config_that_makes_no_sense_is_refused(text, config, folder):
    folder.config.write_text(text)
    with pytest.raises(RunFolderError, match=r"config\.yaml\) must hold a run's config; move the folder away"):
        due(config, folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"state": "asleep"}', '{"state": "failed"}'])
def test_a_status_edited_by_hand_is_refused(text, config, folder):
    (folder.path / "status.json").write_text(text)
    with pytest.raises(RunFolderError, match=r"status\.json"):
        due(config, folder)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_result_edited_by_hand_is_refused(text, config, folder):
    folder.result_file.write_text(text)
    with pytest.raises(RunFolderError, match=r"result\.json"):
        due(config, folder)


def test_a_result_may_hold_more_than_is_asked_of_it(config, folder):
    finish(folder, config, val={"accuracy": 1.0})
    assert json.loads(folder.result_file.read_text())["val"] == {"accuracy": 1.0}
    assert due(config, folder) == "done"
