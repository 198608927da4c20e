"""Training samples lose modalities by chance.

Shapes: B samples, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch

from fuselab.errors import ConfigError
from fuselab.models.fusion_model import FusionModel
from fuselab.schemes.base import MakeHead, Scheme
from fuselab.types import ModalityInput


class ModalityDropout(Scheme):
    r"""Each sample loses each of its modalities with a probability, but never the last one.

    .. math::
        \text{kept}_m = \text{present}_m \wedge \big(u_m \ge p\ \vee\ u_m = \max_{k \in P} u_k\big), \qquad
        u_m \sim \mathrm{U}[0, 1)

    The modality with the highest draw stays; where all draws are below p they are alike, so it is any of the sample's
    modalities with equal chance. What is dropped is missing, as data that was never there: no zeros that pass for it.
    In validation and test nothing is dropped. The draws come from torch's global stream.

    Costs nothing, and has no parameters.

    Args:
        probability: of losing a modality, p

    Raises:
        ConfigError: no probability

    Example:
        >>> scheme = ModalityDropout(probability=1.0)
        >>> everyone = torch.tensor([True, True])
        >>> inputs = {name: ModalityInput(torch.zeros(2, 3), None, everyone) for name in ("image", "audio")}
        >>> dropped = scheme.change_inputs(inputs)
        >>> (dropped["image"].present ^ dropped["audio"].present).tolist()
        [True, True]

    Reference:
        Neverova, Wolf, Taylor, Nebout (2016), ModDrop: Adaptive Multi-Modal Gesture Recognition: a Bernoulli
        selector for each channel of each sample; that one modality always stays is ours.
    """

    several: ClassVar[bool] = True

    def __init__(self, *, probability: float) -> None:
        super().__init__()
        if not 0 <= probability <= 1:
            raise ConfigError(f"scheme.probability ({probability}) must be between 0 and 1; set it to 0.3")
        self.probability = probability
        self._order: tuple[str, ...] | None = None

    def attach(self, model: FusionModel, make_head: MakeHead) -> None:
        """Note the order in which modalities are drawn."""
        self._order = model.modalities

    def change_inputs(self, inputs: Mapping[str, ModalityInput]) -> Mapping[str, ModalityInput]:
        """Drop modalities of a training batch."""
        names = self._order or tuple(inputs)
        present_BM = torch.stack([inputs[name].present for name in names], dim=1)
        draws_BM = torch.rand(present_BM.shape, device=present_BM.device)
        highest_B1 = draws_BM.masked_fill(~present_BM, -1.0).amax(1, keepdim=True)
        kept_BM = present_BM & ((draws_BM >= self.probability) | (draws_BM == highest_B1))
        return {**inputs, **{name: inputs[name]._replace(present=kept_BM[:, m]) for m, name in enumerate(names)}}
