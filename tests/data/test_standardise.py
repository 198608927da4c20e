from __future__ import annotations

import numpy as np

from fuselab.data.paired import Split
from fuselab.data.standardise import standardised

DRAW = np.random.default_rng(0)


def vectors(values: np.ndarray, present: np.ndarray | None = None) -> Split:
    there = np.ones(len(values), dtype=bool) if present is None else present
    return Split(values={"a": values}, present={"a": there}, target=np.zeros(len(values)), slice=None)


def test_train_gets_mean_0_and_deviation_1_and_the_others_the_same_map():
    train, test = DRAW.normal(3, 5, (50, 2)), DRAW.normal(0, 1, (9, 2))
    found = standardised({"train": vectors(train), "test": vectors(test)})
    expected = (test - train.mean(0)) / np.sqrt(((train - train.mean(0)) ** 2).mean(0))
    np.testing.assert_allclose(found["test"].values["a"], expected, atol=1e-6)
    np.testing.assert_allclose(found["train"].values["a"].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(found["train"].values["a"].std(0), 1, atol=1e-6)
    assert found["test"].values["a"].dtype == np.float32


def test_what_the_others_hold_is_not_measured():
    train = DRAW.normal(size=(9, 2))
    one, other = (standardised({"train": vectors(train), "test": vectors(np.full((2, 2), x))}) for x in (1e3, -7.0))
    np.testing.assert_array_equal(one["train"].values["a"], other["train"].values["a"])


def test_missing_rows_and_padding_are_not_measured_and_are_zero():
    values, mask = DRAW.normal(size=(4, 3, 2)), np.array([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=bool)
    present = np.array([True, True, True, False])
    split = Split(values={"a": values}, present={"a": present}, target=present, slice=None, masks={"a": mask})
    spoilt = np.where((mask & present[:, None])[..., None], values, 1e6)
    same = Split(values={"a": spoilt}, present={"a": present}, target=present, slice=None, masks={"a": mask})
    found = standardised({"train": split})["train"].values["a"]
    real = values[mask & present[:, None]]
    np.testing.assert_allclose(found[0, 0], (values[0, 0] - real.mean(0)) / real.std(0), atol=1e-6)
    np.testing.assert_array_equal(standardised({"train": same})["train"].values["a"], found)
    assert not found[~mask].any()
    assert not found[3].any()


def test_a_feature_that_never_changes_is_only_shifted():
    found = standardised({"train": vectors(np.full((3, 1), 7.0)), "test": vectors(np.full((1, 1), 9.0))})
    assert found["train"].values["a"].tolist() == [[0], [0], [0]]
    assert found["test"].values["a"].tolist() == [[2]]


def test_a_modality_that_train_lacks_stays_as_it_is():
    lacking = vectors(np.full((2, 1), np.nan), np.zeros(2, dtype=bool))
    found = standardised({"train": lacking, "test": vectors(np.full((1, 1), 9.0))})
    assert found["train"].values["a"].tolist() == [[0], [0]]
    assert found["test"].values["a"].tolist() == [[9]]
