"""Multimodal transfer module: all modalities together say which channels of each are worth more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.errors import ConfigError
from fuselab.fusion.base import PooledFusion
from fuselab.types import Fused


class Mmtm(PooledFusion):
    r"""Multimodal transfer module (MMTM): squeeze all modalities into one vector, which excites the channels of each.

    .. math::
        S_m = \overline{f_m}, \qquad Z = \mathrm{ReLU}(W\,[S_1; \dots; S_M] + b), \qquad E_m = W_m Z + b_m, \qquad
        \tilde f_m = 2\,\sigma(E_m) \odot f_m, \qquad h = V\,[\overline{\tilde f_1}; \dots; \overline{\tilde f_M}] + c

    The bar is the mean over a modality's real tokens. A gate is the same for all tokens and passes through that mean,
    so pooled features are gated here, with the same result. The ReLU is that of squeeze-and-excitation. The paper has
    two modalities, whose streams go on apart; more of them squeeze into the same Z, and one linear map makes one
    representation of what is excited. With one modality it is squeeze-and-excitation.

    A missing modality is zeros: it adds nothing to Z, and nothing of it can be excited.

    Parameters and time grow with the square of the width of all modalities together, over ``reduction``.

    Args:
        modalities: names in the order of concatenation
        dims: width of each modality's tokens
        dim: width of the representation
        reduction: Z is as wide as all modalities together, divided by this

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: ``reduction`` below 1 or above the width of all modalities together

    Example:
        >>> from fuselab.types import Features
        >>> fusion = Mmtm(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, reduction=4)
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Joze, Shaban, Iuzzolino, Koishida (2020), MMTM: Multimodal Transfer Module for CNN Fusion, equations 1 to 4;
        the ReLU from Hu, Shen, Sun (2018), Squeeze-and-Excitation Networks, equation 3.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, reduction: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        together = sum(self.dims)
        if not 1 <= reduction <= together:
            raise ConfigError(
                f"fusion.reduction ({reduction}) must be 1 to {together}, the width of all modalities together; "
                "choose a number such as 4"
            )
        self.squeeze = nn.Linear(together, together // reduction)
        # One map for all modalities: its rows are those of W_1, then those of W_2, and so on.
        self.excite = nn.Linear(together // reduction, together)
        self.output = nn.Linear(together, dim)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Gate the channels of all modalities, then map them."""
        squeezed = torch.cat(pooled, dim=1)
        gate = 2 * torch.sigmoid(self.excite(torch.relu(self.squeeze(squeezed))))
        return Fused(embedding=self.output(gate * squeezed), weights=None)
