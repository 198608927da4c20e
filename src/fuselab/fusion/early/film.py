"""Feature-wise linear modulation: one modality's features, scaled and shifted by what the others say.

Shapes: B samples, D features, S modalities that modulate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from fuselab.fusion.base import PooledFusion
from fuselab.fusion.functional import check_choice, project_present
from fuselab.types import Fused


class Film(PooledFusion):
    r"""Feature-wise linear modulation (FiLM) of one modality by all others.

    .. math::
        F = P f_c + b, \qquad \Delta\gamma = \sum_{m \ne c} (G_m f_m + g_m), \qquad
        \beta = \sum_{m \ne c} (B_m f_m + b_m), \qquad h = (1 + \Delta\gamma) \odot F + \beta

    c is the modulated modality, the ``content``. The paper has one conditioning input; several are here one input to
    one linear generator, which is a sum over them. A conditioning modality that is missing adds 0 to scale and shift,
    so without any of them the content passes as it is. Content that is missing is F = 0: what is left is the shift.
    The paper modulates feature maps inside a network; scale and shift pass through a mean, so pooled features are
    modulated here, with the same result as modulated tokens that are pooled then.

    Time and memory grow linearly with the modalities.

    Args:
        modalities: names in the order of the maps
        dims: width of each modality's tokens
        dim: width of the representation
        content: the modality that is modulated

    Shape:
        - features: tokens (B, N_m, D_m) of each modality m
        - output: embedding (B, dim), no weights

    Raises:
        ConfigError: ``content`` is none of the modalities

    Example:
        >>> import torch
        >>> from fuselab.types import Features
        >>> fusion = Film(modalities=["image", "text"], dims={"image": 7, "text": 5}, dim=8, content="image")
        >>> image = Features(torch.randn(2, 4, 7), torch.ones(2, 4).bool(), torch.ones(2).bool())
        >>> text = Features(torch.randn(2, 3, 5), torch.ones(2, 3).bool(), torch.tensor([True, False]))
        >>> fused = fusion({"image": image, "text": text}).embedding
        >>> torch.allclose(fused[1], fusion.project[0](image.pooled())[1])
        True

    Reference:
        Perez, Strub, de Vries, Dumoulin, Courville (2018), FiLM: Visual Reasoning with a General Conditioning Layer,
        equations 1 and 2, with the linear generator and the scale 1 + Δγ of its model.
    """

    def __init__(self, *, modalities: Sequence[str], dims: Mapping[str, int], dim: int, content: str) -> None:
        super().__init__(modalities=modalities, dims=dims, dim=dim)
        check_choice("fusion.content", content, self.modalities)
        self.content = self.modalities.index(content)
        others = [width for number, width in enumerate(self.dims) if number != self.content]
        self.project = nn.ModuleList([nn.Linear(self.dims[self.content], dim)])
        self.generate = nn.ModuleList(nn.Linear(width, 2 * dim) for width in others)

    def fuse(self, pooled: list[Tensor], present_BM: Tensor) -> Fused:
        """Scale and shift the content."""
        projected_BD = self.project[0](pooled[self.content])
        embedding_BD = torch.where(present_BM[:, self.content, None], projected_BD, 0.0)
        others = [number for number in range(len(pooled)) if number != self.content]
        if others:
            said_BSD = project_present(
                self.generate, [pooled[one] for one in others], present_BM[:, others], missing=0.0
            )
            scale_BD, shift_BD = said_BSD.sum(1).chunk(2, dim=1)
            embedding_BD = (1 + scale_BD) * embedding_BD + shift_BD
        return Fused(embedding=embedding_BD, weights=None)
