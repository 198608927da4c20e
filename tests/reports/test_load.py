from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fuselab.errors import RunFolderError
from fuselab.reports.load import load, name_some

from .conftest import SweepFolder, load_one


def test_finished_runs_are_read_and_the_others_are_named(full_sweep):
    failed = full_sweep.other("failed", "late/average", 0)
    running = full_sweep.other("running", "late/average", 1)
    loaded = load_one(full_sweep.path)
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
    assert load_one(sweep.path).left_out == {"without result": (lost.name,)}


def test_a_repeated_run_does_not_count_with_its_old_result(sweep):
    sweep.finished("early/concat", 0)
    folder = sweep.finished("early/concat", 1)
    sweep.set_state(folder, "failed", "early/concat", 1)
    assert load_one(sweep.path).left_out == {"failed": (folder.name,)}


def test_runs_that_have_not_begun_are_counted(sweep):
    sweep.finished("early/concat", 0)
    failed = sweep.other("failed", "early/concat", 1)
    sweep.asked_for(failed.name, "early-concat-s2", "early-concat-s3", "early-concat-s4")
    assert load_one(sweep.path).waiting == 3


def test_a_single_run_is_a_sweep_of_one(sweep):
    folder = sweep.finished("early/concat", 0)
    assert [run.name for run in load_one(folder).runs] == [folder.name]


def test_a_sweep_without_a_finished_run_is_refused(sweep):
    sweep.other("interrupted", "early/concat", 0)
    with pytest.raises(RunFolderError, match=r"must hold a finished run \(1 interrupted: early-concat-s0-interrup\)"):
        load_one(sweep.path)


def test_an_empty_sweep_is_refused(sweep):
    with pytest.raises(RunFolderError, match=r"it holds no run"):
        load_one(sweep.path)


def test_a_missing_folder_is_refused(tmp_path: Path):
    with pytest.raises(RunFolderError, match="must exist"):
        load_one(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("key", "value", "called"),
    [
        ("data_fingerprint", "beefbeefbeef", ("trio_digits-v1, data f00d", "trio_digits-v1, data beefbeef")),
        ("split_hash", "77", ("trio_digits-v1, split 5c1a", "trio_digits-v1, split 77")),
        (
            "budget",
            {"max_epochs": 15, "batch_size": 64, "train_samples": 4096},
            ("trio_digits-v1, batch_size 128", "trio_digits-v1, batch_size 64"),
        ),
    ],
)
def test_runs_that_share_too_little_never_come_together(full_sweep, key, value, called):
    folder = full_sweep.finished("attention/average", 0, **{key: value})
    many, odd = load(full_sweep.path, split="test")
    assert [run.name for run in odd.runs] == [folder.name]
    assert len(many.runs) == 12
    assert (many.called, odd.called) == called


def test_runs_of_other_data_are_called_by_it(full_sweep):
    full_sweep.finished("attention/average", 0, data="mosi", data_fingerprint="beef", split_hash="77")
    assert [one.called for one in load(full_sweep.path, split="test")] == ["trio_digits-v1", "mosi"]


def test_sweeps_stand_in_the_order_in_which_they_are_named(full_sweep, tmp_path):
    other = SweepFolder(tmp_path / "outputs" / "mosi")
    other.finished("early/sum", 0, data="mosi", data_fingerprint="beef")
    failed = other.other("failed", "early/sum", 1)
    other.asked_for(failed.name, "early-sum-s2")
    for order in ((other, full_sweep), (full_sweep, other)):
        found = load(*(one.path for one in order), split="test")
        assert [one.sweeps for one in found] == [(one.path,) for one in order]
        (mosi,) = (one for one in found if one.called == "mosi")
        assert (mosi.left_out, mosi.waiting) == ({"failed": (failed.name,)}, 1)
        assert {(one.waiting, tuple(one.left_out)) for one in found if one is not mosi} == {(0, ())}


def test_runs_of_two_sweeps_on_one_data_come_together_and_each_counts_once(full_sweep, tmp_path):
    other = SweepFolder(tmp_path / "outputs" / "more")
    other.finished("late/average", 0)
    copy = other.finished("early/sum", 0, 0.8)
    (loaded,) = load(full_sweep.path, other.path, split="test")
    assert loaded.sweeps == (full_sweep.path, other.path)
    assert len(loaded.runs) == 13
    assert loaded.copies == (copy.name,)
    failed = other.other("failed", "late/average", 1)
    for order in ((other, full_sweep), (full_sweep, other)):
        (loaded,) = load(*(one.path for one in order), split="test")
        assert loaded.left_out == {"failed": (failed.name,)}
    (again,) = load(full_sweep.path, full_sweep.path, split="test")
    assert (len(again.runs), again.copies) == (12, ())


def test_a_sweep_of_copies_alone_is_not_forgotten(full_sweep, tmp_path):
    other = SweepFolder(tmp_path / "outputs" / "copies")
    other.finished("early/sum", 0, 0.8)
    failed = other.other("failed", "early/sum", 1)
    for order in ((other, full_sweep), (full_sweep, other)):
        (loaded,) = load(*(one.path for one in order), split="test")
        assert loaded.left_out == {"failed": (failed.name,)}
        assert set(loaded.sweeps) == {other.path, full_sweep.path}


def test_one_run_with_two_results_is_refused(full_sweep, tmp_path):
    """The code may have changed between two sweeps; whichever is named first must not win."""
    other = SweepFolder(tmp_path / "outputs" / "later")
    other.finished("early/sum", 0, 0.1)
    with pytest.raises(
        RunFolderError, match=r"early-sum-s0-\w+ must have found the same in .*trio and in .*later; .*--against"
    ):
        load(full_sweep.path, other.path, split="test")


def test_a_run_that_was_not_measured_on_the_split_is_left_out(full_sweep):
    folder = full_sweep.finished("late/average", 0)
    content = json.loads((folder / "result.json").read_text())
    del content["test"]
    (folder / "result.json").write_text(json.dumps(content))
    assert load_one(full_sweep.path).left_out == {"not measured on test": (folder.name,)}
    assert len(load_one(full_sweep.path, split="val").runs) == 13


def test_folders_with_files_of_a_run_and_no_status_are_named(full_sweep):
    (full_sweep.path / "wandb").mkdir()
    stranger = full_sweep.path / "copied"
    stranger.mkdir()
    (stranger / "result.json").write_text("{}")
    assert load_one(full_sweep.path).left_out == {"without status": ("copied",)}


def test_an_unfinished_run_may_differ(full_sweep):
    folder = full_sweep.finished("late/average", 0, split_hash="other")
    full_sweep.set_state(folder, "interrupted", "late/average", 0)
    assert len(load_one(full_sweep.path).runs) == 12


def cripple(folder: Path) -> None:
    content = json.loads((folder / "result.json").read_text())
    del content["split_hash"], content["flops"]
    (folder / "result.json").write_text(json.dumps(content))


UNREADABLE = {
    "a result that lacks keys": (cripple, r"result\.json\) must hold flops, split_hash"),
    "a result that is no JSON": (lambda folder: (folder / "result.json").write_text("{"), "must be readable JSON"),
    "a config that is no YAML": (lambda folder: (folder / "config.yaml").write_text("a: ["), "must be readable YAML"),
    "a config that is no mapping": (lambda folder: (folder / "config.yaml").write_text("- 1"), "must be a mapping"),
    "no config": (lambda folder: (folder / "config.yaml").unlink(), "must be readable YAML"),
    "a state that is none": (
        lambda folder: (folder / "status.json").write_text('{"state": "well"}'),
        r"the state \(well\) in .* must be one of",
    ),
}


@pytest.mark.parametrize(("spoil", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_left_out_with_its_reason(sweep, spoil, words):
    good, bad = sweep.finished("early/concat", 0), sweep.finished("early/concat", 1)
    spoil(bad)
    loaded = load_one(sweep.path)
    assert [run.name for run in loaded.runs] == [good.name]
    assert loaded.left_out == {"unreadable": (bad.name,)}
    (reason,) = loaded.reasons
    assert re.search(words, reason)


@pytest.mark.parametrize(("spoil", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_where_nothing_can_be_read_the_reason_is_the_error(sweep, spoil, words):
    spoil(sweep.finished("early/concat", 0))
    with pytest.raises(RunFolderError, match=rf"must hold a finished run \(1 unreadable: .*{words}"):
        load_one(sweep.path)


def test_few_names_are_named_and_many_are_counted():
    assert name_some(["a", "b"]) == "a, b"
    assert name_some(list("abcdef")) == "a, b, c, d and 2 more"
