from __future__ import annotations

import torch

from fuselab.fusion.late.mixture import mixture


def test_a_tiny_probability_keeps_its_logarithm_and_its_gradient() -> None:
    outputs = torch.tensor([[[0.0, 400.0], [0.0, 300.0]]], dtype=torch.float32, requires_grad=True)
    present = torch.tensor([[True, True]])
    output, _ = mixture(outputs, present, scores=torch.zeros(2), space="probability")
    expected = torch.tensor([[-300.0, 0.0]]) + torch.tensor([[0.5, 1.0]]).log()
    torch.testing.assert_close(output.double(), expected.double())
    output[0, 0].backward()
    torch.testing.assert_close(outputs.grad[0, 1], torch.tensor([1.0, -1.0], dtype=torch.float32))


def test_bfloat16_outputs_are_combined_in_float32() -> None:
    outputs, present = torch.randn(2, 3, 4).bfloat16(), torch.ones(2, 3, dtype=torch.bool)
    scores = torch.zeros(3).bfloat16()
    for space in ("probability", "value"):
        exact, _ = mixture(outputs.double(), present, scores=scores.double(), space=space)
        output, weights = mixture(outputs, present, scores=scores, space=space)
        assert output.dtype == weights.dtype == torch.float32
        torch.testing.assert_close(output.double(), exact, rtol=0, atol=1e-5)


def test_probabilities_sum_to_one() -> None:
    present = torch.tensor([[True, True], [True, False], [False, False]])
    output, _ = mixture(torch.randn(3, 2, 5), present, scores=torch.randn(2), space="probability")
    torch.testing.assert_close(output.exp().sum(1), torch.ones(3))
