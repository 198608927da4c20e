"""Parallel co-attention: a similarity matrix of two modalities' tokens guides the attention over both.

Shapes: B samples, N tokens, D features, K features of the attention, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.attention.layers import check_share
from fuselab.fusion.base import TokenFusion
from fuselab.fusion.functional import check_at_least_one, softmax_over_present
from fuselab.types import Features, Fused


class CoAttention(TokenFusion):
    r"""Tokens of every modality are weighed by what they have in common with the tokens of the others.

    .. math::
        C_{ij} = \tanh(X_i W_{ij} X_j^\top), \qquad
        H_i = \tanh\Big(X_i V_i + \sum_{j \ne i} C_{ij} X_j V_j\Big), \qquad a_i = \mathrm{softmax}(H_i w_i), \qquad
        h = \tanh\Big(W \sum_i a_i^\top X_i\Big)

    X_i = P_i f_i are the tokens of a modality in the common width. One matrix W_ij serves both directions of a pair:
    C_ji is C_ij transposed. The paper has two modalities; for more, what the partners have to say adds up before the
    softmax, as the pairwise potentials of Schwartz, Schwing, Hazan (2017), High-Order Attention Models for Visual
    Question Answering, do. A missing partner and padding say nothing; with one modality the attention is over its own
    tokens alone. Of the paper's three levels of language there is one: levels are the encoder's business.

    Time and memory grow with the sum over the pairs of N_i N_j, that is with the square of all tokens.

    Args:
        modalities: names in the order of the pairs
        dims: width of each modality's tokens
        dim: width of the representation
        hidden: width of H
        dropout: share of the summed features that is dropped in training

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights: the attention is over tokens

    Raises:
        ConfigError: no hidden feature, ``dropout`` out of range

    Example:
        >>> fusion = CoAttention(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, hidden=6, dropout=0.1
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Lu, Yang, Batra, Parikh (2016), Hierarchical Question-Image Co-Attention for Visual Question Answering,
        equations 3 to 5 (parallel co-attention) and the first line of equation 7.
    """

    def __init__(
        self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, hidden: int, dropout: float
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_at_least_one("fusion.hidden", hidden)
        check_share(dropout=dropout)
        everyone = range(len(self.dims))
        self.pairs = [(i, j) for i in everyone for j in everyone if i < j]
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        # A product of two tokens of size 1 starts at size 1: any larger, and every similarity is ±1 without gradient.
        self.similarity = nn.ParameterList(nn.Parameter(torch.randn(dim, dim) / dim) for _ in self.pairs)
        # No biases, as in the paper.
        self.map = nn.ModuleList(nn.Linear(dim, hidden, bias=False) for _ in self.dims)
        self.score = nn.ModuleList(nn.Linear(hidden, 1, bias=False) for _ in self.dims)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(dim, dim, bias=False)

    def fuse(self, features: list[Features]) -> Fused:
        """Weigh the tokens of each modality in the light of the others, sum them, project."""
        tokens = [project(one.tokens) for project, one in zip(self.project, features, strict=True)]
        mapped = [
            linear(one) * feature.mask[..., None]
            for linear, one, feature in zip(self.map, tokens, features, strict=True)
        ]
        guided = list(mapped)
        for (i, j), weight_DD in zip(self.pairs, self.similarity, strict=True):
            similarity_BNN = torch.tanh(tokens[i] @ weight_DD @ tokens[j].transpose(1, 2))
            guided[i] = guided[i] + similarity_BNN @ mapped[j]
            guided[j] = guided[j] + similarity_BNN.transpose(1, 2) @ mapped[i]
        attended_BD = torch.stack(
            [
                _weigh(one, score(torch.tanh(guide))[..., 0], feature.mask)
                for one, score, guide, feature in zip(tokens, self.score, guided, features, strict=True)
            ]
        ).sum(0)
        return Fused(embedding=torch.tanh(self.output(self.dropout(attended_BD))), weights=None)


def _weigh(tokens_BND: Tensor, scores_BN: Tensor, mask_BN: Tensor) -> Tensor:
    shares_BN = softmax_over_present(scores_BN, mask_BN).to(tokens_BND.dtype)
    return (shares_BN[:, None] @ tokens_BND)[:, 0]
