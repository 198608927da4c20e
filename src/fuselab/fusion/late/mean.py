"""Mean of the modalities' predictions.

Shapes: B samples, C outputs, M modalities.
"""

from __future__ import annotations

from torch import Tensor

from fuselab.fusion.base import Decision, DecisionFusion
from fuselab.fusion.late.mixture import mixture


class Mean(DecisionFusion):
    r"""Mean of the class probabilities, or of the values, over the present modalities.

    .. math::
        \log \frac{1}{|P|} \sum_{m \in P} \mathrm{softmax}(o_m) \quad\text{or}\quad \frac{1}{|P|} \sum_{m \in P} o_m

    Without any modality the classes are equally likely, and values are 0.

    Args:
        modalities: names in the order of the weights
        space: what is averaged: class probabilities, or values as they are

    Shape:
        - outputs: (B, C) of each modality
        - present: (B,) of each modality
        - output: (B, C), weights (B, M); float32 or wider

    Example:
        >>> import torch
        >>> fusion = Mean(modalities=["image", "audio"], space="probability")
        >>> logits = {"image": torch.zeros(1, 2), "audio": torch.tensor([[50.0, 0.0]])}
        >>> fusion(logits, {"image": torch.tensor([True]), "audio": torch.tensor([True])}).output.exp()
        tensor([[0.7500, 0.2500]])

    Reference:
        Kittler, Hatef, Duin, Matas (1998), On Combining Classifiers, the sum rule under equal priors.
    """

    def combine(self, outputs_BMC: Tensor, present_BM: Tensor) -> Decision:
        """Average over the present modalities."""
        equal_M = outputs_BMC.new_zeros(len(self.modalities))
        return mixture(outputs_BMC, present_BM, scores=equal_M, space=self.space)
