from __future__ import annotations

import pytest
import torch
from torch import nn

from fuselab.fusion.early.concat import Concat
from fuselab.fusion.late.mean import Mean
from fuselab.fusion.late.mixture_of_experts import MixtureOfExperts
from fuselab.models.fusion_model import DecisionFusionModel, FeatureFusionModel
from fuselab.types import Encoder, Features, ModalityInput

WIDTH, CLASSES = 4, 3


class Doubled(Encoder):
    """Two tokens a sample; says what it was given."""

    def __init__(self) -> None:
        super().__init__(dim=WIDTH)
        self.layer = nn.Linear(2, WIDTH)
        self.seen: list[ModalityInput] = []

    def prepare(self, modality: ModalityInput) -> ModalityInput:
        self.seen.append(modality)
        return modality._replace(values=torch.where(modality.present[:, None, None], modality.values * 2, torch.nan))

    def forward(self, modality: ModalityInput) -> Features:
        self.seen.append(modality)
        return Features(self.layer(modality.values), torch.tensor([[True, False]] * len(modality.present)), modality[2])


@pytest.fixture
def inputs() -> dict[str, ModalityInput]:
    present = {"audio": [True, True, False], "image": [True, False, False]}
    return {
        name: ModalityInput(torch.where(torch.tensor(one)[:, None, None], torch.randn(3, 2, 2), torch.nan), None, there)
        for name, one in present.items()
        for there in [torch.tensor(one)]
    }


def encoders() -> dict[str, Encoder]:
    return {name: Doubled() for name in ("audio", "image", "unused")}


def feature_model() -> FeatureFusionModel:
    fusion = Concat(modalities=["image", "audio"], dims={"image": WIDTH, "audio": WIDTH}, dim=WIDTH)
    return FeatureFusionModel(encoders=encoders(), fusion=fusion, head=nn.Linear(WIDTH, CLASSES))


def decision_model() -> DecisionFusionModel:
    heads = {name: nn.Linear(WIDTH, CLASSES) for name in ("audio", "image", "unused")}
    fusion = Mean(modalities=["image", "audio"], space="probability")
    return DecisionFusionModel(encoders=encoders(), fusion=fusion, heads=heads)


def by_hand(model: FeatureFusionModel | DecisionFusionModel, name: str, one: ModalityInput) -> torch.Tensor:
    """Return the first of both tokens, which alone is real; zeros where the modality is missing."""
    tokens = torch.zeros(3, WIDTH)
    for row in range(3):
        if one.present[row]:
            tokens[row] = model.encoders[name].layer(2 * one.values[row, 0])
    return tokens


def test_features_are_fused_then_read(inputs):
    model = feature_model()
    prediction = model.predict(inputs)
    features = {
        name: Features(by_hand(model, name, one)[:, None], torch.ones(3, 1).bool(), one.present)
        for name, one in inputs.items()
    }
    fused = model.fusion(features)
    torch.testing.assert_close(prediction.embedding, fused.embedding)
    torch.testing.assert_close(prediction.output, model.head(fused.embedding))
    assert prediction.per_modality is None


def test_each_modality_is_read_by_its_own_head_then_combined(inputs):
    model = decision_model()
    prediction = model.predict(inputs)
    outputs = {name: model.heads[name](by_hand(model, name, inputs[name])) for name in ("image", "audio")}
    torch.testing.assert_close(prediction.per_modality, torch.stack([outputs["image"], outputs["audio"]], 1))
    decision = model.fusion(outputs, {name: one.present for name, one in inputs.items()})
    torch.testing.assert_close(prediction.output, decision.output)
    torch.testing.assert_close(prediction.weights, decision.weights)
    assert prediction.embedding is None


def test_late_fusion_that_looks_at_features_gets_the_pooled_ones(inputs):
    dims = {"image": WIDTH, "audio": WIDTH}
    fusion = MixtureOfExperts(modalities=["image", "audio"], dims=dims, space="probability")
    heads = {name: nn.Linear(WIDTH, CLASSES) for name in dims}
    model = DecisionFusionModel(encoders=encoders(), fusion=fusion, heads=heads)
    pooled = {name: by_hand(model, name, inputs[name]) for name in dims}
    outputs = {name: model.heads[name](one) for name, one in pooled.items()}
    decision = fusion(outputs, {name: one.present for name, one in inputs.items()}, pooled)
    prediction = model.predict(inputs)
    torch.testing.assert_close(prediction.output, decision.output)
    torch.testing.assert_close(prediction.weights, decision.weights)


@pytest.mark.parametrize("make", [feature_model, decision_model])
def test_the_features_of_each_modality_are_told(make, inputs):
    model = make()
    features = model.predict(inputs).features
    assert set(features) == {"image", "audio"}
    for name, one in features.items():
        torch.testing.assert_close(one.pooled(), by_hand(model, name, inputs[name]))
        assert torch.equal(one.present, inputs[name].present)


@pytest.mark.parametrize("make", [feature_model, decision_model])
def test_encoders_see_zeros_where_nothing_is(make, inputs):
    model = make()
    model.predict(inputs)
    for name in ("image", "audio"):
        given, prepared = model.encoders[name].seen
        for one in (given, prepared):
            assert not one.values[~one.present].any()
        torch.testing.assert_close(prepared.values, 2 * given.values)


@pytest.mark.parametrize("make", [feature_model, decision_model])
def test_predict_is_prepare_and_forward(make, inputs):
    model = make()
    prepared = model.prepare(inputs)
    assert list(prepared) == ["image", "audio"]
    assert torch.equal(model.predict(inputs).output, model(prepared).output)


@pytest.mark.parametrize("make", [feature_model, decision_model])
def test_what_the_fusion_does_not_use_is_no_part_of_the_model(make, inputs):
    model = make()
    assert not [name for name, _ in model.named_parameters() if "unused" in name]
    model.predict(inputs | {"unused": inputs["image"]})
