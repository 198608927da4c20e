"""Multimodal transformer: every modality is translated into every other one, then each reads its translations.

Shapes: B samples, N tokens, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.attention.layers import TransformerLayer, check_sizes
from fuselab.fusion.base import TokenFusion
from fuselab.fusion.functional import check_at_least_one
from fuselab.types import Features, Fused


class MulT(TokenFusion):
    r"""A stack of cross-modal layers for each ordered pair, then a self-attention transformer for each target.

    .. math::
        Z_{j \to i}^0 = Z_i = P_i f_i, \qquad
        Y_{j \to i}^l = Z_{j \to i}^l + \mathrm{CM}_{j \to i}^l\big(\mathrm{LN}(Z_{j \to i}^l), \mathrm{LN}(Z_j)\big),
        \qquad Z_{j \to i}^{l+1} = Y_{j \to i}^l + \mathrm{FF}(Y_{j \to i}^l), \qquad
        S_i = \mathrm{Transformer}_i\big([Z_{j \to i}^L]_{j \ne i}\big), \qquad
        h = W\,[S_{1,last}; \dots; S_{M,last}] + b

    CM is multi-head attention with queries from the first and keys and values from the second. All cross-modal layers
    read the low-level features Z_j of the source; the translations of one target are put side by side, feature by
    feature, and the last real token of what the target's own transformer makes of them is read.

    The residual passes the norm by, as in the authors' code; the paper prints it behind the norm. The temporal
    convolution has one step, and where a token stands in its sequence is the encoder's business. The fully-connected
    layers behind h are the head. A missing source gives its attention nothing to read, a missing target stands as
    zeros in h. With one modality there is no pair: its own transformer reads its own features.

    There are M (M - 1) pairs; time and memory of the attention grow with the square of all tokens, and the target
    transformers are (M - 1) ``hidden`` wide.

    Args:
        modalities: names in the order of the pairs
        dims: width of each modality's tokens
        dim: width of the representation
        hidden: width of the cross-modal layers
        layers: cross-modal layers of each pair
        target_layers: layers of each target's own transformer
        heads: attention heads of each layer
        expansion: width of the feed-forward layers as a multiple of what they widen
        dropout: share that is dropped in each residual branch and before the last map in training

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: no layer, ``heads`` does not divide ``hidden``, ``expansion`` or ``dropout`` out of range

    Example:
        >>> fusion = MulT(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, hidden=4, layers=1,
        ...     target_layers=1, heads=2, expansion=2, dropout=0.1,
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Tsai et al. (2019), Multimodal Transformer for Unaligned Multimodal Language Sequences, equation 1 (CM) and the
        layers of sections 3.1 and 3.2.
    """

    def __init__(
        self,
        *,
        modalities: Sequence[str],
        dims: Mapping[str, int],
        dim: int,
        hidden: int,
        layers: int,
        target_layers: int,
        heads: int,
        expansion: int,
        dropout: float,
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_sizes(dim=hidden, heads=heads, expansion=expansion, dropout=dropout, name="hidden")
        check_at_least_one("fusion.layers", layers)
        check_at_least_one("fusion.target_layers", target_layers)

        def stack(width: int, count: int) -> nn.ModuleList:
            return nn.ModuleList(
                TransformerLayer(dim=width, heads=heads, expansion=expansion, dropout=dropout) for _ in range(count)
            )

        everyone = range(len(self.dims))
        self.sources = [[source for source in everyone if source != target] for target in everyone]
        self.project = nn.ModuleList(nn.Linear(width, hidden) for width in self.dims)
        self.cross: Sequence[Sequence[Sequence[TransformerLayer]]] = nn.ModuleList(  # type: ignore[assignment]
            nn.ModuleList(stack(hidden, layers) for _ in sources) for sources in self.sources
        )
        width = max(len(self.dims) - 1, 1) * hidden
        self.target: Sequence[Sequence[TransformerLayer]] = nn.ModuleList(  # type: ignore[assignment]
            stack(width, target_layers) for _ in everyone
        )
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(len(self.dims) * width, dim)

    def fuse(self, features: list[Features]) -> Fused:
        """Translate every source for every target, let each target read its translations, concatenate, project."""
        low = [project(one.tokens) for project, one in zip(self.project, features, strict=True)]
        masks = [one.mask for one in features]
        last = []
        for target, sources in enumerate(self.sources):
            translated = [low[target]] if not sources else []
            for source, layers in zip(sources, self.cross[target], strict=True):
                tokens_BND = low[target]
                for layer in layers:
                    tokens_BND = layer(tokens_BND, low[source], masks[source])
                translated.append(tokens_BND)
            last.append(self._read(self.target[target], torch.cat(translated, dim=-1), masks[target]))
        return Fused(embedding=self.output(self.dropout(torch.cat(last, dim=1))), weights=None)

    @staticmethod
    def _read(layers: Sequence[TransformerLayer], tokens_BND: Tensor, mask_BN: Tensor) -> Tensor:
        for layer in layers[:-1]:
            tokens_BND = layer(tokens_BND, tokens_BND, mask_BN)
        # Nothing but the last token of the last layer is read, so nothing else of it is computed.
        last_BD: Tensor = layers[-1](_last_real(tokens_BND, mask_BN), tokens_BND, mask_BN)[:, 0]
        return last_BD * mask_BN.any(1, keepdim=True)


def _last_real(tokens_BND: Tensor, mask_BN: Tensor) -> Tensor:
    """Return the last real token of each sample as (B, 1, D); any where there is none."""
    number_B = (mask_BN * torch.arange(mask_BN.shape[1], device=mask_BN.device)).amax(1)
    return tokens_BND.gather(1, number_B[:, None, None].expand(-1, 1, tokens_BND.shape[2]))
