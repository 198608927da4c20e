"""Graph convolution over the modalities, in which correlated ones are close.

Shapes: B samples, D features, M modalities (I where they receive, J where they send).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from fuselab.fusion.attention.layers import check_share
from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import (
    at_least_float32,
    check_at_least_one,
    mean_over_modalities,
    project_present,
)
from fuselab.types import Fused

SMALLEST_VARIANCE = 1e-12  # of a node whose features are all the same: it correlates with nothing


class EdgeGraph(PooledFusion):
    r"""Graph convolution (GCN) over the present modalities; the edge of two is the correlation of their features.

    .. math::
        A_{ij} = |\mathrm{corr}(n_i^0, n_j^0)|\ (i \ne j), \qquad A_{ii} = 1, \qquad
        \hat A = D^{-1/2} A D^{-1/2}, \quad D_{ii} = \sum_j A_{ij}, \qquad
        n^{l+1} = \mathrm{ReLU}(\hat A\, n^l\, W^l), \qquad n_m^0 = P_m f_m, \qquad h = \mathrm{Avg}_i\,n_i^L

    corr is Pearson's over the D features of one sample's nodes: the edges say how alike two modalities are in this
    sample, and are learned through P. A missing modality has no edge, and the mean is over the present ones. The last
    layer leaves the non-linearity to the head. f_m is the mean over a modality's tokens.

    The published models of this kind join patients by the correlation of one modality over the whole cohort; a method
    whose result for a sample depends on the other samples of its batch can't be compared here, so the nodes are a
    sample's own modalities.

    Time and memory of the edges grow with M²; the tokens are pooled first.

    Args:
        modalities: names in the order of the nodes
        dims: width of each modality's tokens
        dim: width of the nodes and of the representation
        layers: number of convolutions
        dropout: share of the nodes' features that is dropped before each convolution in training

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), weights (B, M): column sums of Â over the present receivers as shares, that is
          each modality's share of the messages in the last layer

    Raises:
        ConfigError: no layer, ``dropout`` out of range

    Example:
        >>> from fuselab.types import Features
        >>> fusion = EdgeGraph(
        ...     modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, layers=2, dropout=0.1
        ... )
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).weights[1].tolist()
        [1.0, 0.0]

    Reference:
        Kipf, Welling (2017), Semi-Supervised Classification with Graph Convolutional Networks, equation 2; edges that
        are correlations as in Parisot et al. (2018), Disease Prediction Using Graph Convolutional Networks.
    """

    def __init__(
        self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, layers: int, dropout: float
    ) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_at_least_one("fusion.layers", layers)
        check_share(dropout=dropout)
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        self.layers = nn.ModuleList(nn.Linear(dim, dim, bias=False) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Join the present modalities by their correlations, convolve, average the nodes."""
        nodes_BMD = project_present(self.project, pooled, present_BM, missing=0.0)
        edges_BIJ = _edges(nodes_BMD, present_BM)
        messages_BIJ = edges_BIJ.to(nodes_BMD.dtype)
        for number, layer in enumerate(self.layers):
            nodes_BMD = messages_BIJ @ layer(self.dropout(relu(nodes_BMD) if number else nodes_BMD))
        sent_BM = (edges_BIJ * present_BM[..., None]).sum(1)
        return Fused(
            embedding=mean_over_modalities(nodes_BMD, present_BM),
            weights=sent_BM / sent_BM.sum(1, keepdim=True).clamp(min=torch.finfo(sent_BM.dtype).tiny),
        )


def _edges(nodes_BMD: Tensor, present_BM: Tensor) -> Tensor:
    """Return the normalised adjacency; columns of missing modalities are zero."""
    wide_BMD = at_least_float32(nodes_BMD)
    centred_BMD = wide_BMD - wide_BMD.mean(2, keepdim=True)
    unit_BMD = centred_BMD * (centred_BMD.square().sum(2, keepdim=True) + SMALLEST_VARIANCE).rsqrt()
    own_MM = torch.eye(present_BM.shape[1], dtype=torch.bool, device=present_BM.device)
    both_BMM = present_BM[:, :, None] & present_BM[:, None, :] & ~own_MM
    # Not a matrix product: autocast would make it in bfloat16.
    correlation_BMM = (unit_BMD[:, :, None] * unit_BMD[:, None]).sum(3).abs()
    # Every node has an edge to itself, so no degree is zero; those of missing ones lead nowhere.
    edges_BMM = torch.where(both_BMM, correlation_BMM, own_MM.to(correlation_BMM.dtype))
    scale_BM = edges_BMM.sum(2).rsqrt()
    return edges_BMM * scale_BM[:, :, None] * (scale_BM * present_BM)[:, None, :]
