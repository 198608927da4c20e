from __future__ import annotations

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.late.stacking import Stacking
from fuselab.models.fusion_model import DecisionFusionModel
from fuselab.schemes.auxiliary import Auxiliary
from fuselab.schemes.base import Scheme, against_the_others
from fuselab.schemes.gradient_blend import GradientBlend
from fuselab.schemes.modality_dropout import ModalityDropout
from fuselab.schemes.ogm_ge import OgmGe
from fuselab.schemes.pmr import Pmr

from .conftest import CLASSES, DIMS, NAMES, Tokens, course_of, feature_model, lesson_of, make_head

SCHEMES = {
    "modality_dropout": lambda: ModalityDropout(probability=0.3),
    "auxiliary": lambda: Auxiliary(weight=1.0),
    "ogm_ge": lambda: OgmGe(alpha=0.5, noise=True, space="probability"),
    "gradient_blend": lambda: GradientBlend(every=1),
    "pmr": lambda: Pmr(alpha=1.0, mu=0.1, entropy_epochs=1, classes=CLASSES, space="probability"),
}


def stacked() -> DecisionFusionModel:
    return DecisionFusionModel(
        encoders={name: Tokens(DIMS[name]) for name in NAMES},
        fusion=Stacking(modalities=NAMES, outputs=CLASSES, space="probability"),
        heads={name: make_head(name) for name in NAMES},
    )


def test_none_changes_nothing(model, batch, attach):
    scheme = attach(Scheme(), model)
    assert scheme.change_inputs(batch.inputs) is batch.inputs
    lesson = lesson_of(model, batch)
    joint = lesson.prediction.output.sum()
    assert scheme.loss(joint, lesson) is joint
    joint.backward()
    before = {name: one.grad.clone() for name, one in model.named_parameters()}
    state = torch.get_rng_state()
    scheme.change_gradients(model)
    scheme.before_epoch(course_of(model, 0, [batch], [batch]))
    assert all(torch.equal(one.grad, before[name]) for name, one in model.named_parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert not list(scheme.parameters())
    assert not scheme.state_dict()
    scheme.check(feature_model(("image",)), strategy="fsdp")


@pytest.mark.parametrize("name", SCHEMES)
def test_a_unimodal_model_is_refused(name):
    scheme = SCHEMES[name]()
    with pytest.raises(ConfigError, match=r"fusion\.modalities \(image\) must be two or more .*scheme=none"):
        scheme.check(feature_model(("image",)), strategy="auto")


@pytest.mark.parametrize("name", SCHEMES)
def test_a_fusion_with_losses_of_its_own_is_refused_where_they_would_be_doubled(name):
    scheme = SCHEMES[name]()
    if name in ("modality_dropout", "pmr"):
        scheme.check(stacked(), strategy="auto")
        return
    with pytest.raises(ConfigError, match=r"fusion \(Stacking\) must not have losses of its own .*another fusion"):
        scheme.check(stacked(), strategy="auto")


@pytest.mark.parametrize("name", SCHEMES)
def test_a_model_in_shares_is_refused_where_whole_gradients_are_needed(name):
    scheme, model = SCHEMES[name](), feature_model()
    if name not in ("ogm_ge", "gradient_blend"):
        scheme.check(model, strategy="fsdp")
        return
    with pytest.raises(ConfigError, match=r"trainer\.strategy \(fsdp\) must leave the model whole .*trainer=ddp"):
        scheme.check(model, strategy="fsdp")


@pytest.mark.parametrize("count", range(2, 7))
def test_a_score_is_compared_with_the_mean_of_the_others(count):
    scores = torch.rand(count) + 0.1
    ratios = against_the_others(scores, torch.ones(count, dtype=torch.bool)).tolist()
    for m in range(count):
        others = [scores[k].item() for k in range(count) if k != m]
        assert ratios[m] == pytest.approx(scores[m].item() / (sum(others) / len(others)))


def test_who_was_not_seen_is_not_compared():
    scores = torch.tensor([0.6, 0.2, 0.9, 0.0])
    ratios = against_the_others(scores, torch.tensor([True, True, False, True]))
    assert ratios.tolist() == pytest.approx([0.6 / 0.1, 0.2 / 0.3, 1.0, 0.0])
    assert against_the_others(scores, torch.tensor([True, False, False, False])).tolist() == [1.0] * 4
    nobody = against_the_others(torch.tensor([0.5, 0.0]), torch.tensor([True, True]))
    assert nobody.isfinite().all()
