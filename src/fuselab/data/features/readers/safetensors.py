"""The safetensors format: numbers only, by design."""

from __future__ import annotations

from pathlib import Path

from fuselab.data.features.readers.names import which
from fuselab.data.paired import Array


def read_safetensors(path: Path, name: str | None) -> Array:
    """Return one array of a ``.safetensors`` file, bfloat16 as float32.

    Args:
        path: of the file
        name: of the array, None where there is one only

    Raises:
        DataError: no such array
    """
    import torch
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        tensor = file.get_tensor(which(path, name, list(file.keys())))
    array: Array = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    return array
