"""A multi-layer perceptron from a representation to an output."""

from __future__ import annotations

from torch import Tensor, nn


class Mlp(nn.Module):
    """Norm, one hidden layer, dropout, output.

    Args:
        dim: width of the representation
        outputs: number of classes or values
        hidden: width of the hidden layer
        dropout: behind the hidden layer

    Shape:
        - embedding: (B, dim)
        - output: (B, outputs)

    Example:
        >>> import torch
        >>> Mlp(dim=6, outputs=10, hidden=8, dropout=0.1)(torch.zeros(2, 6)).shape
        torch.Size([2, 10])
    """

    def __init__(self, *, dim: int, outputs: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, outputs)
        )

    def forward(self, embedding: Tensor) -> Tensor:
        """Map a representation to an output."""
        output: Tensor = self.layers(embedding)
        return output
