from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from fuselab.errors import ConfigError
from fuselab.fusion.late.vote import Vote

NAMES = ("text", "image", "audio")


def test_equals_its_equation(outputs: dict[str, Tensor], present: dict[str, Tensor], slow: SimpleNamespace) -> None:
    decision = Vote(modalities=NAMES, space="probability")(outputs, present)
    for row in range(6):
        here = [name for name in NAMES if present[name][row]]
        each = [slow.softmax(outputs[name][row]) for name in here]
        votes = [max(range(4), key=lambda c, one=one: one[c]) for one in each]
        mean = [sum(one[c] for one in each) / len(each) if here else 1 / 4 for c in range(4)]
        expected = [math.log((votes.count(c) + mean[c]) / (len(here) + 1)) for c in range(4)]
        torch.testing.assert_close(decision.output[row], torch.tensor(expected))
        shares = [1 / len(here) if name in here else 0.0 for name in NAMES]
        torch.testing.assert_close(decision.weights[row], torch.tensor(shares))


def test_gradient_is_straight_through(outputs: dict[str, Tensor], present: dict[str, Tensor]) -> None:
    """Compare with the estimator as it is usually written: hard votes plus probabilities minus themselves."""
    rows = present["image"] | present["audio"] | present["text"]
    leaves = {name: one[rows].clone().requires_grad_() for name, one in outputs.items()}
    here = {name: one[rows] for name, one in present.items()}
    probe = torch.randn(int(rows.sum()), 4)

    counts = means = 0
    for name in NAMES:
        probability = leaves[name].softmax(-1) * here[name][:, None]
        hard = one_hot(leaves[name].argmax(-1), 4) * here[name][:, None]
        counts = counts + hard + probability - probability.detach()
        means = means + probability
    voters = sum(one.long() for one in here.values())[:, None]
    expected = ((counts + means / voters) / (voters + 1)).log()
    usual = torch.autograd.grad((expected * probe).sum(), [leaves[name] for name in NAMES])

    output = Vote(modalities=NAMES, space="probability")(leaves, here).output
    ours = torch.autograd.grad((output * probe).sum(), [leaves[name] for name in NAMES])
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(ours, usual)


def test_majority_beats_confidence_and_probability_breaks_ties() -> None:
    sure, unsure = torch.tensor([[0.0, 50.0, 0.0]]), torch.tensor([[0.1, 0.0, 0.0]])
    everywhere = dict.fromkeys(NAMES, torch.tensor([True]))
    vote = Vote(modalities=NAMES, space="probability")
    assert vote(dict(zip(NAMES, (unsure, unsure, sure), strict=True)), everywhere).output.argmax() == 0
    tie = everywhere | {"text": torch.tensor([False])}
    assert vote(dict(zip(NAMES, (unsure, unsure, sure), strict=True)), tie).output.argmax() == 1


def test_vanishing_probabilities_stay_finite() -> None:
    logits = torch.tensor([[400.0, 0.0]], dtype=torch.float32, requires_grad=True)
    output = Vote(modalities=["text"], space="probability")({"text": logits}, {"text": torch.tensor([True])}).output
    torch.testing.assert_close(output[0, 1].double(), torch.tensor(-400.0 - math.log(2)))
    output[0, 1].backward()
    torch.testing.assert_close(logits.grad.double(), torch.tensor([[-2.0, 2.0]]))


def test_refuses_values() -> None:
    with pytest.raises(ConfigError, match=r"fusion.space \(value\) must be 'probability' for a vote"):
        Vote(modalities=NAMES, space="value")
