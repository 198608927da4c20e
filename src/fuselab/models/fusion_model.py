"""Encoders, fusion and head as one plain ``nn.Module``.

Shapes: B samples, D features, C outputs, M modalities.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import nn

from fuselab.fusion.base import Decision, FeatureFusion, Fusion, InformedDecisionFusion, LateFusion
from fuselab.types import Encoder, Features, ModalityInput, Prediction, pooled

Inputs = Mapping[str, ModalityInput]


class FusionModel(nn.Module, ABC):
    """Inputs of all modalities → one prediction.

    Args:
        encoders: one for each modality of the fusion
        fusion: says which modalities are used, in which order
    """

    def __init__(self, *, encoders: Mapping[str, Encoder], fusion: Fusion) -> None:
        super().__init__()
        self.modalities = fusion.modalities
        self.encoders = nn.ModuleDict({name: encoders[name] for name in self.modalities})
        self.fusion = fusion

    def prepare(self, inputs: Inputs) -> dict[str, ModalityInput]:
        """Clean the inputs that are given and do what needs no parameters; what the fusion does not use falls away."""
        given = [name for name in self.modalities if name in inputs]
        return {name: self._encoder(name).prepare(inputs[name].cleaned()) for name in given}

    def encode(self, prepared: Inputs) -> dict[str, Features]:
        """Encode prepared inputs."""
        return {name: self._encoder(name)(prepared[name].cleaned()) for name in self.modalities}

    @abstractmethod
    def forward(self, prepared: Inputs) -> Prediction:
        """Predict from prepared inputs."""

    def predict(self, inputs: Inputs) -> Prediction:
        """Predict from inputs as the data gives them."""
        prediction: Prediction = self(self.prepare(inputs))
        return prediction

    def by_modality(self) -> dict[str, Encoder]:
        """Return each modality's encoder."""
        return {name: self._encoder(name) for name in self.modalities}

    def _encoder(self, name: str) -> Encoder:
        encoder: Encoder = self.encoders[name]  # type: ignore[assignment]
        return encoder


class FeatureFusionModel(FusionModel):
    """Fuse features, then predict once (early and attention fusion).

    Args:
        encoders: one for each modality of the fusion
        fusion: features → one representation
        head: representation → output
    """

    def __init__(self, *, encoders: Mapping[str, Encoder], fusion: FeatureFusion, head: nn.Module) -> None:
        super().__init__(encoders=encoders, fusion=fusion)
        self.head = head

    def forward(self, prepared: Inputs) -> Prediction:
        """Predict from prepared inputs."""
        features = self.encode(prepared)
        fused = self.fusion(features)
        return Prediction(self.head(fused.embedding), fused.embedding, fused.weights, None, features)


class DecisionFusionModel(FusionModel):
    """Predict from each modality, then combine the predictions (late fusion).

    Args:
        encoders: one for each modality of the fusion
        fusion: predictions → one prediction
        heads: one for each modality: its pooled features → output
    """

    def __init__(self, *, encoders: Mapping[str, Encoder], fusion: LateFusion, heads: Mapping[str, nn.Module]) -> None:
        super().__init__(encoders=encoders, fusion=fusion)
        self.heads = nn.ModuleDict({name: heads[name] for name in self.modalities})

    def forward(self, prepared: Inputs) -> Prediction:
        """Predict from prepared inputs."""
        features = self.encode(prepared)
        vectors = dict(zip(features, pooled(list(features.values())), strict=True))
        outputs = {name: self.heads[name](one) for name, one in vectors.items()}
        present = {name: one.present for name, one in features.items()}
        informed = isinstance(self.fusion, InformedDecisionFusion)
        decision: Decision = self.fusion(outputs, present, vectors) if informed else self.fusion(outputs, present)
        per_modality_BMC = torch.stack([outputs[name] for name in self.modalities], dim=1)
        return Prediction(decision.output, None, decision.weights, per_modality_BMC, features)
