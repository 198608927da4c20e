from __future__ import annotations

import math

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.functional import (
    at_least_float32,
    check_at_least_one,
    check_choice,
    log_softmax_over_present,
    mean_over_modalities,
    project_present,
    softmax_over_present,
    unimodal_losses,
)

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


def test_scores_may_have_more_dimensions() -> None:
    scores, present = torch.randn(5, 4, 3), PRESENT.expand(5, 4, 3)
    for number in range(5):
        torch.testing.assert_close(
            softmax_over_present(scores, present)[number], softmax_over_present(scores[number], PRESENT)
        )


@pytest.mark.parametrize("shape", [(), (2,), (2, 5)])
def test_mean_over_modalities_equals_its_equation(shape: tuple[int, ...]) -> None:
    values = torch.randn(4, 3, *shape)
    values[~PRESENT] = torch.nan
    for row, mean in enumerate(mean_over_modalities(values, PRESENT)):
        real = [values[row, m] for m in range(3) if PRESENT[row, m]]
        torch.testing.assert_close(mean, sum(real, torch.zeros(shape)) / max(len(real), 1))


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


def test_project_present_puts_one_number_where_a_modality_is_missing() -> None:
    layers = torch.nn.ModuleList(torch.nn.Linear(2, 3) for _ in range(3))
    pooled = [torch.randn(4, 2) for _ in range(3)]
    projected = project_present(layers, pooled, PRESENT, missing=7.0)
    for row in range(4):
        for number, here in enumerate(PRESENT[row].tolist()):
            expected = layers[number](pooled[number][row]) if here else torch.full((3,), 7.0)
            torch.testing.assert_close(projected[row, number], expected)


def test_refuses_a_choice_or_a_size_in_words() -> None:
    with pytest.raises(ConfigError, match=r"fusion.cell \(gur\) must be one of: lstm, gru; did you mean 'gru'"):
        check_choice("fusion.cell", "gur", ["lstm", "gru"])
    with pytest.raises(ConfigError, match=r"fusion.rank \(-1\) must be at least 1; raise it"):
        check_at_least_one("fusion.rank", -1)


def test_losses_of_modalities_are_means_over_the_samples_that_have_them(outputs, present) -> None:
    target = torch.randn(6, 4)
    there = torch.stack([present[name] for name in ("image", "audio", "text")], 1)
    there = torch.cat([there, torch.zeros(6, 1, dtype=torch.bool)], 1)
    stacked = torch.stack([outputs[name] for name in ("image", "audio", "text", "text")], 1)
    stacked = torch.where(there[..., None], stacked, torch.nan)
    found = unimodal_losses(stacked, there, target, lambda output, true: (output - true).abs().sum(1))
    for m in range(3):
        each = [sum(abs(stacked[row, m, c] - target[row, c]) for c in range(4)) for row in range(6) if there[row, m]]
        torch.testing.assert_close(found[m], sum(each) / len(each))
    assert found[3] == 0
