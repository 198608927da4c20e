"""What a report says of a search: from its record alone."""

from __future__ import annotations

import json

from fuselab.runs.record import record_value

from .conftest import make_report, write

VALUES = (0.5, 0.7, 0.6)


def write_record(sweep, *methods: str) -> None:
    values = []
    for method in methods:
        trials = [
            {
                "trial": number,
                "setting": {"optimizer.lr": 0.0012345 * (number + 1)},
                "state": "done",
                "value": value,
                "run": f"run-{number}",
                "identity": f"id-{number}",
            }
            for number, value in enumerate(VALUES)
        ]
        found = record_value(method, trials, mode="max")
        folders = sweep.path.glob(f"{method.replace('/', '-')}-s*/result.json")
        found["refits"] = [{"identity": json.loads(path.read_text())["identity"]} for path in folders]
        values.append(found)
    space = {"optimizer.lr": {"low": 1e-4, "high": 1e-1, "log": True, "step": None}}
    record = {
        "compare": ["fusion"],
        "space": space,
        "trials": 3,
        "sampler": "tpe",
        "sampler_seed": 0,
        "trial_seed": 1000,
        "metric": "val/accuracy",
        "mode": "max",
        "values": values,
    }
    (sweep.path / "search.json").write_text(json.dumps(record))


def test_all_formats_say_what_the_record_says(full_sweep):
    plain = make_report(full_sweep.path).table(()).footnotes
    write_record(full_sweep, "attention/cross", "early/sum", "early/concat", "unimodal/image")
    made = make_report(full_sweep.path)
    said = made.table(()).footnotes
    assert made.notes == ()
    assert said[: len(plain)] == plain
    assert said[len(plain)].startswith("tuned with an equal budget: 3 trials for each of 4 values of fusion (tpe, ")
    expected = "early/sum: val/accuracy 0.700 with optimizer.lr=0.00247; its trials from 0.500 to 0.700, median 0.600"
    assert expected in said
    paths = {path.name: path.read_text() for path in write(full_sweep.path)}
    assert expected in paths["table.md"]
    assert expected[1:] in paths["table.tex"]  # a sentence of the caption


def test_runs_that_no_search_has_chosen_are_named(full_sweep):
    write_record(full_sweep, "attention/cross", "early/sum", "early/concat")
    (said,) = make_report(full_sweep.path).notes
    names = sorted(path.name for path in full_sweep.path.glob("unimodal-image-*"))
    assert said == f"not chosen by the search: {', '.join(names)}"
