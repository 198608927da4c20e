"""Weights from a file into a model, without running anything that the file says."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from fuselab.errors import ConfigError


def read_weights(file: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file, or of one that torch wrote, read with ``weights_only=True``.

    Raises:
        ConfigError: no such file, not whole, or with more in it than tensors
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        found: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, SafetensorError, pickle.UnpicklingError) as error:
        raise ConfigError(
            f"the weights ({file}) must be a whole file of tensors and nothing else; bring it anew "
            f"({next(iter(str(error).splitlines()), '')})"
        ) from error
    return found


def with_weights(module: nn.Module, weights: Mapping[str, Tensor], *, name: str) -> nn.Module:
    """Fill a model; weights that it has no place for, such as a classifier's, are left out.

    Args:
        module: without what isn't used
        weights: by their names in it
        name: of the model, for messages

    Raises:
        ConfigError: weights that are missing or of another shape
    """
    own = module.state_dict()
    wrong = [key for key, one in own.items() if key not in weights or weights[key].shape != one.shape]
    if wrong:
        raise ConfigError(
            f"the weights of {name} must be those of this model, and {len(wrong)} of {len(own)} are missing or of "
            f"another shape, such as {wrong[0]}; choose the file that goes with it"
        )
    module.load_state_dict({key: weights[key] for key in own}, assign=True)
    return module
