"""One transformer per modality; what they tell each other passes through a few bottleneck tokens.

Shapes: B samples, N tokens, F bottleneck tokens, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.errors import ConfigError
from fuselab.fusion.attention.layers import INITIAL_SCALE, TransformerLayer, check_sizes
from fuselab.fusion.base import TokenFusion
from fuselab.fusion.functional import check_at_least_one, mean_over_modalities
from fuselab.types import Features, Fused


class Bottleneck(TokenFusion):
    r"""Multimodal bottleneck transformer (MBT): the streams share a few tokens and nothing else.

    .. math::
        [z_m^{l+1}; \hat z_m^{l+1}] = \mathrm{Transformer}([z_m^l; z^l];\ \theta_m^l), \qquad
        z^{l+1} = \mathrm{Avg}_m\,\hat z_m^{l+1}, \qquad z_m^0 = [c_m; P_m f_m], \qquad
        h = \mathrm{Avg}_m\,\mathrm{LN}_m(z_{m,0}^L)

    c_m is the CLS token of a modality and z are the bottleneck tokens; both averages are over the present modalities,
    so a missing one neither speaks nor is asked. The paper averages the logits of the CLS tokens under one classifier,
    which for a linear head is the same as this average. Its layers before the fusion are the encoders here: all layers
    are fusion layers. A first layer writes into the bottleneck and a second reads from it, hence at least two; of the
    last one only the CLS tokens are computed, since nothing else of it is read. With one modality the bottleneck is
    memory of its only stream.

    The mean over CLS tokens is symmetric in the streams: where training makes these alike, it can't tell which modality
    said what, and seeds differ much (fusion/README.md).

    Time and memory of the attention grow with the sum over the modalities of (N_m + F)², where merged attention takes
    the square of the sum.

    Args:
        modalities: names in the order of the streams
        dims: width of each modality's tokens
        dim: width of the representation
        layers: layers of every stream, at least 2
        bottlenecks: tokens that the streams share
        heads: attention heads of each layer
        expansion: width of the feed-forward layers as a multiple of ``dim``
        dropout: share that is dropped in each residual branch in training

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights; zeros for a sample without any modality

    Raises:
        ConfigError: fewer than two layers, no bottleneck, ``heads`` does not divide ``dim``, ``expansion`` or
            ``dropout`` out of range

    Example:
        >>> fusion = Bottleneck(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, layers=2, bottlenecks=2, heads=2,
        ...     expansion=2, dropout=0.1,
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Nagrani et al. (2021), Attention Bottlenecks for Multimodal Fusion, equations 8 and 9.
    """

    def __init__(
        self,
        *,
        modalities: Sequence[str],
        dims: Mapping[str, int],
        dim: int,
        layers: int,
        bottlenecks: int,
        heads: int,
        expansion: int,
        dropout: float,
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_sizes(dim=dim, heads=heads, expansion=expansion, dropout=dropout)
        check_at_least_one("fusion.bottlenecks", bottlenecks)
        if layers < 2:
            raise ConfigError(
                f"fusion.layers ({layers}) must be at least 2: one writes into the bottleneck, the next reads; raise it"
            )
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        self.cls_MD = nn.Parameter(INITIAL_SCALE * torch.randn(len(self.dims), dim))
        self.bottleneck_FD = nn.Parameter(INITIAL_SCALE * torch.randn(bottlenecks, dim))
        self.layers: Sequence[Sequence[TransformerLayer]] = nn.ModuleList(  # type: ignore[assignment]
            nn.ModuleList(
                TransformerLayer(dim=dim, heads=heads, expansion=expansion, dropout=dropout) for _ in self.dims
            )
            for _ in range(layers)
        )
        self.norm = nn.ModuleList(nn.LayerNorm(dim) for _ in self.dims)

    def fuse(self, features: list[Features]) -> Fused:
        """Let the streams meet in the bottleneck, layer by layer, and average their CLS tokens."""
        present_BM = torch.stack([one.present for one in features], dim=1)
        samples = len(present_BM)
        bottleneck_BFD = self.bottleneck_FD.expand(samples, -1, -1)
        streams = [
            torch.cat([cls_D.expand(samples, 1, -1), project(one.tokens)], dim=1)
            for cls_D, project, one in zip(self.cls_MD, self.project, features, strict=True)
        ]
        masks = [_with_own(one.mask, 1, len(self.bottleneck_FD)) for one in features]
        for layer in self.layers[:-1]:
            told = []
            for number, one in enumerate(layer):
                both_BND = torch.cat([streams[number], bottleneck_BFD], dim=1)
                both_BND = one(both_BND, both_BND, masks[number])
                size = streams[number].shape[1]
                streams[number] = both_BND[:, :size]
                told.append(both_BND[:, size:])
            bottleneck_BFD = mean_over_modalities(torch.stack(told, dim=1), present_BM)
        read = [
            norm(layer(stream[:, :1], torch.cat([stream, bottleneck_BFD], dim=1), mask)[:, 0])
            for norm, layer, stream, mask in zip(self.norm, self.layers[-1], streams, masks, strict=True)
        ]
        return Fused(embedding=mean_over_modalities(torch.stack(read, dim=1), present_BM), weights=None)


def _with_own(mask_BN: Tensor, before: int, behind: int) -> Tensor:
    """Return the mask with tokens of the method's own on both sides, which are always real."""
    return nn.functional.pad(mask_BN, (before, behind), value=True)
