"""What each modality says alone, whatever fuses them.

Shapes: B samples, C outputs, D features, M modalities.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from fuselab.models.fusion_model import DecisionFusionModel, FusionModel
from fuselab.schemes.base import MakeHead, Scheme
from fuselab.types import Prediction


class UnimodalScheme(Scheme):
    """A scheme that asks every modality alone.

    Late fusion has a head for each modality already. For any other fusion each modality gets one of the same kind here,
    on its encoder's pooled features; it serves the training only, and is no part of the model whose cost is counted.
    """

    several: ClassVar[bool] = True
    teaches: ClassVar[bool] = True

    def attach(self, model: FusionModel, make_head: MakeHead) -> None:
        """Make the heads that the model lacks."""
        self.modalities = model.modalities
        has_heads = isinstance(model, DecisionFusionModel)
        self.heads = nn.ModuleDict({} if has_heads else {name: make_head(name) for name in model.modalities})

    def outputs(self, prediction: Prediction, *, detached: bool) -> Tensor:
        """Return what each modality says alone.

        Args:
            prediction: of the model
            detached: hide from the encoders what is learned from it

        Shape:
            - output: (B, M, C)
        """
        if prediction.per_modality is not None:
            return prediction.per_modality.detach() if detached else prediction.per_modality
        pooled = [prediction.features[name].pooled() for name in self.modalities]
        asked = zip(self.modalities, pooled, strict=True)
        return torch.stack([self.heads[name](one.detach() if detached else one) for name, one in asked], dim=1)
