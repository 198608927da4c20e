from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from .conftest import write


@pytest.fixture
def sources(full_sweep):
    files = {path.name: path for path in write(full_sweep.path, names={"early/sum": "Sum"})}
    return files["sources.csv"], pd.read_csv(files["sources.csv"]), pd.read_csv(files["table.csv"])


def test_the_mean_of_a_row_is_what_stands_in_the_table(sources):
    _, runs, table = sources
    table = table.assign(row=table["method"].replace({"early/sum": "Sum"})).set_index("row")
    columns = {
        "accuracy": "accuracy_mean",
        "macro-F1": "macro_f1_mean",
        "redundant": "redundant.accuracy_mean",
        "parameters": "parameters",
        "fit s": "fit_seconds_mean",
        "memory MiB": "peak_memory_bytes_mean",
    }
    means = runs.groupby("row")[list(columns)].mean()
    assert sorted(means.index) == ["Sum", "attention/cross", "early/concat", "unimodal/image"]
    for heading, column in columns.items():
        for row, mean in means[heading].items():
            assert table.loc[row, column] == pytest.approx(mean, rel=1e-12)


def test_every_line_leads_to_its_files_and_says_what_they_say(sources):
    path, runs, _ = sources
    assert len(runs) == 12
    for one in runs.to_dict("records"):
        result = json.loads((path.parent / one["result"]).read_text())
        config = yaml.safe_load((path.parent / one["config"]).read_text())
        assert result["test"]["accuracy"] == pytest.approx(one["accuracy"], rel=1e-12)
        assert (result["seed"], config["seed"]) == (one["seed"], one["seed"])
        for key in ("identity", "git_commit", "data_fingerprint", "split_hash"):
            assert str(result[key]) == str(one[key])
