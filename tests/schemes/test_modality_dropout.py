from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.schemes.modality_dropout import ModalityDropout
from fuselab.types import ModalityInput

from .conftest import NAMES, PRESENT, feature_model, lesson_of, make_batch

MANY = 60_000


def many(patterns: dict[str, bool]) -> dict[str, ModalityInput]:
    return {
        name: ModalityInput(torch.zeros(MANY, 1, 2), None, torch.full((MANY,), there))
        for name, there in patterns.items()
    }


def test_equals_its_equation(batch, attach):
    """With the same draws, modality by modality and sample by sample."""
    scheme = attach(ModalityDropout(probability=0.6), feature_model())
    for seed in range(20):
        torch.manual_seed(seed)
        kept = scheme.change_inputs(batch.inputs)
        torch.manual_seed(seed)
        draws = torch.rand(6, 3).tolist()
        for row in range(6):
            here = [m for m, name in enumerate(NAMES) if PRESENT[name][row]]
            for m, name in enumerate(NAMES):
                highest = bool(here) and draws[row][m] == max(draws[row][k] for k in here)
                expected = m in here and (draws[row][m] >= 0.6 or highest)
                assert bool(kept[name].present[row]) == expected


@pytest.mark.parametrize("probability", [0.0, 0.3, 0.8, 1.0])
def test_rates_are_those_of_independent_losses_that_leave_one(probability, attach):
    scheme = attach(ModalityDropout(probability=probability), feature_model())
    here = {"image": True, "audio": True, "text": True}
    kept = scheme.change_inputs(many(here))
    there = torch.stack([kept[name].present for name in NAMES], 1)
    assert there.any(1).all()
    found = Counter(map(tuple, there.long().tolist()))
    for pattern in ((a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)):
        lost = 3 - sum(pattern)
        expected = (1 - probability) ** (3 - lost) * probability**lost
        if lost == 3:
            expected = 0.0
        elif lost == 2:
            expected += probability**3 / 3  # all would be lost, and it is the one that stays
        assert found[pattern] / MANY == pytest.approx(expected, abs=0.01), pattern


def test_who_was_missing_stays_missing_and_the_only_one_stays(attach):
    scheme = attach(ModalityDropout(probability=1.0), feature_model())
    kept = scheme.change_inputs(many({"image": False, "audio": True, "text": False}))
    assert kept["audio"].present.all()
    assert not kept["image"].present.any()
    assert not kept["text"].present.any()
    nobody = scheme.change_inputs(many(dict.fromkeys(NAMES, False)))
    assert not any(one.present.any() for one in nobody.values())


def test_what_is_dropped_is_missing_and_can_be_garbage(model, attach):
    """A dropped modality is absent, not zeros that pass for data."""
    scheme = attach(ModalityDropout(probability=0.5), model)
    batch = make_batch(present=dict.fromkeys(PRESENT, [True] * 6))
    torch.manual_seed(3)
    inputs = scheme.change_inputs(batch.inputs)
    assert all(torch.equal(inputs[name].values, one.values) for name, one in batch.inputs.items())
    spoilt = {
        name: one._replace(values=torch.where(one.present[:, None, None], one.values, torch.nan))
        for name, one in inputs.items()
    }
    assert any(not one.present.all() for one in inputs.values())
    assert torch.equal(model(inputs).output, model(spoilt).output)
    assert not torch.equal(model(inputs).output, model(batch.inputs).output)
    present = lesson_of(model, replace(batch, inputs=spoilt)).present
    assert torch.equal(present, torch.stack([inputs[name].present for name in NAMES], 1))


@pytest.mark.parametrize("probability", [-0.1, 1.5])
def test_refuses_what_is_no_probability(probability):
    with pytest.raises(ConfigError, match=rf"scheme\.probability \({probability}\) must be between 0 and 1"):
        ModalityDropout(probability=probability)
