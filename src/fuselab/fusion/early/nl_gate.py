"""Non-local gate: one modality's tokens, and what each of them reads from the tokens of the others.

Shapes: B samples, N tokens of the content, S tokens of the others, D features, K features of queries and keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.errors import ConfigError
from fuselab.fusion.attention.layers import attend
from fuselab.fusion.base import TokenFusion
from fuselab.fusion.functional import check_choice
from fuselab.types import Features, Fused


class NonLocalGate(TokenFusion):
    r"""Non-local gate (NL-gate): a non-local block in which one modality's tokens read those of all others.

    .. math::
        x_m = P_m f_m + b_m, \qquad
        y = \mathrm{softmax}\!\left(\frac{(\Theta x_c)\,(\Phi s)^\top}{\sqrt{K}}\right) G s, \qquad
        h = \overline{x_c + W y}

    c is the modality that reads, the ``content``; s are the tokens of all others, one behind the other, where the
    method's authors have one other; the bar is the mean over the content's real tokens. The scale of Vaswani et al.
    (2017), which the non-local block lacks, is one that its learned maps could take back.

    Tokens of a missing modality can't be read; without any of the others the content passes as it is. Content that is
    missing is one token of zeros, which reads the others with the query that is the bias of Θ.

    Learns late: what four times the epochs change stands in fusion/README.md.

    Time grows with the content's tokens times those of all others, memory with their sum.

    Args:
        modalities: names in the order of the maps
        dims: width of each modality's tokens
        dim: width of the representation
        content: the modality that reads the others
        reduction: queries, keys and values are ``dim / reduction`` wide

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: ``content`` is none of the modalities, ``reduction`` does not divide ``dim``

    Example:
        >>> fusion = NonLocalGate(
        ...     modalities=["video", "audio"], dims={"video": 7, "audio": 5}, dim=8, content="video", reduction=2
        ... )
        >>> video = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 3, 5), torch.ones(2, 3).bool(), torch.tensor([True, False]))
        >>> fused = fusion({"video": video, "audio": audio}).embedding
        >>> torch.allclose(fused[1], fusion.project[0](video.pooled())[1], atol=1e-6)
        True

    Reference:
        Wang, Tran, Feiszli (2020), What Makes Training Multi-Modal Classification Networks Hard?, the NL-gate of the
        supplement, in the form that Liang et al. (2021), MultiBench, give it; the block is that of Wang, Girshick,
        Gupta, He (2018), Non-local Neural Networks, equations 3 (embedded Gaussian) and 6 (residual).
    """

    def __init__(
        self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, content: str, reduction: int
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_choice("fusion.content", content, self.modalities)
        if reduction < 1 or dim % reduction:
            raise ConfigError(
                f"fusion.reduction ({reduction}) must divide fusion.dim ({dim}); choose a number that divides it"
            )
        self.content = self.modalities.index(content)
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        # Without another modality nothing is read, and parameters that nothing reads make DDP fail.
        self.gate = nn.ModuleList([_Gate(dim=dim, inner=dim // reduction)] if len(self.dims) > 1 else [])

    def fuse(self, features: list[Features]) -> Fused:
        """Let the content read the others, then pool it."""
        projected = [project(one.tokens) for project, one in zip(self.project, features, strict=True)]
        masks = [one.mask for one in features]
        content_BND, mask_BN = projected.pop(self.content), _never_empty(masks.pop(self.content))
        content_BND = content_BND * features[self.content].present[:, None, None]
        for gate in self.gate:
            content_BND = content_BND + gate(content_BND, torch.cat(projected, dim=1), torch.cat(masks, dim=1))
        summed_BD = (mask_BN[:, None].to(content_BND.dtype) @ content_BND)[:, 0]
        return Fused(embedding=summed_BD / mask_BN.sum(1, keepdim=True), weights=None)


def _never_empty(mask_BN: Tensor) -> Tensor:
    first_N = torch.arange(mask_BN.shape[1], device=mask_BN.device) == 0
    return mask_BN | (first_N & ~mask_BN.any(1, keepdim=True))


class _Gate(nn.Module):
    """What the content reads.

    Args:
        dim: width of the tokens
        inner: width of queries, keys and values
    """

    def __init__(self, *, dim: int, inner: int) -> None:
        super().__init__()
        self.query = nn.Linear(dim, inner)
        self.key = nn.Linear(dim, inner)
        self.value = nn.Linear(dim, inner)
        # No bias: where there is nothing to read, nothing is added.
        self.output = nn.Linear(inner, dim, bias=False)

    def forward(self, content_BND: Tensor, source_BSD: Tensor, mask_BS: Tensor) -> Tensor:
        """Read the source."""
        read_BNK = attend(self.query(content_BND), self.key(source_BSD), self.value(source_BSD), mask_BS, heads=1)
        added_BND: Tensor = self.output(read_BNK)
        return added_BND
