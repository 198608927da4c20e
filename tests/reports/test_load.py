from __future__ import annotations

import json
from pathlib import Path

import pytest

from fuselab.errors import RunFolderError
from fuselab.reports.load import load, name_some


def test_finished_runs_are_read_and_the_others_are_named(full_sweep):
    failed = full_sweep.other("failed", "late/average", 0)
    running = full_sweep.other("running", "late/average", 1)
    loaded = load(full_sweep.path)
    assert [run.name for run in loaded.runs] == sorted(run.name for run in loaded.runs)
    assert len(loaded.runs) == 12
    assert loaded.runs[0].method == "attention/cross"
    assert loaded.runs[0].config["optimizer"] == {"lr": 0.001}
    assert loaded.left_out == {"failed": (failed.name,), "running": (running.name,)}
    assert loaded.waiting == 0


def test_a_finished_run_without_result_is_left_out(sweep):
    sweep.finished("early/concat", 0)
    lost = sweep.finished("early/concat", 1)
    (lost / "result.json").unlink()
    assert load(sweep.path).left_out == {"without result": (lost.name,)}


def test_a_repeated_run_does_not_count_with_its_old_result(sweep):
    sweep.finished("early/concat", 0)
    folder = sweep.finished("early/concat", 1)
    sweep.set_state(folder, "failed", "early/concat", 1)
    assert load(sweep.path).left_out == {"failed": (folder.name,)}


def test_runs_that_have_not_begun_are_counted(sweep):
    sweep.finished("early/concat", 0)
    failed = sweep.other("failed", "early/concat", 1)
    sweep.asked_for(failed.name, "early-concat-s2", "early-concat-s3", "early-concat-s4")
    assert load(sweep.path).waiting == 3


def test_a_single_run_is_a_sweep_of_one(sweep):
    folder = sweep.finished("early/concat", 0)
    assert [run.name for run in load(folder).runs] == [folder.name]


def test_a_sweep_without_a_finished_run_is_refused(sweep):
    sweep.other("interrupted", "early/concat", 0)
    with pytest.raises(RunFolderError, match=r"must hold a finished run \(1 interrupted: early-concat-s0-interrup\)"):
        load(sweep.path)


def test_an_empty_sweep_is_refused(sweep):
    with pytest.raises(RunFolderError, match=r"it holds no run"):
        load(sweep.path)


def test_a_missing_folder_is_refused(tmp_path: Path):
    with pytest.raises(RunFolderError, match="must exist"):
        load(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("data_fingerprint", "beef", "beef: "),
        ("split_hash", "77", "77: "),
        ("budget", {"max_epochs": 15, "batch_size": 64, "train_samples": 4096}, "batch_size=64, max_epochs=15"),
    ],
)
def test_runs_that_share_too_little_are_refused_by_name(full_sweep, key, value, words):
    folder = full_sweep.finished("late/average", 0, **{key: value})
    with pytest.raises(RunFolderError, match=f"must share one {key}") as caught:
        load(full_sweep.path)
    message = str(caught.value)
    assert words in message
    # The odd one out comes first, the many are counted.
    assert message.index(folder.name) < message.index("attention-cross-s0")
    assert "and 8 more" in message


def test_an_unfinished_run_may_differ(full_sweep):
    folder = full_sweep.finished("late/average", 0, split_hash="other")
    full_sweep.set_state(folder, "interrupted", "late/average", 0)
    assert len(load(full_sweep.path).runs) == 12


def test_a_result_that_lacks_a_key_is_refused(sweep):
    folder = sweep.finished("early/concat", 0)
    content = json.loads((folder / "result.json").read_text())
    del content["split_hash"], content["flops"]
    (folder / "result.json").write_text(json.dumps(content))
    with pytest.raises(RunFolderError, match=r"result\.json\) must hold flops, split_hash"):
        load(sweep.path)


@pytest.mark.parametrize(("text", "words"), [("a: [", "readable YAML"), ("- 1", "a mapping"), (None, "readable YAML")])
def test_a_config_that_makes_no_sense_is_refused(sweep, text, words):
    config = sweep.finished("early/concat", 0) / "config.yaml"
    config.unlink() if text is None else config.write_text(text)
    with pytest.raises(RunFolderError, match=rf"config\.yaml\) must be {words}"):
        load(sweep.path)


def test_few_names_are_named_and_many_are_counted():
    assert name_some(["a", "b"]) == "a, b"
    assert name_some(list("abcdef")) == "a, b, c, d and 2 more"
