"""One modality alone: what every fusion has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from fuselab.errors import ConfigError
from fuselab.fusion.base import PooledFusion
from fuselab.types import Fused


class Unimodal(PooledFusion):
    r"""One modality, as if the others did not exist.

    .. math:: h = W f + b

    Args:
        modalities: the one modality to use
        dims: width of each modality's tokens
        dim: width of the representation

    Shape:
        - features: tokens (B, N, D) of the modality; other modalities are not looked at
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: not exactly one modality

    Example:
        >>> import torch
        >>> from fuselab.types import Features
        >>> fusion = Unimodal(modalities=["audio"], dims={"image": 7, "audio": 5}, dim=8)
        >>> audio = Features(torch.randn(2, 3, 5), torch.ones(2, 3).bool(), torch.ones(2).bool())
        >>> fusion({"audio": audio}).embedding.shape
        torch.Size([2, 8])

    Reference:
        Wang, Tran, Feiszli (2020), What Makes Training Multi-Modal Classification Networks Hard?: why the best
        single modality belongs in every comparison.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        if len(self.modalities) != 1:
            raise ConfigError(
                f"fusion.modalities ({list(self.modalities)}) must name exactly one modality for a unimodal model; "
                "keep one, or choose a fusion such as fusion=early/concat"
            )
        self.project = nn.Linear(self.dims[0], dim)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Project the only modality."""
        return Fused(embedding=self.project(pooled[0]), weights=None)
