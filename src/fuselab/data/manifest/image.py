"""Images of a manifest: paths or bytes → uint8 of one size."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fuselab.data.manifest.column import CellColumn, CellError, Files, contents, shown
from fuselab.data.paired import Array
from fuselab.errors import ConfigError

MODES = {1: "L", 3: "RGB"}


class ImageColumn(CellColumn):
    """Images, upright, the shorter side resized to ``size`` and the middle of the longer one kept.

    Args:
        column: of the manifest: a path, or the bytes of a file
        channels: 1 (grey) or 3 (RGB)
        size: height and width

    Shape:
        - values: (channels, size, size), uint8

    Raises:
        ConfigError: other channels, no size
    """

    def __init__(self, *, column: str, channels: int, size: int) -> None:
        super().__init__(column=column)
        if channels not in MODES:
            raise ConfigError(f"channels ({channels}) of the images in '{column}' must be 1 or 3; choose one")
        if size < 1:
            raise ConfigError(f"size ({size}) of the images in '{column}' must be at least 1; raise it")
        self.channels = channels
        self.size = size

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height, width."""
        return (self.channels, self.size, self.size)

    @property
    def dtype(self) -> type[np.generic]:
        """Bytes: a fourth of the room of floats."""
        return np.uint8

    def read(self, cell: Any, files: Files) -> Array:
        """Decode an image."""
        found = contents(cell, files)
        try:
            with Image.open(io.BytesIO(found)) as image:
                upright = ImageOps.exif_transpose(image).convert(MODES[self.channels])
                fitted = ImageOps.fit(upright, (self.size, self.size), Image.Resampling.BICUBIC)
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
            raise CellError(f"isn't a whole image ({shown(cell)}: {error})") from error
        pixels = np.asarray(fitted)
        return pixels[None] if self.channels == 1 else pixels.transpose(2, 0, 1)
