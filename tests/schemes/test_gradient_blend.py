from __future__ import annotations

import copy
import math

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.schemes.gradient_blend import GradientBlend, blend

from .conftest import NAMES, PRESENT, alone, course_of, feature_model, lesson_of, make_batch

TRAIN = [make_batch(seed) for seed in (1, 2)]
VAL = [make_batch(seed) for seed in (3, 4)]


def weights_by_hand(train, val, train_after, val_after) -> list[float]:
    """Follow algorithm 1 of the paper."""
    raw = []
    for t, v, ta, va in zip(train, val, train_after, val_after, strict=True):
        overfitting = (va - ta) - (v - t)
        generalisation = max(v - va, 0.0)
        raw.append(generalisation / overfitting**2)
    return [one / sum(raw) for one in raw]


def test_weights_equal_their_equation():
    train, val = [2.0, 1.5, 2.2, 2.3], [2.1, 1.7, 2.2, 2.3]
    train_after, val_after = [1.0, 0.5, 2.0, 1.0], [1.4, 1.6, 2.1, 2.6]
    found = blend(torch.tensor([train, val]), torch.tensor([train_after, val_after]))
    expected = weights_by_hand(train, val, train_after, val_after)
    assert expected[3] == 0  # it got worse
    assert found.tolist() == pytest.approx(expected)


def test_weights_stay_numbers_where_nothing_generalises_or_overfits():
    before, worse = torch.tensor([[2.0, 2.0], [2.0, 2.0]]), torch.tensor([[1.0, 1.0], [3.0, 4.0]])
    assert blend(before, worse).tolist() == [0.5, 0.5]
    assert blend(before, before).tolist() == [0.5, 0.5]
    # Both losses fall by the same: no overfitting at all, and the other one is as nothing.
    assert blend(before, torch.tensor([[1.0, 1.0], [1.0, 1.5]])).tolist() == pytest.approx([1.0, 0.0])


def mean_loss(logits_of, names, batches) -> float:
    found = []
    for batch in batches:
        for row in range(6):
            if names is None or batch.inputs[names].present[row]:
                logits = logits_of(batch, row).tolist()
                found.append(math.log(sum(math.exp(x) for x in logits)) - logits[batch.target[row]])
    return sum(found) / len(found)


def trial_by_hand(model, scheme, name, epochs, lr):
    """Train a copy on one loss by plain gradient descent, and return its losses before and behind."""
    model, scheme = copy.deepcopy(model), copy.deepcopy(scheme)

    def logits_of(batch, row):
        return model(batch.inputs).output[row] if name is None else alone(scheme, model, batch, name, row)

    measured = [mean_loss(logits_of, name, TRAIN), mean_loss(logits_of, name, VAL)]
    for _ in range(epochs):
        for batch in TRAIN:
            rows = [row for row in range(6) if name is None or batch.inputs[name].present[row]]
            losses = []
            for row in rows:
                logits = logits_of(batch, row)
                losses.append(logits.exp().sum().log() - logits[batch.target[row]])
            model.zero_grad()
            scheme.zero_grad()
            (sum(losses) / len(losses)).backward()
            with torch.no_grad():
                for one in [*model.parameters(), *scheme.parameters()]:
                    if one.grad is not None:
                        one.sub_(lr * one.grad)
    return [*measured, mean_loss(logits_of, name, TRAIN), mean_loss(logits_of, name, VAL)]


def test_trials_equal_plain_trainings_of_copies(model, attach):
    scheme = attach(GradientBlend(every=2), model)
    columns = zip(*(trial_by_hand(model, scheme, name, 2, 0.1) for name in (None, *NAMES)), strict=True)
    expected = weights_by_hand(*columns)
    before = copy.deepcopy(model.state_dict())
    scheme.before_epoch(course_of(model, 0, TRAIN, VAL, lr=0.1))
    assert scheme.weights.tolist() == pytest.approx(expected, rel=1e-6)
    assert scheme.weights.sum().item() == pytest.approx(1.0)
    # The model itself has not moved, and it is in the mode it was in.
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())
    assert model.training
    assert all(one.grad is None for one in model.parameters())


def test_weights_hold_for_a_super_epoch(attach):
    model = feature_model()
    scheme = attach(GradientBlend(every=3), model)
    seen = []
    for epoch in range(6):
        scheme.before_epoch(course_of(model, epoch, TRAIN, VAL, lr=0.1 + 0.1 * epoch))
        seen.append(scheme.weights.clone())
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[1], seen[2])
    assert not torch.equal(seen[2], seen[3])
    assert torch.equal(seen[3], seen[5])
    assert {name: one.item() for name, one in scheme.report().items()} == pytest.approx(
        dict(zip([f"weight/{name}" for name in ("joint", *NAMES)], seen[5].tolist(), strict=True))
    )


def test_weights_are_in_the_state_and_equal_at_first(model, attach):
    scheme = attach(GradientBlend(every=2), model)
    assert scheme.weights.tolist() == pytest.approx([0.25] * 4)
    scheme.before_epoch(course_of(model, 0, TRAIN, VAL))
    fresh = attach(GradientBlend(every=2), model)
    fresh.load_state_dict(scheme.state_dict())
    assert torch.equal(fresh.weights, scheme.weights)


def test_loss_equals_its_equation(model, batch, attach):
    scheme = attach(GradientBlend(every=2), model)
    scheme.weights.copy_(torch.tensor([0.4, 0.3, 0.2, 0.1]))
    expected = 0.4 * 2.5
    for weight, name in zip((0.3, 0.2, 0.1), NAMES, strict=True):
        rows = [row for row in range(6) if PRESENT[name][row]]
        for row in rows:
            logits = alone(scheme, model, batch, name, row).tolist()
            nats = math.log(sum(math.exp(x) for x in logits)) - logits[batch.target[row]]
            expected += weight * nats / len(rows)
    assert scheme.loss(torch.tensor(2.5), lesson_of(model, batch)).item() == pytest.approx(expected, rel=1e-6)


def test_a_modality_that_nobody_has_gets_no_weight(model, attach):
    lacking = [make_batch(seed, PRESENT | {"audio": [False] * 6}) for seed in (1, 2)]
    scheme = attach(GradientBlend(every=1), model)
    scheme.before_epoch(course_of(model, 0, lacking, lacking))
    assert scheme.weights.isfinite().all()
    assert scheme.weights[1 + NAMES.index("audio")] == 0
    assert scheme.weights.sum().item() == pytest.approx(1.0)


def test_gradients_are_clipped_as_the_training_clips_them(attach):
    model = feature_model()
    scheme = attach(GradientBlend(every=1), model)
    course = course_of(model, 0, TRAIN, VAL)
    moved = []

    class Watch(torch.optim.SGD):
        def step(self, closure=None):
            moved.append(math.sqrt(sum(one.grad.square().sum() for one in self.param_groups[0]["params"])))
            return super().step(closure)

    def watched(clip):
        moved.clear()
        scheme.before_epoch(
            course.__class__(**vars(course) | {"clip": clip, "make_optimizer": lambda found: Watch(found, lr=0.1)})
        )
        return max(moved)

    assert watched(None) > 0.2
    assert watched(0.1) == pytest.approx(0.1, rel=1e-3)


def test_refuses_no_epoch():
    with pytest.raises(ConfigError, match=r"scheme\.every \(0\) must be at least 1"):
        GradientBlend(every=0)
