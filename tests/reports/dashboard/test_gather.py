from __future__ import annotations

import base64
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from fuselab.errors import RunFolderError
from fuselab.runs.excerpt import Shown, excerpt_file, write_excerpt
from fuselab.runs.predictions import write_predictions

from ..conftest import SLICES, write
from .conftest import CLASSES, EPOCHS, EVIL, PIXEL, SAMPLES, furnish, made, told_apart


def values(data, kind, name):
    place = [one["name"] for one in data["measures"]].index(name)
    return {one["name"]: one["values"][place] for one in data[kind]}


def settings(data, run, kind):
    flat = run[kind]
    own = {data["texts"][flat[at]]: data["texts"][flat[at + 1]] for at in range(0, len(flat), 2)}
    return data["shared"][kind] | own


def test_the_page_says_what_the_tables_say(furnished):
    data = made(furnished)
    table = pd.read_csv(furnished.path / "report" / "tables" / "table.csv").set_index("method")
    assert [one["name"] for one in data["methods"]] == list(table.index)
    for name, column in (("accuracy", "accuracy"), ("redundant.accuracy", "redundant.accuracy"), ("loss", "loss")):
        for method, (mean, deviation) in values(data, "methods", name).items():
            assert mean == pytest.approx(table.loc[method, f"{column}_mean"], rel=1e-4)
            assert deviation == pytest.approx(table.loc[method, f"{column}_std"], rel=1e-4)
    assert values(data, "methods", "parameters") == {name: [123_456] for name in table.index}
    runs = pd.read_csv(furnished.path / "report" / "tables" / "runs.csv").set_index("run")
    for name, column in (("accuracy", "test.accuracy"), ("fit_seconds", "seconds.fit"), ("epochs", "epochs")):
        assert values(data, "runs", name) == pytest.approx(runs[column].to_dict(), rel=1e-4)


def test_what_is_left_out_is_said(furnished):
    failed = furnished.other("failed", "late/mean", 7)
    assert made(furnished)["notes"] == [f"left out: 1 failed: {failed.name}"]


def test_marked_is_what_the_table_marks_and_nothing_else(sweep):
    data = made(told_apart(sweep))
    names = [one["name"] for one in data["measures"]]
    marked = {(names[place], one["name"]) for one in data["methods"] for place in one["marked"]}
    columns = ("accuracy", "redundant.accuracy", "unique_audio.accuracy", "unique_image.accuracy")
    assert marked == {(column, name) for column in columns for name in ("early/concat", "early/sum")}
    assert (sweep.path / "report" / "tables" / "table.md").read_text(encoding="utf-8").count("**") == 2 * len(marked)
    assert any("is better than late/mean" in claim for claim in data["claims"])


def test_published_figures_stand_apart(sweep):
    figure = {"label": "<b>Größer</b> et al.", "metric": "accuracy", "value": 0.803, "source": "ACL 2017"}
    for seed in range(2):
        sweep.finished("early/concat", seed, config={"published": [figure]})
    data = made(sweep)
    assert data["published"] == [{"name": "<b>Größer</b> et al.", "cells": {"accuracy": "0.803"}}]
    assert [one["name"] for one in data["methods"]] == ["early/concat"]
    assert any("ACL 2017" in note for note in data["footnotes"])


def test_measures_say_whether_less_is_better(furnished):
    lower = {one["name"]: one["lower"] for one in made(furnished)["measures"]}
    assert not lower["accuracy"]
    assert not lower["redundant.accuracy"]
    assert all(lower[name] for name in ("calibration_error", "loss", "parameters", "fit_seconds", "peak_memory_bytes"))


def test_measures_are_written_as_the_layout_has_it(furnished):
    percent = {one["name"]: one for one in made(furnished, percent=True, digits=4)["measures"]}
    asked = ("accuracy", "redundant.accuracy", "calibration_error", "loss")
    assert [(percent[name]["times"], percent[name]["digits"]) for name in asked] == [(100, 2), (100, 2), (1, 4), (1, 4)]
    assert [percent[name]["heading"] for name in asked[:2]] == ["accuracy %", "redundant %"]


@pytest.mark.parametrize("cell", ["deviation", "interval", "mean"])
def test_what_stands_beside_a_mean_is_what_the_footnotes_speak_of(furnished, cell):
    data = made(furnished, cell=cell)
    spreads = {one["name"]: one["spread"] for one in data["measures"]}
    said = "none" if cell == "mean" else cell
    names = ("accuracy", "unique_image.accuracy", "loss", "fit_seconds", "epochs")
    assert {spreads[name] for name in names} == {said}
    assert spreads["parameters"] == "none"
    table = pd.read_csv(furnished.path / "report" / "tables" / "table.csv").set_index("method")
    parts = ["mean", "std", *(["low", "high"] if cell == "interval" else [])]
    for name in names:
        for method, told in values(data, "methods", name).items():
            assert told == [table.loc[method, f"{name}_{part}"] for part in parts]


def test_every_run_has_its_whole_config_and_where_it_comes_from(furnished):
    data = made(furnished)
    for run in data["runs"]:
        method = data["methods"][run["method"]]["name"]
        assert settings(data, run, "config") == {
            "method": method,
            "seed": str(run["seed"]),
            "fusion._target_": method,
            "fusion.dim": "64",
            "optimizer.lr": "0.001",
        }
        facts = settings(data, run, "facts")
        assert (facts["git_commit"], facts["data_fingerprint"], facts["versions.torch"]) == (
            "abc1234",
            "f00d",
            "2.11.0",
        )
        assert "test.accuracy" not in facts
    assert "fusion.dim" in data["shared"]["config"]  # once, not once a run
    assert not {"fusion.dim", "git_commit"} & set(data["texts"])


def test_curves_are_those_of_the_files(furnished):
    data = made(furnished)
    assert data["curves"] == ["train/loss", "val/accuracy"]
    (run,) = [one for one in data["runs"] if one["name"].startswith("early-concat-s1")]
    assert run["curves"]["epoch"] == list(range(EPOCHS))
    assert run["curves"]["values"][1] == pytest.approx([0.7 * epoch / EPOCHS for epoch in range(EPOCHS)], rel=1e-4)


def test_samples_are_shown_as_they_were_kept(furnished):
    data = made(furnished)
    assert [one["index"] for one in data["samples"]] == list(range(0, SAMPLES, 2))
    first = data["samples"][0]
    assert (first["slice"], first["target"]) == ("redundant", 0)
    picture, text, sound = first["shown"]
    assert base64.b64decode(picture["data"]) == PIXEL
    assert text["text"] == "<b>question 0</b> größer?"
    assert sound == {"modality": "audio", "type": None}


def test_without_an_excerpt_samples_of_every_slice_and_class_are_shown_without_pictures(furnished):
    shutil.rmtree(furnished.path / "excerpt")
    data = made(furnished)
    assert len(data["samples"]) == SAMPLES
    assert all(one["shown"] == [] for one in data["samples"])


def test_runs_without_curves_or_predictions_are_shown_without(furnished):
    (run,) = furnished.path.glob("early-concat-s0-*")
    (run / "metrics.csv").write_text("epoch,step\nbroken,\n1")
    (run / "predictions.parquet").unlink()
    data = made(furnished)
    told = next(one for one in data["runs"] if one["name"] == run.name)
    assert "answers" not in told
    assert told["curves"] == {"epoch": [1], "values": [None, None]}
    assert all("answers" in one for one in data["runs"] if one is not told)


def test_a_task_of_ones_own_has_no_answers_to_show(sweep):
    folder = sweep.finished("early/concat", 0)
    result = json.loads((folder / "result.json").read_text())
    for split in ("val", "test"):
        result[split] = {"slices": {}, "own": 0.5}
    (folder / "result.json").write_text(json.dumps(result))
    furnish(folder, right=0.5, seed=0)
    data = made(sweep)
    assert (data["task"], data["samples"]) == (None, [])


def test_a_report_of_validation_opens_no_prediction(furnished):
    for path in furnished.path.glob("*/predictions.parquet"):
        path.write_text("nobody may read this")
    data = made(furnished, split="val")
    assert (data["task"], data["samples"]) == (None, [])
    assert not any("answers" in run for run in data["runs"])


def test_broken_files_are_named(furnished):
    excerpt_file(furnished.path, "f00d").write_text("no")
    with pytest.raises(RunFolderError, match="must hold test samples"):
        write(furnished.path)


def test_the_downloads_are_the_files(furnished):
    data = made(furnished)
    folder = furnished.path / "report"
    files = [file for file in folder.rglob("*.*") if file.name != "index.html"]
    names = {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in files}
    assert {"tables/table.md", "tables/sources.csv", "statistics.md", "tables/pairs.csv"} <= set(names)
    assert data["downloads"] == names


def test_a_report_of_one_run(furnished):
    (run,) = furnished.path.glob("early-concat-s0-*")
    furnished.path = run
    data = made(furnished)
    assert len(data["runs"]) == 1
    assert data["samples"][0]["shown"]  # the excerpt lies beside the run


def test_numbers_that_are_none_are_none(furnished):
    for path in furnished.path.glob("late-mean-*/result.json"):
        result = json.loads(path.read_text())
        result["test"]["accuracy"] = float("nan")
        path.write_text(json.dumps(result))
    for folder in furnished.path.glob("unimodal-image-s0-*"):
        output = np.full((SAMPLES, CLASSES), np.nan)
        columns = {"index": np.arange(SAMPLES), "target": np.zeros(SAMPLES, int), "output": output, "slice": None}
        write_predictions(folder / "predictions.parquet", columns, slices=())
    data = made(furnished)
    assert values(data, "methods", "accuracy")["late/mean"] == [None, None]


def test_names_come_out_as_they_are(furnished):
    data = made(furnished)
    assert EVIL in [one["name"] for one in data["methods"]]


def test_names_of_classes_are_those_of_the_config(sweep):
    target = {"column": "x", "classes": ["größer", "kleiner"]}
    folder = sweep.finished("early/concat", 0, config={"data": {"source": {"target": target}}})
    furnish(folder, right=0.5, seed=0)
    assert made(sweep)["classes"] == ["größer", "kleiner"]


def test_weights_of_modalities_are_those_of_the_predictions(furnished):
    for folder in furnished.path.glob("late-mean-*"):
        furnish(folder, right=0.5, seed=0, weights={"image": 0.25, EVIL: 0.75})
    data = made(furnished)
    assert data["weights"] == {"modalities": ["image", EVIL], "groups": [None, *SLICES]}
    weighed = [one for one in data["runs"] if "weights" in one]
    assert {one["name"][:9] for one in weighed} == {"late-mean"}
    assert weighed[0]["weights"]["mean"] == [[0.25, 0.75]] * 4
    assert weighed[0]["weights"]["samples"] == [[25, 75]] * len(data["samples"])


def test_weights_are_shown_also_of_a_task_of_ones_own(sweep):
    folder = sweep.finished("early/concat", 0)
    result = json.loads((folder / "result.json").read_text())
    for split in ("val", "test"):
        result[split] = {"slices": {}, "own": 0.5}
    (folder / "result.json").write_text(json.dumps(result))
    furnish(folder, right=0.5, seed=0, weights={"image": 0.25, "text": 0.75})
    (run,) = made(sweep)["runs"]
    assert run["weights"]["mean"][0] == [0.25, 0.75]
    assert run["weights"]["samples"] == []


def test_bins_of_confidence_are_those_of_the_figures(sweep):
    folder = sweep.finished("early/concat", 0, config={"task": {"calibration_bins": 4}})
    furnish(folder, right=0.5, seed=0)
    (run,) = made(sweep)["runs"]
    # Every answer is 0.7 of 0.1 + 0.1 + 0.1 + 0.7 sure, and a half is right.
    assert run["answers"]["bins"]["samples"] == [0, 0, SAMPLES, 0]
    assert run["answers"]["bins"]["confidence"] == pytest.approx([0, 0, 0.7 * SAMPLES, 0])
    assert run["answers"]["bins"]["right"] == [0, 0, SAMPLES // 2, 0]


def test_ranks_over_slices_are_those_of_the_statistics(sweep):
    data = made(told_apart(sweep))
    text = (sweep.path / "report" / "statistics.md").read_text(encoding="utf-8")
    assert data["ranks"]["blocks"] == list(SLICES)
    for name, rank in zip(data["ranks"]["names"], data["ranks"]["rank"], strict=True):
        assert f"| {name} | {rank:.2f} |" in text
    assert f"{data['ranks']['critical_difference']:.2f}." in text


def test_two_methods_have_no_ranks(sweep):
    for method in ("early/concat", "early/sum"):
        sweep.finished(method, 0)
    assert made(sweep)["ranks"] is None


def test_numbers_of_samples_have_the_names_of_the_config(sweep):
    columns = {"numeric": [EVIL, "weight"]}
    folder = sweep.finished("early/concat", 0, config={"data": {"source": {"modalities": {"person": columns}}}})
    furnish(folder, right=0.5, seed=0)
    vector, strip = b'{"kind":"vector","values":[0.5,null]}', b'{"kind":"strip","png":"AAAA"}'
    shown = [
        Shown(0, "person", "application/json", vector, "cut"),
        Shown(0, "mel", "application/json", strip),
    ]
    write_excerpt(excerpt_file(sweep.path, "f00d"), shown)
    (sample,) = made(sweep)["samples"]
    assert sample["shown"] == [
        {
            "modality": "person",
            "type": "application/json",
            "note": "cut",
            "numbers": {"kind": "vector", "values": [0.5, None], "names": [EVIL, "weight"]},
        },
        {"modality": "mel", "type": "application/json", "numbers": {"kind": "strip", "png": "AAAA"}},
    ]


def test_a_run_says_where_it_lies_and_how_to_repeat_it(sweep):
    sweep.finished("early/concat", 0, config={"name": "trio", "output_dir": "outputs"})
    data = made(sweep)
    (run,) = data["runs"]
    assert data["sweep"] == "trio"
    assert run["repeat"] == {
        "command": f"fuselab train --config-dir outputs/trio/{run['name']} --config-name config output_dir=repeated",
        "where": "outputs",
    }
