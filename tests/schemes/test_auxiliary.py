from __future__ import annotations

import math

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.schemes.auxiliary import Auxiliary

from .conftest import NAMES, PRESENT, alone, lesson_of, make_batch


def test_loss_equals_its_equation(model, batch, attach):
    scheme = attach(Auxiliary(weight=0.7), model)
    lesson = lesson_of(model, batch)
    expected = 2.5
    for name in NAMES:
        rows = [row for row in range(6) if PRESENT[name][row]]
        for row in rows:
            logits = alone(scheme, model, batch, name, row).tolist()
            true = math.exp(logits[batch.target[row]]) / sum(math.exp(x) for x in logits)
            expected -= 0.7 * math.log(true) / len(rows)
    assert scheme.loss(torch.tensor(2.5), lesson).item() == pytest.approx(expected, rel=1e-9)


def test_who_is_in_no_sample_has_no_loss_and_no_gradient(model, attach):
    batch = make_batch(present=PRESENT | {"audio": [False] * 6})
    scheme = attach(Auxiliary(weight=1.0), model)
    loss = scheme.loss(torch.tensor(0.0), lesson_of(model, batch))
    loss.backward()
    assert loss.isfinite()
    encoders = {name: model.encoders[name].layer.weight.grad for name in NAMES}
    assert not encoders["audio"].any()
    assert encoders["image"].any()
    assert encoders["text"].any()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in scheme.parameters())


def test_refuses_a_weight_of_nothing():
    with pytest.raises(ConfigError, match=r"scheme\.weight \(0\) must be positive; choose scheme=none"):
        Auxiliary(weight=0)
