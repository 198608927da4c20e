"""A pretrained vision model of ``transformers``."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from fuselab.encoders.pretrained.depth import Trained
from fuselab.encoders.pretrained.encoder import Pooling, Pretrained
from fuselab.encoders.pretrained.huggingface import HuggingFace
from fuselab.encoders.pretrained.pictures import as_tokens, in_colour
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput


class Hf(Pretrained):
    """Pictures, resized and normalised by the model's own processor → tokens of its last layer → a linear map.

    Grey pictures are repeated to three channels.

    Args:
        model: a folder, or a name on the hub
        part: of a model of several parts, such as ``vision_model`` of CLIP; None for the whole
        pooling: ``none``, ``mean`` or ``first`` (the class token of ViT and its kin)
        trained: number of last layers that are trained, 0 for none, or ``all``
        rate: factor of the learning rate of the last layer
        layer_decay: further factor from each layer to the one before it
        dim: width of the tokens

    Shape:
        - values: (B, 1 or 3, height, width), numbers of 0 to 1
        - output: tokens (B, N, dim), N of the model, or 1 where they are pooled

    Reference:
        Dosovitskiy et al. (2021), An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale.
    """

    def __init__(
        self,
        *,
        model: str,
        part: str | None,
        pooling: Pooling,
        trained: Trained,
        rate: float,
        layer_decay: float,
        dim: int,
    ) -> None:
        super().__init__(
            backbone=_Pictures(model=model, part=part, settings="image"),
            pooling=pooling,
            trained=trained,
            rate=rate,
            layer_decay=layer_decay,
            dim=dim,
        )


class _Pictures(HuggingFace):
    grows = True
    _processor: Any = None

    def ready(self, modality: ModalityInput) -> ModalityInput:
        """Resize, crop and normalise."""
        if self._processor is None:
            from transformers import AutoImageProcessor

            try:
                self._processor = AutoImageProcessor.from_pretrained(
                    self.folder, local_files_only=True, trust_remote_code=False
                )
            except (OSError, ValueError) as error:
                raise ConfigError(
                    f"encoder.*.model ({self.name}) must hold the preprocessor_config.json of a vision model, which "
                    f"says size and colours that it was trained on; bring it into {self.folder}"
                ) from error
        pictures = in_colour(modality.values.float(), name=self.name)
        made = self._processor(images=pictures, do_rescale=False, return_tensors="pt")["pixel_values"]
        return modality._replace(values=made.to(modality.values.device))

    def tokens(self, module: nn.Module, ready: ModalityInput) -> tuple[Tensor, Tensor | None]:
        """Return the last layer's tokens; cells of a map, row by row, where it is one."""
        found = module(pixel_values=ready.values).last_hidden_state
        return as_tokens(found, width=self.width), None
