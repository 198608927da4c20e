from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from scipy.special import digamma, gammaln
from torch import Tensor
from torch.nn.functional import cross_entropy

from fuselab.errors import ConfigError
from fuselab.fusion.late.evidential import Evidential
from fuselab.types import Lesson, Prediction

NAMES = ("text", "image", "audio")
TARGET = [0, 3, 1, 2, 2, 0]
Opinion = tuple[list[float], float]  # beliefs of the classes, and doubt


def evidential(annealing_epochs: int = 10) -> Evidential:
    return Evidential(modalities=NAMES, space="probability", annealing_epochs=annealing_epochs)


def evidence(output: Tensor) -> list[float]:
    return [math.log(1 + math.exp(x)) for x in output.tolist()]


def opinion(given: list[float]) -> Opinion:
    strength = sum(given) + len(given)
    return [one / strength for one in given], len(given) / strength


def dempster(one: Opinion, other: Opinion) -> Opinion:
    """Combine two opinions by the rule as the paper writes it."""
    (b1, u1), (b2, u2) = one, other
    conflict = sum(b1[i] * b2[j] for i in range(len(b1)) for j in range(len(b2)) if i != j)
    beliefs = [(b1[k] * b2[k] + b1[k] * u2 + b2[k] * u1) / (1 - conflict) for k in range(len(b1))]
    return beliefs, u1 * u2 / (1 - conflict)


def alpha_of(beliefs: list[float], doubt: float) -> list[float]:
    strength = len(beliefs) / doubt
    return [belief * strength + 1 for belief in beliefs]


def combined(outputs: dict[str, Tensor], here: list[str], row: int) -> list[float]:
    together: Opinion = ([0.0] * 4, 1.0)  # who knows nothing
    for name in here:
        together = dempster(together, opinion(evidence(outputs[name][row])))
    return alpha_of(*together)


def test_equals_dempsters_rule_one_modality_after_the_other(
    outputs: dict[str, Tensor], present: dict[str, Tensor]
) -> None:
    decision = evidential()(outputs, present)
    for row in range(6):
        here = [name for name in NAMES if present[name][row]]
        for order in (here, here[::-1]):
            alpha = combined(outputs, order, row)
            expected = [math.log(one / sum(alpha)) for one in alpha]
            torch.testing.assert_close(decision.output[row], torch.tensor(expected))
        beliefs = {name: 1 - opinion(evidence(outputs[name][row]))[1] for name in here}
        shares = [beliefs.get(name, 0.0) / (sum(beliefs.values()) or 1.0) for name in NAMES]
        torch.testing.assert_close(decision.weights[row], torch.tensor(shares))


def loss_by_hand(alpha: list[float], target: int, weight: float) -> float:
    strength = sum(alpha)
    risk = digamma(strength) - digamma(alpha[target])
    wrong = [1.0 if k == target else one for k, one in enumerate(alpha)]
    total = sum(wrong)
    divergence = gammaln(total) - gammaln(len(wrong)) - sum(gammaln(one) for one in wrong)
    divergence += sum((one - 1) * (digamma(one) - digamma(total)) for one in wrong)
    return risk + weight * divergence


def lesson_of(outputs: dict[str, Tensor], present: dict[str, Tensor], epoch: int) -> Lesson:
    alone = torch.stack([outputs[name] for name in NAMES], 1)
    prediction = Prediction(evidential()(outputs, present).output, None, None, alone, {})
    there = torch.stack([present[name] for name in NAMES], 1)
    return Lesson(prediction, there, torch.tensor(TARGET), partial(cross_entropy, reduction="none"), epoch)


@pytest.mark.parametrize(("epoch", "weight"), [(0, 0.0), (3, 0.3), (10, 1.0), (25, 1.0)])
def test_loss_equals_its_equation(outputs, present, epoch, weight) -> None:
    expected = 0.0
    for row in range(6):
        here = [name for name in NAMES if present[name][row]]
        expected += loss_by_hand(combined(outputs, here, row), TARGET[row], weight) / 6
    for name in NAMES:
        rows = [row for row in range(6) if present[name][row]]
        for row in rows:
            alpha = [one + 1 for one in evidence(outputs[name][row])]
            expected += loss_by_hand(alpha, TARGET[row], weight) / len(rows)
    assert evidential().own_loss(lesson_of(outputs, present, epoch)).item() == pytest.approx(expected, rel=1e-9)


def test_first_term_is_the_expected_cross_entropy() -> None:
    """The closed form of the paper is an integral over the simplex: here it is drawn."""
    alpha = torch.tensor([2.0, 5.0, 1.5])
    drawn = torch.distributions.Dirichlet(alpha).sample((200_000,))
    assert loss_by_hand(alpha.tolist(), 0, 0.0) == pytest.approx(-drawn[:, 0].log().mean().item(), rel=0.01)


def test_a_modality_without_evidence_changes_nothing() -> None:
    knows, silent = torch.tensor([[3.0, -1.0, 0.0]]), torch.full((1, 3), -800.0)
    everywhere = dict.fromkeys(NAMES, torch.tensor([True]))
    alone = everywhere | {"image": torch.tensor([False]), "audio": torch.tensor([False])}
    both = {"text": knows, "image": silent, "audio": silent}
    torch.testing.assert_close(evidential()(both, everywhere).output, evidential()(both, alone).output)


def test_refuses_values_and_no_annealing() -> None:
    with pytest.raises(ConfigError, match=r"fusion.space \(value\) must be 'probability'"):
        Evidential(modalities=NAMES, space="value", annealing_epochs=10)
    with pytest.raises(ConfigError, match=r"fusion.annealing_epochs \(0\) must be at least 1"):
        evidential(0)
