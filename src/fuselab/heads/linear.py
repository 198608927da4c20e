"""One linear layer from a representation to an output."""

from __future__ import annotations

from torch import Tensor, nn


class Linear(nn.Module):
    """A linear read-out: what it can't read is not in the representation.

    Args:
        dim: width of the representation
        outputs: number of classes or values

    Shape:
        - embedding: (B, dim)
        - output: (B, outputs)

    Example:
        >>> import torch
        >>> Linear(dim=6, outputs=10)(torch.zeros(2, 6)).shape
        torch.Size([2, 10])
    """

    def __init__(self, *, dim: int, outputs: int) -> None:
        super().__init__()
        self.layer = nn.Linear(dim, outputs)

    def forward(self, embedding: Tensor) -> Tensor:
        """Map a representation to an output."""
        output: Tensor = self.layer(embedding)
        return output
