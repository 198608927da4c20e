"""Models of the ``transformers`` library, by a name on the hub or from a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from fuselab.encoders.pretrained.backbone import Backbone
from fuselab.encoders.pretrained.depth import longest
from fuselab.errors import ConfigError
from fuselab.hub import CONFIGS, model_folder, sha256_of, weight_files

# Parts that a model may have beside its tokens; they are taken off, and may be missing.
BESIDE = ("pooler", "masked_spec_embed")


class HuggingFace(Backbone):
    """A model that ``AutoModel`` knows; what reads its modality stands in subclasses.

    Weights are read from safetensors, or with ``weights_only=True``; code of the model's own is never run.

    Args:
        model: a folder, or a name on the hub
        part: of a model of several parts, such as ``vision_model`` of CLIP or ``encoder`` of T5; None for the whole
        settings: of the config, that change what it makes of an input

    Raises:
        ConfigError: a model that can't be had, of a kind that ``transformers`` doesn't know, or of several parts
    """

    def __init__(self, *, model: str, part: str | None, settings: str) -> None:
        from transformers import AutoConfig

        self.folder = model_folder(model, key="encoder.*.model")
        try:
            whole = AutoConfig.from_pretrained(self.folder, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(
                f"encoder.*.model ({model}) must hold the config.json of a model that transformers knows without code "
                f"of the model's own; choose another ({next(iter(str(error).splitlines()), '')})"
            ) from error
        if part is None and (whole.is_encoder_decoder or not hasattr(whole, "hidden_size")):
            raise ConfigError(
                f"encoder.*.part (null) must name the part of {model} that reads this modality, such as encoder, "
                "vision_model or text_model; set it"
            )
        self.part = part
        self.config = whole if part is None else getattr(whole, f"{part.removesuffix('_model')}_config", whole)
        if not hasattr(self.config, "hidden_size"):
            known = ", ".join(f"{name.removesuffix('_config')}_model" for name in getattr(whole, "sub_configs", ()))
            raise ConfigError(f"encoder.*.part ({part}) must be a part of {model}; choose one of: {known}")
        files = sorted(
            file for pattern in CONFIGS for file in self.folder.glob(pattern) if file.stem.endswith("config")
        )
        super().__init__(
            name=model,
            width=self.config.hidden_size,
            sha256=sha256_of([*weight_files(self.folder), *files]),
            settings=f"{settings}|{part}",
        )

    def load(self) -> nn.Module:
        """Return the model without its pooler.

        Raises:
            ConfigError: a file without all weights, or no such part
        """
        from safetensors import SafetensorError
        from transformers import AutoModel

        try:
            with _without_bars():
                module, told = AutoModel.from_pretrained(
                    self.folder,
                    local_files_only=True,
                    trust_remote_code=False,
                    dtype=torch.float32,
                    output_loading_info=True,
                    **self.changes(),
                )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise ConfigError(
                f"encoder.*.model ({self.name}) must hold whole weights; bring {self.folder} anew "
                f"({next(iter(str(error).splitlines()), '')})"
            ) from error
        if self.part is not None and not isinstance(getattr(module, self.part, None), nn.Module):
            known = ", ".join(name for name, _ in module.named_children())
            raise ConfigError(f"encoder.*.part ({self.part}) must be a part of {self.name}; choose one of: {known}")
        mine = "" if self.part is None else f"{self.part}."
        missing = [key.removeprefix(mine) for key in sorted(told["missing_keys"]) if key.startswith(mine)]
        missing = [key for key in missing if not key.removeprefix("vision_model.").startswith(BESIDE)]
        if missing:
            raise ConfigError(
                f"encoder.*.model ({self.name}) must hold all weights, and lacks {len(missing)}, such as {missing[0]}; "
                "features of weights drawn at random are none: choose another model"
            )
        found: Any = module if self.part is None else getattr(module, self.part)
        for name in BESIDE:
            beside = getattr(found, name, None)
            if isinstance(beside, nn.Parameter):
                delattr(found, name)
            elif isinstance(beside, nn.Module) and any(True for _ in beside.parameters()):
                setattr(found, name, None)
        return found  # type: ignore[no-any-return]

    def changes(self) -> dict[str, Any]:
        """Return what of the model's config is set otherwise than its publisher did."""
        return {}

    def layers(self, module: nn.Module) -> list[nn.Module]:
        """Return the blocks of the stack with the most parameters."""
        return longest(module)


@contextmanager
def _without_bars() -> Iterator[None]:
    """Load without a bar of its own: a run shows one while the model reads."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
