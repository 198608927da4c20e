from __future__ import annotations

import pytest
import torch
from torch import nn

from fuselab.encoders.text.hf import Hf
from fuselab.evaluation.cost import forward_flops, frozen_flops, frozen_parameters, parameters
from fuselab.fusion.attention.transformer import TransformerFusion
from fuselab.fusion.base import FeatureFusion
from fuselab.fusion.early.concat import Concat
from fuselab.models.fusion_model import FeatureFusionModel
from fuselab.types import Encoder, Features, ModalityInput

from ..encoders import tiny

WIDTH, CLASSES = 8, 3


class Flat(Encoder):
    """One linear layer over values (B, 5, 2): five tokens."""

    def __init__(self) -> None:
        super().__init__(dim=WIDTH)
        self.layer = nn.Linear(2, WIDTH)
        self.modes: list[bool] = []

    def forward(self, modality: ModalityInput) -> Features:
        self.modes.append(self.training)
        mask = torch.ones(modality.values.shape[:2], dtype=torch.bool, device=modality.values.device)
        return Features(self.layer(modality.values), mask, modality.present)


def model_of(fusion: type[FeatureFusion], **options) -> FeatureFusionModel:
    fused = fusion(modalities=["audio"], dims={"audio": WIDTH}, dim=WIDTH, **options)
    return FeatureFusionModel(encoders={"audio": Flat()}, fusion=fused, head=nn.Linear(WIDTH, CLASSES))


def inputs(samples: int = 1) -> dict[str, ModalityInput]:
    return {"audio": ModalityInput(torch.randn(samples, 5, 2), None, torch.ones(samples).bool())}


def test_parameters_are_those_that_are_trained():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 7))
    assert parameters(model) == (3 * 2 + 2) + (2 + 2) + (2 * 7 + 7)
    model[0].requires_grad_(False)
    assert parameters(model) == (2 + 2) + (2 * 7 + 7)


def test_products_count_twice():
    """A multiplication and an addition each: tokens, one linear map of the pooled vector, the head."""
    by_hand = 2 * (5 * 2 * WIDTH + WIDTH * WIDTH + WIDTH * CLASSES)
    assert forward_flops(model_of(Concat), inputs()) == by_hand
    assert forward_flops(model_of(Concat), inputs(4)) == 4 * by_hand


def test_attention_counts_too():
    options = {"layers": 2, "heads": 2, "expansion": 2, "dropout": 0.1}
    found = forward_flops(model_of(TransformerFusion, **options), inputs())
    tokens = 6  # five and CLS

    def layer(read: int) -> int:
        """Every token is a key and a value; those that are read further on are a query."""
        maps = 2 * tokens * WIDTH * WIDTH + 2 * read * WIDTH * WIDTH
        attention = 2 * read * tokens * WIDTH
        feed_forward = 2 * read * WIDTH * 2 * WIDTH
        return maps + attention + feed_forward

    rest = 5 * 2 * WIDTH + 5 * WIDTH * WIDTH + WIDTH * CLASSES
    assert found == 2 * (layer(tokens) + layer(1) + rest)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training):
    model = model_of(Concat).train(training)
    forward_flops(model, inputs())
    assert model.training is training
    assert model.encoders["audio"].modes == [False]
    assert all(one.grad is None for one in model.parameters())


def test_weights_and_data_may_lie_on_different_devices():
    model = model_of(Concat)
    assert forward_flops(model.to("meta"), inputs()) == forward_flops(model_of(Concat), inputs())


def text_model(**changes) -> FeatureFusionModel:
    parts = {"part": None, "pooling": "mean", "trained": 0, "rate": 1.0, "layer_decay": 1.0, "dim": WIDTH}
    encoder = Hf(**(parts | tiny.chosen("text/hf") | changes))
    fused = Concat(modalities=["text"], dims={"text": WIDTH}, dim=WIDTH)
    return FeatureFusionModel(encoders={"text": encoder}, fusion=fused, head=nn.Linear(WIDTH, CLASSES))


def test_what_is_used_and_not_trained_counts_by_itself():
    assert frozen_parameters(model_of(Concat)) == 0
    everything = text_model(trained="all")
    whole = parameters(everything)
    assert frozen_parameters(everything) == 0
    for trained in (0, 1):
        model = text_model(trained=trained)
        assert frozen_parameters(model) + parameters(model) == whole
        assert frozen_parameters(model) > 0
    assert parameters(text_model()) == (16 * WIDTH + WIDTH) + (WIDTH * WIDTH + WIDTH) + (WIDTH * CLASSES + CLASSES)


def test_a_frozen_model_costs_what_it_would_cost_trained():
    given = {"text": ModalityInput(torch.ones(1, 7).long(), torch.ones(1, 7).bool(), torch.ones(1).bool())}
    trained, frozen = text_model(trained="all"), text_model()
    assert frozen_flops(trained, given) == 0
    prepared = frozen.prepare(given)
    found = frozen_flops(frozen, given) + forward_flops(frozen, prepared)
    # Pooled before the map that is trained, or after it.
    assert found == forward_flops(trained, trained.prepare(given))
    short = {"text": given["text"]._replace(mask=torch.zeros(1, 7).bool(), present=torch.zeros(1).bool())}
    assert frozen_flops(frozen, short) == frozen_flops(frozen, given)
    assert frozen_flops(model_of(Concat), inputs()) == 0
