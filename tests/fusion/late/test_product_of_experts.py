from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from fuselab.errors import ConfigError
from fuselab.fusion.late.product_of_experts import ProductOfExperts

NAMES = ("text", "image", "audio")


def test_equals_its_equation(outputs: dict[str, Tensor], present: dict[str, Tensor], slow: SimpleNamespace) -> None:
    decision = ProductOfExperts(modalities=NAMES, space="probability")(outputs, present)
    assert decision.weights is None
    for row in range(6):
        each = [slow.softmax(outputs[name][row]) for name in NAMES if present[name][row]]
        products = [math.prod(one[c] for one in each) for c in range(4)]
        expected = [math.log(one / sum(products)) for one in products]
        torch.testing.assert_close(decision.output[row], torch.tensor(expected))


def test_one_veto_is_enough() -> None:
    yes, never = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 40.0]])
    logits = dict(zip(NAMES, (yes, yes, never), strict=True))
    fusion = ProductOfExperts(modalities=NAMES, space="probability")
    everywhere = dict.fromkeys(NAMES, torch.tensor([True]))
    assert fusion(logits, everywhere).output.argmax() == 1
    assert fusion(logits, everywhere | {"audio": torch.tensor([False])}).output.argmax() == 0


def test_refuses_values() -> None:
    with pytest.raises(ConfigError, match=r"fusion.space \(value\) must be 'probability' .*fusion=late/uncertainty"):
        ProductOfExperts(modalities=NAMES, space="value")
