from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from fuselab.errors import ConfigError, DataError
from fuselab.tasks.imbalance import (
    binary_focal_loss,
    check_gamma,
    check_weights,
    focal_loss,
    inverse_frequency,
    positive_weights,
)


def test_weights_are_those_of_scikit_learn_and_one_on_average():
    target = torch.tensor([0] * 50 + [1] * 30 + [2] * 5)[torch.randperm(85)]
    weight = inverse_frequency(target, classes=3)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=target.numpy())
    assert weight.tolist() == pytest.approx(expected.tolist())
    assert float(weight[target].mean()) == pytest.approx(1)


def test_a_class_that_train_lacks_weighs_nothing_and_changes_nothing():
    assert inverse_frequency(torch.tensor([0, 0, 2]), classes=3).tolist() == [0.75, 0, 1.5]


@pytest.mark.parametrize(
    "target", [torch.tensor([0, 3]), torch.tensor([-1, 0]), torch.rand(2), torch.zeros(2, 3).long()]
)
def test_targets_that_are_no_classes_have_no_weights(target):
    with pytest.raises(
        DataError, match=r"the targets must be classes from 0 to 2 to be weighted; set task\.class_weights"
    ):
        inverse_frequency(target, classes=3)


def test_positives_weigh_as_much_as_negatives():
    target = (torch.rand(200, 3) < torch.tensor([0.5, 0.1, 0.9])).long()
    weight = positive_weights(target)
    positives, negatives = target.sum(0), (1 - target).sum(0)
    assert (weight * positives).tolist() == pytest.approx(negatives.tolist())


def test_a_label_always_or_never_there_is_not_weighted():
    assert positive_weights(torch.tensor([[0, 1], [0, 1]])).tolist() == [1, 1]


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_the_focal_loss_is_its_equation(gamma):
    logits, target = torch.randn(30, 4) * 3, torch.randint(0, 4, (30,))
    exponent = np.exp(logits.double().numpy())
    p = (exponent / exponent.sum(1, keepdims=True))[np.arange(30), target.numpy()]
    found = focal_loss(logits, target, gamma=gamma).numpy()
    np.testing.assert_allclose(found, -((1 - p) ** gamma) * np.log(p), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_the_focal_loss_of_labels_is_its_equation(gamma):
    logits, target = torch.randn(30, 4) * 3, torch.randint(0, 2, (30, 4)).float()
    p = 1 / (1 + np.exp(-logits.double().numpy()))
    p = np.where(target.numpy() == 1, p, 1 - p)
    found = binary_focal_loss(logits, target, gamma=gamma).numpy()
    np.testing.assert_allclose(found, -((1 - p) ** gamma) * np.log(p), rtol=1e-4, atol=1e-7)


def test_without_a_focus_it_is_cross_entropy():
    logits, target, labels = torch.randn(9, 4), torch.randint(0, 4, (9,)), torch.randint(0, 2, (9, 4)).float()
    plain = cross_entropy(logits, target, reduction="none")
    torch.testing.assert_close(focal_loss(logits, target, gamma=0.0), plain)
    plain = binary_cross_entropy_with_logits(logits, labels, reduction="none")
    torch.testing.assert_close(binary_focal_loss(logits, labels, gamma=0.0), plain)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("logit", [0.0, 200.0, -200.0])
def test_gradients_stay_finite_where_a_sample_is_certain(gamma, logit):
    logits = torch.tensor([[logit, 0.0]], requires_grad=True)
    loss = focal_loss(logits, torch.tensor([0]), gamma=gamma).sum()
    loss = loss + binary_focal_loss(logits, torch.tensor([[1.0, 0.0]]), gamma=gamma).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("given", ["inverse", [1, 2], [1, 2, 0], [1, 2, -1], [1, 2, "3"], [1, 2, float("nan")], 3])
def test_weights_that_can_not_be(given):
    with pytest.raises(
        ConfigError, match=r"key \(.*\) must be null, inverse_frequency, or a list of 3 positive numbers"
    ):
        check_weights("key", given, number=3)


@pytest.mark.parametrize("given", [None, "inverse_frequency", [1, 2.5, 3]])
def test_weights_that_can_be(given):
    check_weights("key", given, number=3)


@pytest.mark.parametrize("gamma", [-1, "2", None, True, float("nan"), float("inf")])
def test_a_focus_that_can_not_be(gamma):
    with pytest.raises(ConfigError, match=r"task\.focal_gamma \(.*\) must be a number of at least 0; set"):
        check_gamma(gamma)
