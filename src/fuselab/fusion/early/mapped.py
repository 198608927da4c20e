"""One network for all modalities: each is mapped into a common space, and there by the same weights.

Shapes: B samples, D features, M modalities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import at_least_float32, check_at_least_one, project_present
from fuselab.types import Fused


class Mapped(PooledFusion):
    r"""Each modality through a map of its own into a common space, and there through one network shared by all.

    .. math::
        h = \frac{1}{|P|} \sum_{m \in P} g(P_m f_m + b_m), \qquad g(x) = W_2\,\mathrm{ReLU}(W_1 x + b_1) + b_2

    P are the present modalities: a missing one is not counted, and without any h = 0. Modalities meet in the mean only,
    so products of them are the head's business.

    Since all modalities pass the same network, the mean forgets which of them said what: on ``trio_digits`` questions
    about both modalities are answered better than questions about one (fusion/README.md).

    Time and memory grow linearly with the modalities; the parameters of g are the same for any number of them.

    Args:
        modalities: names in the order of the maps
        dims: width of each modality's tokens
        dim: width of the common space and of the representation
        expansion: hidden width of g as a multiple of ``dim``

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), weights (B, M): equal over the present modalities

    Raises:
        ConfigError: no hidden layer

    Example:
        >>> import torch
        >>> from fuselab.types import Features
        >>> fusion = Mapped(modalities=["image", "audio"], dims={"image": 7, "audio": 5}, dim=8, expansion=2)
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> audio = Features(torch.randn(2, 1, 5), torch.ones(2, 1).bool(), torch.tensor([True, False]))
        >>> fusion({"image": image, "audio": audio}).weights.tolist()
        [[0.5, 0.5], [1.0, 0.0]]

    Reference:
        Aytar, Vondrick, Torralba (2017), See, Hear, and Read: Deep Aligned Representations: layers of their own for
        each modality, then layers shared by all of them; the mean makes one representation of it.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, expansion: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_at_least_one("fusion.expansion", expansion)
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in self.dims)
        self.shared = nn.Sequential(nn.Linear(dim, expansion * dim), nn.ReLU(), nn.Linear(expansion * dim, dim))

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Map all modalities and average them."""
        mapped_BMD = self.shared(project_present(self.project, pooled, present_BM, missing=0.0))
        share_BM = at_least_float32(present_BM) / present_BM.sum(1, keepdim=True).clamp(min=1)
        return Fused(
            embedding=(share_BM[..., None].to(mapped_BMD.dtype) * mapped_BMD).sum(1),
            weights=share_BM,
        )
