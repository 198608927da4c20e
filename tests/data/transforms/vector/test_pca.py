from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from fuselab.data.transforms.vector.pca import Pca
from fuselab.errors import ConfigError, DataError
from fuselab.types import ModalityInput

NO_TARGET = torch.zeros(0)


def pca(**changes: Any) -> Pca:
    return Pca(**({"size": None, "energy": None, "whiten": False} | changes))


def rows(count: int = 60, numbers: int = 8) -> np.ndarray:
    draw = np.random.default_rng(0)
    return (draw.standard_normal((count, numbers)) * np.arange(1, numbers + 1) + 5).astype(np.float32)


def fitted(step: Pca, values: np.ndarray, *, missing: int = 0) -> ModalityInput:
    present = torch.arange(len(values)) >= missing
    one = ModalityInput(torch.from_numpy(values), None, present).cleaned()
    step.fit(one, NO_TARGET)
    return step.apply(one)


@pytest.mark.parametrize(("count", "numbers", "size"), [(60, 8, 3), (60, 8, 8), (6, 20, 5), (700, 8, 2)])
def test_the_projection_is_that_of_the_singular_values(count, numbers, size):
    values = rows(count, numbers)
    found = fitted(pca(size=size), values).values.numpy()
    centred = values.astype(np.float64) - values.astype(np.float64).mean(0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    expected = (left * singular)[:, :size]
    signs = np.sign((found * expected).sum(0))
    np.testing.assert_allclose(found, expected * signs, atol=1e-3)


def test_what_is_missing_is_not_learned_from():
    values = rows()
    step, alone = pca(size=2), pca(size=2)
    fitted(step, values, missing=20)
    fitted(alone, values[20:])
    for name, learned in alone.state.items():
        assert torch.equal(step.state[name], learned)


def test_each_real_step_of_a_sequence_is_a_row_and_becomes_one():
    values = torch.from_numpy(rows(60)).view(10, 6, 8)
    mask = torch.arange(6) < torch.arange(10)[:, None]
    present = torch.arange(10) != 9
    sequence, flat = pca(size=2), pca(size=2)
    sequence.fit(ModalityInput(values, mask, present), NO_TARGET)
    fitted(flat, values[mask & present[:, None]].numpy())
    torch.testing.assert_close(sequence.state["axes"], flat.state["axes"])
    assert sequence.apply(ModalityInput(values, mask, present)).values.shape == (10, 6, 2)


def test_images_become_vectors():
    images = torch.rand(20, 1, 4, 4)
    step = pca(size=3)
    step.fit(ModalityInput(images, None, torch.ones(20).bool()), NO_TARGET)
    assert step.apply(ModalityInput(images, None, torch.ones(20).bool())).values.shape == (20, 3)


@pytest.mark.parametrize("energy", [0.3, 0.6, 0.9, 0.999, 1.0])
def test_energy_keeps_the_fewest_components_that_hold_it(energy):
    values = rows().astype(np.float64)
    step = pca(energy=energy)
    found = fitted(step, values.astype(np.float32)).values
    variances = np.linalg.svd(values - values.mean(0), compute_uv=False) ** 2
    held = np.cumsum(variances) / variances.sum()
    assert found.shape[1] == int((held < energy - 1e-9).sum()) + 1
    np.testing.assert_allclose(step.state["variance_share"].numpy().sum(), held[found.shape[1] - 1], rtol=1e-5)


def test_whitened_components_vary_alike():
    found = fitted(pca(size=5, whiten=True), rows()).values
    torch.testing.assert_close(found.var(0), torch.ones(5), atol=1e-4, rtol=0)


def test_two_fits_are_the_same_to_the_bit():
    first, second = pca(size=4), pca(size=4)
    assert torch.equal(fitted(first, rows()).values, fitted(second, rows()).values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, r"transform\.\*\.size \(None\) and energy \(None\) must be one given, one null"),
        ({"size": 3, "energy": 0.5}, r"size \(3\) and energy \(0\.5\) must be one given"),
        ({"size": 0}, r"size \(0\) must be at least 1"),
        ({"energy": 0}, r"transform\.\*\.energy \(0\) must be above 0 and at most 1; choose one such as 0\.95"),
        ({"energy": 1.5}, r"energy \(1\.5\) must be above 0"),
    ],
)
def test_what_can_not_be_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        pca(**changes)


def test_more_components_than_train_has_are_refused():
    with pytest.raises(
        DataError, match=r"transform\.\*\.size \(9\) must be at most the 8 components .*60 rows of 8 num"
    ):
        fitted(pca(size=9), rows())
    with pytest.raises(
        DataError, match=r"the train split \(1 real rows\) must have at least 2 for PCA; leave the step"
    ):
        fitted(pca(size=1), rows(3), missing=2)
