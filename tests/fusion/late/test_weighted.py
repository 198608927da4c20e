from __future__ import annotations

import math
from types import SimpleNamespace

import torch
from torch import Tensor

from fuselab.fusion.late.mean import Mean
from fuselab.fusion.late.weighted import Weighted

NAMES = ("text", "image", "audio")
SCORES = (0.5, -1.0, 2.0)


def shares(present: dict[str, Tensor], row: int) -> list[float]:
    exponentials = [math.exp(s) if present[name][row] else 0.0 for s, name in zip(SCORES, NAMES, strict=True)]
    return [one / max(sum(exponentials), 1e-300) for one in exponentials]


def test_probabilities_equal_their_equation(
    outputs: dict[str, Tensor], present: dict[str, Tensor], slow: SimpleNamespace
) -> None:
    fusion = Weighted(modalities=NAMES, space="probability")
    fusion.score_M.data = torch.tensor(SCORES)
    decision = fusion(outputs, present)
    for row in range(6):
        weights = shares(present, row)
        torch.testing.assert_close(decision.weights[row], torch.tensor(weights))
        each = [slow.softmax(outputs[name][row]) for name in NAMES]
        mixed = [sum(w * one[c] for w, one in zip(weights, each, strict=True)) or 1 / 4 for c in range(4)]
        torch.testing.assert_close(decision.output[row], torch.tensor(mixed).log())


def test_values_equal_their_equation(outputs: dict[str, Tensor], present: dict[str, Tensor]) -> None:
    fusion = Weighted(modalities=NAMES, space="value")
    fusion.score_M.data = torch.tensor(SCORES)
    decision = fusion(outputs, present)
    for row in range(6):
        each = zip(shares(present, row), (outputs[name][row].tolist() for name in NAMES), strict=True)
        expected = [sum(column) for column in zip(*([w * x for x in one] for w, one in each), strict=True)]
        torch.testing.assert_close(decision.output[row], torch.tensor(expected))


def test_starts_from_the_mean_and_learns(outputs: dict[str, Tensor], present: dict[str, Tensor]) -> None:
    fusion = Weighted(modalities=NAMES, space="probability")
    output = fusion(outputs, present).output
    torch.testing.assert_close(output, Mean(modalities=NAMES, space="probability")(outputs, present).output)
    output[:, 0].sum().backward()
    assert fusion.score_M.grad.abs().min() > 0
