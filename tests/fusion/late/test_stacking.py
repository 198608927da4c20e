from __future__ import annotations

import math
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from fuselab.fusion.late.stacking import Stacking
from fuselab.types import Lesson, Prediction

NAMES = ("text", "image", "audio")
TARGET = [0, 3, 1, 2, 2, 0]


def stacking(space: str = "probability") -> Stacking:
    return Stacking(modalities=NAMES, outputs=4, space=space)


def read(fusion: Stacking, each: dict[str, list[float]]) -> list[float]:
    """Apply the linear model to the modalities there are."""
    weight, bias = fusion.top.weight.tolist(), fusion.top.bias.tolist()
    found = []
    for c in range(4):
        total = bias[c]
        for m, name in enumerate(NAMES):
            if name in each:
                total += sum(weight[c][4 * m + k] * each[name][k] for k in range(4))
        found.append(total)
    return found


def test_probabilities_equal_their_equation(
    outputs: dict[str, Tensor], present: dict[str, Tensor], slow: SimpleNamespace
) -> None:
    fusion = stacking()
    decision = fusion(outputs, present)
    assert decision.weights is None
    for row in range(6):
        each = {name: slow.softmax(outputs[name][row].tolist()) for name in NAMES if present[name][row]}
        expected = [math.log(one) for one in slow.softmax(read(fusion, each))]
        torch.testing.assert_close(decision.output[row], torch.tensor(expected))


def test_values_equal_their_equation(outputs: dict[str, Tensor], present: dict[str, Tensor]) -> None:
    fusion = stacking("value")
    decision = fusion(outputs, present)
    for row in range(6):
        each = {name: outputs[name][row].tolist() for name in NAMES if present[name][row]}
        torch.testing.assert_close(decision.output[row], torch.tensor(read(fusion, each)))


def lesson_of(fusion: Stacking, outputs: dict[str, Tensor], present: dict[str, Tensor]) -> Lesson:
    alone = torch.stack([outputs[name] for name in NAMES], 1)
    prediction = Prediction(fusion(outputs, present).output, None, None, alone, {})
    there = torch.stack([present[name] for name in NAMES], 1)
    return Lesson(prediction, there, torch.tensor(TARGET), partial(cross_entropy, reduction="none"), 0)


def test_loss_equals_its_equation(
    outputs: dict[str, Tensor], present: dict[str, Tensor], slow: SimpleNamespace
) -> None:
    fusion = stacking()
    lesson = lesson_of(fusion, outputs, present)
    expected = 0.0
    for row in range(6):
        expected -= lesson.prediction.output[row, TARGET[row]].item() / 6
    for name in NAMES:
        rows = [row for row in range(6) if present[name][row]]
        for row in rows:
            expected -= math.log(slow.softmax(outputs[name][row].tolist())[TARGET[row]]) / len(rows)
    assert fusion.own_loss(lesson).item() == pytest.approx(expected, rel=1e-9)


def test_modalities_learn_from_their_own_losses_alone(outputs: dict[str, Tensor], present: dict[str, Tensor]) -> None:
    fusion = stacking()
    leaves = {name: one.clone().requires_grad_() for name, one in outputs.items()}
    fusion.own_loss(lesson_of(fusion, leaves, present)).backward()
    for name in NAMES:
        alone = outputs[name].clone().requires_grad_()
        cross_entropy(alone[present[name]], torch.tensor(TARGET)[present[name]]).backward()
        torch.testing.assert_close(leaves[name].grad, alone.grad)
    # The top learns from the decision alone: the same as if the outputs were numbers.
    found = [one.grad.clone() for one in fusion.parameters()]
    fusion.zero_grad()
    cross_entropy(fusion(outputs, present).output, torch.tensor(TARGET)).backward()
    for one, parameter in zip(found, fusion.parameters(), strict=True):
        torch.testing.assert_close(one, parameter.grad)
