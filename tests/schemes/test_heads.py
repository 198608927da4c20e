from __future__ import annotations

import torch

from fuselab.models.fusion_model import DecisionFusionModel
from fuselab.schemes.auxiliary import Auxiliary

from .conftest import NAMES, alone, decision_model, feature_model


def test_each_modality_is_asked_alone(model, batch, attach):
    scheme = attach(Auxiliary(weight=1.0), model)
    outputs = scheme.outputs(model(batch.inputs), detached=False)
    for m, name in enumerate(NAMES):
        for row in range(6):
            if batch.inputs[name].present[row]:
                torch.testing.assert_close(outputs[row, m], alone(scheme, model, batch, name, row))


def test_late_fusion_is_asked_by_its_own_heads(attach):
    assert set(attach(Auxiliary(weight=1.0), feature_model()).heads) == set(NAMES)
    assert not list(attach(Auxiliary(weight=1.0), decision_model()).parameters())


def test_what_is_hidden_from_the_encoders_reaches_the_heads_only(model, batch, attach):
    scheme = attach(Auxiliary(weight=1.0), model)
    outputs = scheme.outputs(model(batch.inputs), detached=True)
    if isinstance(model, DecisionFusionModel):
        assert not outputs.requires_grad
        return
    outputs.square().sum().backward()
    assert all(one.grad is not None and one.grad.any() for one in scheme.parameters())
    assert all(one.grad is None for one in model.parameters())
