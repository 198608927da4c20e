from __future__ import annotations

import math

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.schemes.pmr import Pmr, log_probabilities

from .conftest import CLASSES, NAMES, PRESENT, course_of, lesson_of, make_batch

TRAIN = [make_batch(seed) for seed in (1, 2, 3)]


def pmr(**changes) -> Pmr:
    chosen = {"alpha": 0.8, "mu": 0.3, "entropy_epochs": 2, "classes": CLASSES, "space": "probability"}
    return Pmr(**chosen | changes)


def feature(model, batch, name, row) -> list[float]:
    layer = model.encoders[name].layer
    tokens = [layer.weight @ token + layer.bias for token in batch.inputs[name].values[row]]
    return (sum(tokens) / len(tokens)).tolist()


def prototypes_by_hand(model, name) -> dict[int, list[float]]:
    found: dict[int, list[list[float]]] = {}
    for batch in TRAIN:
        for row in range(6):
            if batch.inputs[name].present[row]:
                found.setdefault(int(batch.target[row]), []).append(feature(model, batch, name, row))
    return {k: [sum(column) / len(rows) for column in zip(*rows, strict=True)] for k, rows in found.items()}


def shares_by_hand(vector, prototypes) -> dict[int, float]:
    powers = {k: math.exp(-math.dist(vector, one)) for k, one in prototypes.items()}
    return {k: one / sum(powers.values()) for k, one in powers.items()}


def test_prototypes_equal_the_means_of_their_classes(model, attach):
    scheme = attach(pmr(), model)
    scheme.before_epoch(course_of(model, 0, TRAIN, []))
    assert model.training
    for name in NAMES:
        expected = prototypes_by_hand(model, name)
        prototypes, seen = (scheme.get_buffer(f"{one}_{name}") for one in ("prototypes", "seen"))
        assert {k for k in range(CLASSES) if seen[k]} == set(expected)
        for k, one in expected.items():
            torch.testing.assert_close(prototypes[k], torch.tensor(one))


@pytest.mark.parametrize("epoch", [1, 2], ids=["with-entropy", "without"])
def test_loss_equals_its_equation(model, batch, attach, epoch):
    scheme = attach(pmr(), model)
    scheme.before_epoch(course_of(model, epoch, TRAIN, []))
    truth, entropy = {}, {}
    for name in NAMES:
        prototypes = prototypes_by_hand(model, name)
        rows = [row for row in range(6) if PRESENT[name][row] and int(batch.target[row]) in prototypes]
        shares = [shares_by_hand(feature(model, batch, name, row), prototypes) for row in rows]
        truth[name] = [one[int(batch.target[row])] for row, one in zip(rows, shares, strict=True)]
        entropy[name] = [-sum(p * math.log(p) for p in one.values()) for one in shares]
    score = {name: sum(one) / len(one) for name, one in truth.items()}
    expected, slow, fast = 2.5, 0, 0
    for name in NAMES:
        ratio = score[name] / (sum(score[other] for other in NAMES if other != name) / 2)
        draw, hold = min(max(1 / ratio - 1, 0), 1), min(max(ratio - 1, 0), 1)
        expected -= 0.8 * draw * sum(math.log(p) for p in truth[name]) / len(truth[name])
        if epoch < 2:
            expected -= 0.3 * hold * sum(entropy[name]) / len(entropy[name])
        slow, fast = slow + (draw > 0), fast + (hold > 0)
    assert slow
    assert fast
    assert scheme.loss(torch.tensor(2.5), lesson_of(model, batch, epoch)).item() == pytest.approx(expected, rel=1e-9)


def test_only_slow_encoders_are_drawn(model, batch, attach):
    scheme = attach(pmr(mu=0.0), model)
    scheme.before_epoch(course_of(model, 0, TRAIN, []))
    scheme.loss(torch.tensor(0.0), lesson_of(model, batch)).backward()
    drawn = [name for name in NAMES if model.encoders[name].layer.weight.grad.any()]
    assert 0 < len(drawn) < len(NAMES)
    assert all(one.grad is None for name, one in model.named_parameters() if not name.startswith("encoders"))


def test_prototypes_are_in_the_state(model, attach):
    scheme = attach(pmr(), model)
    scheme.before_epoch(course_of(model, 0, TRAIN, []))
    fresh = attach(pmr(), model)
    fresh.load_state_dict(scheme.state_dict())
    for name, one in scheme.named_buffers():
        assert torch.equal(fresh.get_buffer(name), one)
    assert not list(scheme.parameters())


def test_who_or_what_was_never_seen_counts_nowhere(model, attach):
    scheme = attach(pmr(), model)
    lesson = lesson_of(model, make_batch(present=PRESENT | {"audio": [False] * 6}))
    loss = scheme.loss(torch.tensor(0.0), lesson)  # no prototype yet
    assert loss.item() == 0
    scheme.before_epoch(course_of(model, 0, [make_batch(1, PRESENT | {"audio": [False] * 6})], []))
    loss = scheme.loss(torch.tensor(0.0), lesson)
    loss.backward()
    assert loss.isfinite()
    assert all(one.grad.isfinite().all() for one in model.encoders.parameters())


def test_a_feature_that_is_its_own_prototype_has_a_gradient():
    feature = torch.tensor([[1.0, 2.0]], requires_grad=True)
    prototypes = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    log_probabilities(feature, prototypes, torch.tensor([True, True]))[0, 1].backward()
    assert feature.grad.isfinite().all()


def test_refuses_values():
    with pytest.raises(ConfigError, match=r"scheme\.space \(value\) must be 'probability'"):
        pmr(space="value")
