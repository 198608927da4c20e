"""One stream of layers per modality with lateral connections between the streams.

Shapes: B samples, N tokens, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.attention.layers import TransformerLayer, check_sizes
from fuselab.fusion.base import TokenFusion
from fuselab.fusion.functional import check_at_least_one
from fuselab.masking import means
from fuselab.types import Features, Fused


class TwoStream(TokenFusion):
    r"""Streams that read one another at every depth: a co-attentional layer, then one of their own, again and again.

    .. math::
        Y_m^l = \mathrm{CoTRM}_m^l\big(X_m^l, [X_j^l]_{j \ne m}\big), \qquad
        X_m^{l+1} = \mathrm{TRM}_m^l(Y_m^l, Y_m^l), \qquad X_m^0 = P_m f_m, \qquad
        h = W\,[\overline{X_1^L}; \dots; \overline{X_M^L}] + b

    TRM(X, S) is a transformer layer whose queries come from X and whose keys and values come from S. All streams read
    what the others were one layer before. For more than two streams the tokens of all others stand side by side as
    keys, so that one softmax chooses among all of them; with one modality there is nobody to read, and the layers of
    its own are what is left. The bar is the mean over a stream's real tokens, zeros where the modality is missing
    (the paper multiplies the summaries of its two streams, which a missing one would turn to zero). Norms stand first
    where BERT, on which the paper builds, has them behind the residual.

    Unlike ``mult``, a stream is changed by what it reads and is read so by the others; unlike ``cross``, more than
    once. Time and memory of the attention grow with the square of all tokens.

    Args:
        modalities: names in the order of the streams
        dims: width of each modality's tokens
        dim: width of the representation
        hidden: width of the streams
        layers: pairs of a co-attentional layer and a layer of one's own
        heads: attention heads of each layer
        expansion: width of the feed-forward layers as a multiple of ``hidden``
        dropout: share that is dropped in each residual branch in training

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: no layer, ``heads`` does not divide ``hidden``, ``expansion`` or ``dropout`` out of range

    Example:
        >>> fusion = TwoStream(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, hidden=4, layers=1, heads=2,
        ...     expansion=2, dropout=0.1,
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Lu, Batra, Parikh, Lee (2019), ViLBERT: Pretraining Task-Agnostic Visiolinguistic Representations for
        Vision-and-Language Tasks, the co-attentional transformer layer (figure 2b; the paper numbers no equation).
    """

    def __init__(
        self,
        *,
        modalities: Sequence[str],
        dims: Mapping[str, int],
        dim: int,
        hidden: int,
        layers: int,
        heads: int,
        expansion: int,
        dropout: float,
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_sizes(dim=hidden, heads=heads, expansion=expansion, dropout=dropout, name="hidden")
        check_at_least_one("fusion.layers", layers)
        self.project = nn.ModuleList(nn.Linear(width, hidden) for width in self.dims)
        # Without another stream nothing is lateral, and parameters that nothing reads make DDP fail.
        lateral = self.dims if len(self.dims) > 1 else ()

        def stages(streams: Sequence[int]) -> Sequence[Sequence[TransformerLayer]]:
            return nn.ModuleList(  # type: ignore[return-value]
                nn.ModuleList(
                    TransformerLayer(dim=hidden, heads=heads, expansion=expansion, dropout=dropout) for _ in streams
                )
                for _ in range(layers)
            )

        self.lateral, self.own = stages(lateral), stages(self.dims)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(len(self.dims) * hidden, dim)

    def fuse(self, features: list[Features]) -> Fused:
        """Let the streams read one another layer by layer, pool each, concatenate, project."""
        masks = [one.mask for one in features]
        streams = [project(one.tokens) for project, one in zip(self.project, features, strict=True)]
        for lateral, own in zip(self.lateral, self.own, strict=True):
            if len(streams) > 1:
                streams = [
                    layer(stream, _all_but(streams, number), _all_but(masks, number))
                    for number, (layer, stream) in enumerate(zip(lateral, streams, strict=True))
                ]
            streams = [layer(stream, stream, mask) for layer, stream, mask in zip(own, streams, masks, strict=True)]
        return Fused(embedding=self.output(self.dropout(torch.cat(means(streams, masks), dim=1))), weights=None)


def _all_but(parts: list[Tensor], number: int) -> Tensor:
    return torch.cat(parts[:number] + parts[number + 1 :], dim=1)
