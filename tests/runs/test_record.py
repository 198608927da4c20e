from __future__ import annotations

import json

import pytest

from fuselab.errors import RunFolderError
from fuselab.runs.record import read_record, record_value, say_record


def trials(*values: float | None) -> list[dict[str, object]]:
    return [
        {
            "trial": number,
            "setting": {"lr": 0.001 * (number + 1), "width": 32},
            "state": "failed" if value is None else "done",
            "value": value,
            "run": f"run-{number}",
            "identity": f"id-{number}",
        }
        for number, value in enumerate(values)
    ]


def test_the_spread_is_of_the_trials_that_finished():
    found = record_value("a", trials(0.5, None, 0.9, 0.1, 0.6), mode="max")
    assert found["spread"] == {"min": 0.1, "median": pytest.approx(0.55), "max": 0.9}
    assert (found["failed"], found["best"]["trial"], found["best"]["run"]) == (1, 2, "run-2")


def test_of_two_that_are_equal_the_earlier_is_the_best():
    assert record_value("a", trials(0.1, 0.9, 0.9), mode="max")["best"]["trial"] == 1
    assert record_value("a", trials(0.3, 0.1, 0.1), mode="min")["best"]["trial"] == 1


def test_it_is_said_in_words():
    record = {
        "compare": ["fusion"],
        "space": {"lr": {"low": 1e-4, "high": 0.1, "log": True, "step": None}, "width": {"choices": [16, 32]}},
        "trials": 5,
        "sampler": "tpe",
        "sampler_seed": 3,
        "trial_seed": 1000,
        "metric": "val/accuracy",
        "values": [record_value("early/a", trials(0.5, None, 0.9, 0.1, 0.6), mode="max")],
    }
    budget, value = say_record(record)
    assert budget == (
        "tuned with an equal budget: 5 trials for each of 1 value of fusion (tpe, sampler seed 3, run seed 1000) over "
        "lr 0.0001 to 0.1 (log), width 16 or 32; the setting with the best val/accuracy was refitted over the seeds, "
        "and only then was the test set opened"
    )
    assert value == (
        "early/a: val/accuracy 0.900 with lr=0.003, width=32; its trials from 0.100 to 0.900, median 0.550; 1 of 5 "
        "failed"
    )


def test_a_file_that_is_no_record(tmp_path):
    assert read_record(tmp_path) is None
    (tmp_path / "search.json").write_text(json.dumps({"values": []}))
    with pytest.raises(RunFolderError, match="must hold compare, space, trials"):
        read_record(tmp_path)
