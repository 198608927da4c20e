from __future__ import annotations

import math
from types import SimpleNamespace

import torch
from torch import Tensor

from fuselab.fusion.late.max import Max
from fuselab.fusion.late.mean import Mean

NAMES = ("text", "image", "audio")


def test_probabilities_equal_their_equation(
    outputs: dict[str, Tensor], present: dict[str, Tensor], slow: SimpleNamespace
) -> None:
    decision = Max(modalities=NAMES, space="probability")(outputs, present)
    assert decision.weights is None
    for row in range(6):
        each = [slow.softmax(outputs[name][row]) for name in NAMES if present[name][row]] or [[1 / 4] * 4]
        highest = [max(one[c] for one in each) for c in range(4)]
        expected = [math.log(one / sum(highest)) for one in highest]
        torch.testing.assert_close(decision.output[row], torch.tensor(expected))


def test_values_equal_their_equation(outputs: dict[str, Tensor], present: dict[str, Tensor]) -> None:
    decision = Max(modalities=NAMES, space="value")(outputs, present)
    for row in range(6):
        each = [outputs[name][row].tolist() for name in NAMES if present[name][row]] or [[0.0] * 4]
        torch.testing.assert_close(decision.output[row], torch.tensor([max(one[c] for one in each) for c in range(4)]))


def test_gradient_is_that_of_the_smooth_maximum(outputs: dict[str, Tensor], present: dict[str, Tensor]) -> None:
    """Every present modality gets its share e^x / sum e^x of a class's gradient, whoever won."""
    leaves = {name: one.clone().requires_grad_() for name, one in outputs.items()}
    output = Max(modalities=NAMES, space="value")(leaves, present).output
    probe = torch.randn(6, 4)
    found = torch.autograd.grad((output * probe).sum(), [leaves[name] for name in NAMES])
    for row in range(6):
        for c in range(4):
            total = sum(math.exp(outputs[name][row, c]) for name in NAMES if present[name][row])
            for name, gradient in zip(NAMES, found, strict=True):
                share = math.exp(outputs[name][row, c]) / total if present[name][row] else 0.0
                torch.testing.assert_close(gradient[row, c], probe[row, c] * share)


def test_a_modality_that_wins_nowhere_learns() -> None:
    flat, sure = torch.zeros(1, 2, requires_grad=True), torch.tensor([[0.1, 0.0]])
    here = {"text": torch.tensor([True]), "image": torch.tensor([True]), "audio": torch.tensor([True])}
    # Two others are surer of one class each.
    logits = {"text": flat, "image": 9 * sure, "audio": -9 * sure}
    Max(modalities=NAMES, space="probability")(logits, here).output[0, 0].backward()
    assert flat.grad.abs().min() > 1e-3


def test_certainty_beats_number_where_the_mean_goes_with_the_many() -> None:
    sure, unsure = torch.tensor([[0.0, 3.0]]), torch.tensor([[2.0, 0.0]])
    logits = dict(zip(NAMES, (unsure, unsure, sure), strict=True))
    everywhere = dict.fromkeys(NAMES, torch.tensor([True]))
    assert Max(modalities=NAMES, space="probability")(logits, everywhere).output.argmax() == 1
    assert Mean(modalities=NAMES, space="probability")(logits, everywhere).output.argmax() == 0
