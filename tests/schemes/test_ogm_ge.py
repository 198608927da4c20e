from __future__ import annotations

import math
from functools import partial

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.schemes.ogm_ge import OgmGe

from .conftest import NAMES, PRESENT, alone, decision_model, feature_model, lesson_of, make_batch

make = partial(OgmGe, alpha=0.5, space="probability")


def probability_of_the_truth(scheme, model, batch, name, row) -> float:
    logits = alone(scheme, model, batch, name, row).tolist()
    return math.exp(logits[batch.target[row]]) / sum(math.exp(x) for x in logits)


def coefficients_by_hand(scheme, model, batches, alpha: float) -> dict[str, float]:
    """Follow the paper's equations, with the mean of the others for its other modality."""
    scores = {}
    for name in NAMES:
        found = [
            probability_of_the_truth(scheme, model, batch, name, row)
            for batch in batches
            for row in range(6)
            if batch.inputs[name].present[row]
        ]
        scores[name] = sum(found) / len(found)
    coefficients = {}
    for name in NAMES:
        others = [scores[other] for other in NAMES if other != name]
        ratio = scores[name] / (sum(others) / len(others))
        coefficients[name] = 1 - math.tanh(alpha * ratio) if ratio > 1 else 1.0
    return coefficients


def gradients(model) -> dict[str, torch.Tensor]:
    return {name: one.grad.clone() for name, one in model.named_parameters()}


def step(scheme, model, *batches) -> dict[str, torch.Tensor]:
    """Go one step, and return the gradients that the model had before the scheme changed them."""
    for batch in batches:
        lesson = lesson_of(model, batch)
        scheme.loss(lesson.prediction.output.square().mean(), lesson).backward()
    before = gradients(model)
    scheme.change_gradients(model)
    return before


@pytest.mark.parametrize("batches", [1, 2], ids=["one-batch", "gradients-of-two-batches"])
def test_gradients_of_encoders_equal_their_equation(model, attach, batches):
    scheme = attach(make(noise=False), model)
    for first in (1, 7):  # nothing is left over from the step before
        seen = [make_batch(seed) for seed in range(first, first + batches)]
        expected = coefficients_by_hand(scheme, model, seen, 0.5)
        assert len({round(one, 6) for one in expected.values()}) > 1
        before = step(scheme, model, *seen)
        for name, found in gradients(model).items():
            part, modality, *_ = name.split(".")
            factor = expected[modality] if part == "encoders" else 1.0
            torch.testing.assert_close(found, before[name] * factor)
        assert {name: one.item() for name, one in scheme.report().items()} == pytest.approx(
            {f"coefficient/{name}": one for name, one in expected.items()}
        )
        model.zero_grad()


def test_with_two_modalities_it_is_the_ratio_of_the_paper():
    scheme = make(noise=False)
    found = scheme.coefficients(torch.tensor([0.6, 0.2]), torch.tensor([True, True]))
    assert found.tolist() == pytest.approx([1 - math.tanh(0.5 * 0.6 / 0.2), 1.0])


def test_noise_has_the_deviation_of_the_gradient():
    scheme, gradient = make(noise=True), torch.randn(4000) * 3 + 1
    noisy = gradient.clone()
    scheme._modulate(noisy, torch.tensor(0.25))
    noise = noisy - 0.25 * gradient
    assert noise.mean().item() == pytest.approx(0.0, abs=0.2)
    assert noise.std().item() == pytest.approx(gradient.std().item(), rel=0.05)
    # A tensor of one number has no spread, and so no noise.
    single = torch.tensor([2.0])
    scheme._modulate(single, torch.tensor(0.25))
    assert single.tolist() == [0.5]


def test_noise_is_drawn_for_encoders_only_and_from_the_global_stream(model, batch, attach):
    scheme = attach(make(noise=True), model)
    before = step(scheme, model, batch)
    changed = {name for name, one in gradients(model).items() if not torch.equal(one, before[name])}
    assert {name.split(".")[0] for name in changed} == {"encoders"}
    assert len(changed) == 2 * len(NAMES)

    def again(seed: int) -> list[torch.Tensor]:
        model.zero_grad()
        torch.manual_seed(seed)
        step(scheme, model, batch)
        return list(gradients(model).values())

    one, same, other = again(5), again(5), again(6)
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_scoring_teaches_the_model_nothing(batch, attach):
    """The heads that score learn beside the model; its gradients are those of its own loss."""
    model = feature_model()
    scheme = attach(make(noise=False), model)
    lesson_of(model, batch).prediction.output.square().mean().backward()
    expected = gradients(model)
    model.zero_grad()
    lesson = lesson_of(model, batch)
    scheme.loss(lesson.prediction.output.square().mean(), lesson).backward()
    found = gradients(model)
    assert all(torch.equal(one, found[name]) for name, one in expected.items())
    assert all(one.grad.any() for one in scheme.parameters())
    late = decision_model()
    lesson = lesson_of(late, batch)
    joint = lesson.prediction.output.sum()
    assert attach(make(noise=True), late).loss(joint, lesson) is joint


def test_who_is_in_no_sample_keeps_its_gradient_and_compares_with_nobody(model, attach):
    batch = make_batch(present=PRESENT | {"audio": [False] * 6, "text": [False] * 6})
    scheme = attach(make(noise=False), model)
    before = step(scheme, model, batch)
    assert all(torch.equal(one, before[name]) for name, one in gradients(model).items())
    assert all(one.isfinite().all() for one in scheme.report().values())


def test_refuses_values_and_no_alpha():
    with pytest.raises(ConfigError, match=r"scheme\.space \(value\) must be 'probability'"):
        OgmGe(alpha=0.5, noise=True, space="value")
    with pytest.raises(ConfigError, match=r"scheme\.alpha \(0\) must be positive"):
        OgmGe(alpha=0, noise=True, space="probability")
