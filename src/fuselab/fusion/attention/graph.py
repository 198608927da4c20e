"""Graph attention over the modalities: one node each, an edge between any two that are present.

Shapes: B samples, D features, H heads, K features of a head, M modalities (I where they receive, J where they send).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, leaky_relu

from fuselab.fusion.attention.layers import check_sizes
from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import (
    check_at_least_one,
    mean_over_modalities,
    project_present,
    softmax_over_present,
)
from fuselab.types import Fused


class GraphAttention(PooledFusion):
    r"""Graph attention network (GAT) on the complete graph of the present modalities; the mean node is the embedding.

    .. math::
        \alpha_{ij} = \mathrm{softmax}_j\,\mathrm{LeakyReLU}\big(a^\top [W n_i; W n_j]\big), \qquad
        n_i' = \big\Vert_k\,\mathrm{ELU}\Big(\sum_j \alpha^k_{ij} W^k n_j\Big), \qquad n_m^0 = P_m f_m, \qquad
        h = \mathrm{Avg}_i\,n_i^L

    j runs over the present modalities, i itself among them, so a missing one has no edge, and the mean is over the
    present ones too. Heads are put side by side; the last layer averages them and leaves the non-linearity to the
    head, as in the paper. f_m is the mean over a modality's tokens. With one modality its only edge is its own.

    Learns late: what four times the epochs change stands in fusion/README.md.

    Time and memory of the attention grow with M²; the tokens are pooled first.

    Args:
        modalities: names in the order of the nodes
        dims: width of each modality's tokens
        dim: width of the nodes and of the representation
        layers: number of layers
        heads: attention heads of each layer
        slope: of the leaky rectifier below zero; the paper's is 0.2
        dropout: share of the nodes' features that is dropped before each layer in training; attention stays whole, so
            that the weights are what was used

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), weights (B, M): the attention of the last layer, averaged over heads and
          receivers; since h is the mean over receivers, that is each modality's share of the messages in h

    Raises:
        ConfigError: no layer, ``heads`` does not divide ``dim``, ``dropout`` out of range

    Example:
        >>> from fuselab.types import Features
        >>> fusion = GraphAttention(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, layers=2, heads=2, slope=0.2,
        ...     dropout=0.1,
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).weights[1].tolist()
        [1.0, 0.0]

    Reference:
        Veličković et al. (2018), Graph Attention Networks, equations 3, 5 and 6.
    """

    def __init__(
        self,
        *,
        modalities: Sequence[str],
        dims: Mapping[str, int],
        dim: int,
        layers: int,
        heads: int,
        slope: float,
        dropout: float,
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_sizes(dim=dim, heads=heads, expansion=1, dropout=dropout)
        check_at_least_one("fusion.layers", layers)
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        self.layers = nn.ModuleList(
            GraphLayer(dim=dim, heads=heads, size=dim // heads if number < layers else dim, slope=slope)
            for number in range(1, layers + 1)
        )
        self.dropout = nn.Dropout(dropout)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Pass messages between the present modalities and average their nodes."""
        nodes_BMD = project_present(self.project, pooled, present_BM, missing=0.0)
        for layer in self.layers[:-1]:
            heads_BMHK, _ = layer(self.dropout(nodes_BMD), present_BM)
            nodes_BMD = elu(heads_BMHK.flatten(2))
        heads_BMHK, shares_BIJH = self.layers[-1](self.dropout(nodes_BMD), present_BM)
        return Fused(
            embedding=mean_over_modalities(heads_BMHK.mean(2), present_BM),
            weights=mean_over_modalities(shares_BIJH.mean(3), present_BM),
        )


class GraphLayer(nn.Module):
    """Graph attention with several heads on a complete graph, before its non-linearity.

    Args:
        dim: width of the nodes
        heads: attention heads
        size: width of each head's result
        slope: of the leaky rectifier below zero

    Shape:
        - nodes_BMD: (B, M, D)
        - present_BM: (B, M), where a node exists
        - output: messages (B, M, H, K), and the share of each sender J in them, (B, I, J, H), float32 or wider

    Example:
        >>> layer = GraphLayer(dim=8, heads=2, size=4, slope=0.2)
        >>> messages, shares = layer(torch.randn(5, 3, 8), torch.ones(5, 3).bool())
        >>> messages.shape, shares.shape
        (torch.Size([5, 3, 2, 4]), torch.Size([5, 3, 3, 2]))
    """

    def __init__(self, *, dim: int, heads: int, size: int, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.map = nn.Linear(dim, heads * size, bias=False)
        # Glorot's variance for a map from two nodes to one score, as in the paper.
        deviation = (2 / (2 * size + 1)) ** 0.5
        self.receive_HK = nn.Parameter(deviation * torch.randn(heads, size))
        self.send_HK = nn.Parameter(deviation * torch.randn(heads, size))

    def forward(self, nodes_BMD: Tensor, present_BM: Tensor) -> tuple[Tensor, Tensor]:
        """Let every node gather messages from the present ones."""
        mapped_BMHK = self.map(nodes_BMD).unflatten(2, self.send_HK.shape)
        # a · [W n_i; W n_j] is a sum of two terms: no pair of nodes is ever put side by side.
        receiver_BMH = (mapped_BMHK * self.receive_HK).sum(3)
        sender_BMH = (mapped_BMHK * self.send_HK).sum(3)
        scores_BIHJ = leaky_relu(receiver_BMH[..., None] + sender_BMH.transpose(1, 2)[:, None], self.slope)
        shares_BIHJ = softmax_over_present(scores_BIHJ, present_BM[:, None, None, :].expand_as(scores_BIHJ))
        messages_BIHK = torch.einsum("bihj,bjhk->bihk", shares_BIHJ.to(mapped_BMHK.dtype), mapped_BMHK)
        return messages_BIHK, shares_BIHJ.transpose(2, 3)
