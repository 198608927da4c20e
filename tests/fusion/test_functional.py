from __future__ import annotations

import math

import pytest
import torch

from fuselab.fusion.functional import (
    at_least_float32,
    log_softmax_over_present,
    softmax_over_present,
    stack_presence,
)
from fuselab.types import Features

PRESENT = torch.tensor([[True, True, True], [True, False, True], [False, True, False], [False, False, False]])


def test_softmax_over_present_equals_its_equation() -> None:
    scores = torch.tensor([0.3, -1.2, 2.0])
    for row, weights in zip(PRESENT, softmax_over_present(scores, PRESENT), strict=True):
        exponentials = [math.exp(s) if here else 0.0 for s, here in zip(scores.tolist(), row.tolist(), strict=True)]
        expected = [one / max(sum(exponentials), 1e-300) for one in exponentials]
        torch.testing.assert_close(weights, torch.tensor(expected))


def test_scores_may_differ_from_sample_to_sample() -> None:
    scores = torch.randn(4, 3)
    for row in range(4):
        alone = softmax_over_present(scores[row], PRESENT[row : row + 1])
        torch.testing.assert_close(softmax_over_present(scores, PRESENT)[row : row + 1], alone)


def test_log_softmax_is_uniform_where_nothing_is_present() -> None:
    torch.testing.assert_close(log_softmax_over_present(torch.randn(3), PRESENT)[3].exp(), torch.full((3,), 1 / 3))


@pytest.mark.parametrize("scale", [1.0, 1e4, 1e30])
def test_gradients_stay_finite(scale: float) -> None:
    scores = (torch.tensor([1.0, -1.0, 0.5]) * scale).requires_grad_()
    weights = log_softmax_over_present(scores, PRESENT)
    assert weights.isfinite().all()
    (weights.exp() * torch.randn(4, 3)).sum().backward()
    assert scores.grad is not None
    assert scores.grad.isfinite().all()


def test_weights_are_float32_for_bfloat16_scores() -> None:
    weights = softmax_over_present(torch.randn(3).bfloat16(), PRESENT)
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights.sum(1), torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float32))


@pytest.mark.parametrize(
    ("given", "expected"),
    [(torch.bfloat16, torch.float32), (torch.float32, torch.float32), (torch.float64, torch.float64)],
)
def test_at_least_float32(given: torch.dtype, expected: torch.dtype) -> None:
    assert at_least_float32(torch.ones(1, dtype=given)).dtype == expected


def test_stack_presence_keeps_the_order(features: dict[str, Features]) -> None:
    stacked = stack_presence([features["text"], features["image"]])
    assert torch.equal(stacked[:, 0], features["text"].present)
    assert torch.equal(stacked[:, 1], features["image"].present)
