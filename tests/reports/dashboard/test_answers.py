from __future__ import annotations

import numpy as np
import pytest

from fuselab.reports.dashboard import answers
from fuselab.reports.dashboard.answers import choose_samples, tell_samples
from fuselab.reports.plots.answers import sum_up
from fuselab.runs.predictions import Predictions

SLICE = np.array(["a", "b", "a", "b"], dtype=object)


def tell_answers(one, chosen, task, config):
    return answers.tell_answers(one, chosen, task, config, summed=sum_up(one, config))


def predictions(target, output) -> Predictions:
    return Predictions(np.array([0, 1, 2, 5]), SLICE, np.array(target), np.array(output, np.float32), {})


def test_classes():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.99, 0.01]])
    one = predictions([0, 0, 1, 1], 3 + np.log(probabilities))  # logits are known up to a constant
    told = tell_answers(one, [1, 2, 5], "classes", {})
    assert told["said"] == [1, 0, 0]
    assert told["sure"] == [80, 60, 99]
    assert told["error"] == [1, 1, 1]
    assert (told["wrong"], told["of"]) == (3, 4)
    assert told["confusion"] == [1, 1, 2, 0]  # rows are the truth
    assert told["mistakes"] == {  # the surest first
        "index": [5, 1, 2],
        "slice": ["b", "b", "a"],
        "target": [1, 0, 1],
        "said": [0, 1, 0],
        "sure": [99, 80, 60],
        "error": [1, 1, 1],
    }
    assert tell_samples(one, [1, 5], "classes") == [
        {"index": 1, "slice": "b", "target": 0},
        {"index": 5, "slice": "b", "target": 1},
    ]


def test_labels():
    output = np.log([[3.0, 0.4], [0.4, 0.4], [3.0, 3.0], [0.4, 3.0]])  # logits of 3/4 and 2/7
    told = tell_answers(
        predictions([[1, 0], [1, 1], [1, 1], [0, 0]], output), [0, 1, 5], "labels", {"task": {"threshold": 0.5}}
    )
    assert told["said"] == [[0], [], [1]]
    assert told["error"] == [0, 2, 1]
    assert told["sure"] is None
    assert told["mistakes"]["index"] == [1, 5]
    strict = {"task": {"threshold": 0.8}}
    assert tell_answers(predictions([[1, 0]] * 4, output), [0], "labels", strict)["said"] == [[]]


@pytest.mark.parametrize("target", [[1.0, 2.0, 3.0, 4.0], [[1.0], [2.0], [3.0], [4.0]]])
def test_values(target):
    told = tell_answers(predictions(target, [[1.5], [2.0], [0.0], [4.25]]), [0, 1, 2], "values", {})
    assert told["said"] == [[1.5], [2], [0]]
    assert told["error"] == [0.5, 0, 3]
    assert told["mistakes"]["index"] == [2, 0, 5]
    assert told["mistakes"]["target"] == [[3], [1], [4]]
    assert "confusion" not in told


def test_many_classes_have_no_matrix():
    assert "confusion" not in tell_answers(predictions([0] * 4, np.zeros((4, 21))), [0], "classes", {})


def test_outputs_that_are_no_numbers_are_wrong_and_break_nothing():
    told = tell_answers(predictions([1, 1, 1, 1], np.full((4, 2), np.nan)), [0], "classes", {})
    assert told["sure"] is None or told["sure"] == [0]
    assert tell_answers(predictions([1.0] * 4, np.full((4, 1), np.inf)), [0], "values", {})["said"] == [[None]]


def test_samples_are_chosen_by_slice_and_class():
    target = np.repeat([0, 1], [198, 2])
    slices = np.array(["a"] * 199 + [None], dtype=object)
    chosen = choose_samples(Predictions(np.arange(200), slices, target, np.zeros((200, 2)), {}), "classes")
    assert len(chosen) == 60
    assert {198, 199} < set(chosen)
