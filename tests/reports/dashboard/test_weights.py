from __future__ import annotations

import numpy as np

from fuselab.reports.dashboard.weights import of_samples, tell_weights
from fuselab.reports.plots.answers import sum_up
from fuselab.runs.predictions import Predictions


def predictions(**weights) -> Predictions:
    names = np.array(["b", "a", "b", None], dtype=object)
    columns = {name: np.array(one, np.float32) for name, one in weights.items()}
    return Predictions(np.array([0, 1, 2, 5]), names, np.zeros(4, int), np.zeros((4, 2), np.float32), columns)


def told(runs, chosen=(1, 5)):
    summed = {name: sum_up(one, {}) for name, one in runs.items()}
    return tell_weights(summed, {name: of_samples(one, chosen) for name, one in runs.items()}, slices=["a", "b", "c"])


def test_means_over_all_samples_and_each_slice_in_the_order_of_the_data():
    names, found = told({"run": predictions(image=[0.1, 0.2, 0.3, 0.4], text=[0.9, 0.8, 0.7, 0.6])})
    assert names == {"modalities": ["image", "text"], "groups": [None, "a", "b"]}
    assert found == {"run": {"mean": [[0.25, 0.75], [0.2, 0.8], [0.2, 0.8]], "samples": [[20, 80], [40, 60]]}}


def test_runs_of_other_modalities_stand_beside_one_another():
    names, found = told(
        {
            "two": predictions(image=[0.5] * 4, text=[0.5] * 4),
            "other two": predictions(audio=[0.25] * 4, text=[0.75] * 4),
            "one": predictions(image=[1.0] * 4),
            "none": predictions(),
        }
    )
    assert names["modalities"] == ["image", "text", "audio"]
    assert set(found) == {"two", "other two"}
    assert found["other two"]["mean"][0] == [None, 0.75, 0.25]
    assert found["other two"]["samples"] == [[None, 75, 25]] * 2


def test_weights_that_are_no_numbers_are_none():
    _, found = told({"run": predictions(image=[np.nan] * 4, text=[0.5] * 4)})
    assert found["run"]["mean"][0] == [None, 0.5]
    assert found["run"]["samples"] == [[None, 50]] * 2


def test_no_run_with_weights():
    assert told({"run": predictions()}) == ({"modalities": [], "groups": []}, {})
