"""What encoders of any modality's numbers ask of their sizes, said in the words of the config."""

from __future__ import annotations

from torch import Tensor

from fuselab.errors import ConfigError


def check_share(*, dropout: float) -> None:
    """Refuse a dropout that is no share.

    Raises:
        ConfigError: below 0, or 1 and more

    Example:
        >>> check_share(dropout=0.5)
    """
    if not 0 <= dropout < 1:
        raise ConfigError(f"encoder.*.dropout ({dropout}) must be at least 0 and below 1; choose one such as 0.1")


def check_width(values: Tensor, size: int, *, dims: int) -> None:
    """Refuse values of another width than the encoder was built for.

    Args:
        values: (B, size), or (B, T, size)
        size: what the config says
        dims: dimensions of the values, samples included

    Raises:
        ConfigError: other dimensions or another width

    Example:
        >>> import torch
        >>> check_width(torch.zeros(2, 5), 5, dims=2)
    """
    if values.dim() != dims or values.shape[-1] != size:
        kind = {2: "vectors (B, size)", 3: "sequences (B, T, size)"}[dims]
        raise ConfigError(
            f"encoder.*.size ({size}) must be the width of the data's {kind}, which are {tuple(values.shape)}; "
            "set the size, or choose the encoder that fits"
        )
