"""Product of the modalities' predictions.

Shapes: B samples, C classes, M modalities.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from fuselab.errors import ConfigError
from fuselab.fusion.base import Decision, DecisionFusion, DecisionSpace
from fuselab.fusion.functional import at_least_float32


class ProductOfExperts(DecisionFusion):
    r"""Product of the class probabilities of the present modalities, normalised: each modality has a veto.

    .. math:: \log \frac{\prod_{m \in P} p_{mc}}{\sum_k \prod_{m \in P} p_{mk}}, \qquad p_m = \mathrm{softmax}(o_m)

    A product of softmaxes is the softmax of the sum of their logits, and that is how it is computed. Without any
    modality the classes are equally likely.

    It is the best rule where modalities are independent given the class, classes are equally frequent and every
    modality is calibrated; one that is sure and wrong can't be outvoted.

    It answers which of two numbers is larger without any interaction: given one of them, the larger is that one or any
    above, and the product of two such statements is the answer.

    Costs O(B M C), as the mean does, and has no parameters.

    Args:
        modalities: names in the order of the outputs
        space: must be ``probability``

    Shape:
        - outputs: (B, C), logits of each modality
        - present: (B,) of each modality
        - output: (B, C), log-probabilities, no weights; float32 or wider

    Raises:
        ConfigError: ``space`` is ``value``

    Example:
        >>> import torch
        >>> fusion = ProductOfExperts(modalities=["image", "audio"], space="probability")
        >>> logits = {"image": torch.tensor([[0.5, 0.5]]).log(), "audio": torch.tensor([[0.9, 0.1]]).log()}
        >>> fusion(logits, {"image": torch.tensor([True]), "audio": torch.tensor([True])}).output.exp()
        tensor([[0.9000, 0.1000]])

    Reference:
        Hinton (2002), Training Products of Experts by Minimizing Contrastive Divergence: the normalised product that
        defines it. Kittler, Hatef, Duin, Matas (1998), On Combining Classifiers, the product rule under equal priors.
    """

    def __init__(self, *, modalities: Sequence[str], space: DecisionSpace) -> None:
        super().__init__(modalities=modalities, space=space)
        if space != "probability":
            raise ConfigError(
                f"fusion.space ({space}) must be 'probability' for a product of experts, since a value says nothing of "
                "how sure it is; choose fusion=late/uncertainty, the product of Gaussian experts"
            )

    def combine(self, outputs_BMC: Tensor, present_BM: Tensor) -> Decision:
        """Multiply the probabilities of the modalities; the zeros of a missing one favour no class."""
        return Decision(output=at_least_float32(outputs_BMC).sum(1).log_softmax(-1), weights=None)
