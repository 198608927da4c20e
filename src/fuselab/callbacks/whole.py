"""Checkpoints appear under their names only when they are complete."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO

from fuselab.runs.files import write_whole


class WholeCheckpoints(TorchCheckpointIO):
    """Write a checkpoint beside its place, then rename it.

    Lightning writes it to the system's folder for temporary files first. Where that is another disk, moving it from
    there is copying, and a process killed in the middle of it leaves half a checkpoint.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Save a checkpoint.

        Raises:
            RunFolderError: the folder can't be written, or the disk is full
        """
        buffer = io.BytesIO()  # torch would say of a full disk only that its writer failed
        torch.save(checkpoint, buffer)
        write_whole(Path(path), lambda temporary: temporary.write_bytes(buffer.getbuffer()))
