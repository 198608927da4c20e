from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from fuselab.errors import ConfigError
from fuselab.fusion.late.mean import Mean

NAMES = ("text", "image", "audio")


def test_probabilities_equal_their_equation(
    outputs: dict[str, Tensor], present: dict[str, Tensor], slow: SimpleNamespace
) -> None:
    decision = Mean(modalities=NAMES, space="probability")(outputs, present)
    for row in range(6):
        here = [name for name in NAMES if present[name][row]]
        each = [slow.softmax(outputs[name][row]) for name in here] or [[1 / 4] * 4]
        expected = [math.log(sum(one[c] for one in each) / len(each)) for c in range(4)]
        torch.testing.assert_close(decision.output[row], torch.tensor(expected))
        shares = [1 / len(here) if name in here else 0.0 for name in NAMES]
        torch.testing.assert_close(decision.weights[row], torch.tensor(shares))


def test_values_equal_their_equation(outputs: dict[str, Tensor], present: dict[str, Tensor]) -> None:
    decision = Mean(modalities=NAMES, space="value")(outputs, present)
    for row in range(6):
        each = [outputs[name][row].tolist() for name in NAMES if present[name][row]] or [[0.0] * 4]
        expected = [sum(one[c] for one in each) / len(each) for c in range(4)]
        torch.testing.assert_close(decision.output[row], torch.tensor(expected))


def test_refuses_an_unknown_space() -> None:
    with pytest.raises(ConfigError, match=r"fusion.space \(logit\) must be 'probability' or 'value'"):
        Mean(modalities=NAMES, space="logit")
