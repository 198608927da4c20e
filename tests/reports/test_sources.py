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


def test_the_mean_of_a_method_is_what_stands_in_the_table(sources):
    _, runs, table = sources
    table = table.set_index("method")
    columns = {"accuracy": "accuracy_mean", "redundant.accuracy": "redundant.accuracy_mean"}
    columns |= {"parameters": "parameters", "fit_seconds": "fit_seconds_mean"}
    columns |= {"peak_memory_bytes": "peak_memory_bytes_mean"}
    means = runs.groupby("method")[list(columns)].mean()
    assert sorted(means.index) == ["attention/cross", "early/concat", "early/sum", "unimodal/image"]
    for name, column in columns.items():
        for method, mean in means[name].items():
            assert table.loc[method, column] == pytest.approx(mean, rel=1e-12)


def test_what_slices_are_called_hides_nothing(sweep):
    test = {"accuracy": 0.5, "loss": 1.0, "slices": {name: {"accuracy": 0.1} for name in ("seed", "a_b", "a b")}}
    sweep.finished("early/sum", 3, test=test)
    (path,) = (path for path in write(sweep.path) if path.name == "sources.csv")
    (one,) = pd.read_csv(path).to_dict("records")
    assert one["seed"] == 3
    assert {one["seed.accuracy"], one["a_b.accuracy"], one["a b.accuracy"]} == {0.1}


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
