"""A pretrained vision model of ``timm``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fuselab.encoders.pretrained.backbone import Backbone
from fuselab.encoders.pretrained.depth import Trained
from fuselab.encoders.pretrained.encoder import Pooling, Pretrained
from fuselab.encoders.pretrained.pictures import as_tokens, fitted
from fuselab.encoders.pretrained.weights import read_weights, with_weights
from fuselab.errors import ConfigError
from fuselab.hub import model_folder, sha256_of, weight_files
from fuselab.types import ModalityInput

STACKS = ("blocks", "stages", "layers")  # what timm calls the layers of a transformer or of a network of stages


class Timm(Pretrained):
    """Pictures, resized and normalised as the model's config says → its last map or tokens → a linear map.

    Needs ``fuselab[timm]``. Grey pictures are repeated to three channels; the whole picture is resized, nothing is
    cropped.

    Args:
        model: a folder with ``config.json`` and ``model.safetensors``, or a name on the hub, such as
            ``timm/resnet18.a1_in1k``
        pooling: ``none``, ``mean`` or ``first`` (the class token of ViT and its kin)
        trained: number of last layers or stages that are trained, 0 for none, or ``all``
        rate: factor of the learning rate of the last layer
        layer_decay: further factor from each layer to the one before it
        dim: width of the tokens

    Shape:
        - values: (B, 1 or 3, height, width), numbers of 0 to 1
        - output: tokens (B, N, dim), N of the model, or 1 where they are pooled

    Raises:
        ConfigError: timm isn't installed, or a model that it doesn't know or that can't be had
    """

    def __init__(
        self, *, model: str, pooling: Pooling, trained: Trained, rate: float, layer_decay: float, dim: int
    ) -> None:
        super().__init__(
            backbone=_Timm(model=model),
            pooling=pooling,
            trained=trained,
            rate=rate,
            layer_decay=layer_decay,
            dim=dim,
        )


class _Timm(Backbone):
    grows = True

    def __init__(self, *, model: str) -> None:
        try:
            import timm  # noqa: F401
        except ImportError as error:
            raise ConfigError(
                "encoder/image=timm must have timm installed; do `pip install 'fuselab[timm]'`, or choose "
                "encoder/image=torchvision"
            ) from error
        self.folder = model_folder(model, key="encoder.*.model")
        file = self.folder / "config.json"
        try:
            self.config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            self.given: dict[str, Any] = self.config["pretrained_cfg"]
            self.architecture: str = self.config["architecture"]
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(
                f"encoder.*.model ({model}) must hold timm's config.json with architecture and pretrained_cfg, as "
                f"timm.models.save_for_hf writes it; mend {file}"
            ) from error
        weights = [one for one in weight_files(self.folder) if one.suffix == ".safetensors"]
        if not weights:
            raise ConfigError(f"encoder.*.model ({model}) must hold model.safetensors; bring it into {self.folder}")
        self.weights: Path = weights[0]
        with torch.random.fork_rng(devices=[]):  # it draws weights, which nobody uses
            module = self._build()
        self.class_token = bool(getattr(module, "num_prefix_tokens", 0))
        super().__init__(
            name=model, width=module.num_features, sha256=sha256_of([self.weights, file]), settings="image|timm"
        )

    def ready(self, modality: ModalityInput) -> ModalityInput:
        """Resize and normalise."""
        values = fitted(
            modality.values.float(),
            size=self.given["input_size"][-1],
            mean=self.given["mean"],
            std=self.given["std"],
            interpolation="bilinear" if self.given.get("interpolation") == "bilinear" else "bicubic",
            name=self.name,
        )
        return modality._replace(values=values)

    def load(self) -> nn.Module:
        """Return the model without its classifier."""
        return with_weights(self._build(), read_weights(self.weights), name=self.name)

    def tokens(self, module: nn.Module, ready: ModalityInput) -> tuple[Tensor, Tensor | None]:
        """Return the last layer's tokens, or the cells of the last map."""
        return as_tokens(module.forward_features(ready.values), width=self.width), None  # type: ignore[operator]

    def layers(self, module: nn.Module) -> list[nn.Module]:
        """Return blocks or stages."""
        for name in STACKS:
            if isinstance(stack := getattr(module, name, None), nn.Sequential | nn.ModuleList):
                return list(stack)
        stages = [child for name, child in module.named_children() if name.startswith("layer")]
        return stages or [child for child in module.children() if any(True for _ in child.parameters())]

    def _build(self) -> Any:
        import timm

        try:
            args = {**self.config.get("model_args", {}), "num_classes": 0}
            return timm.create_model(self.architecture, pretrained=False, **args)
        except (RuntimeError, TypeError) as error:
            raise ConfigError(
                f"encoder.*.model ({self.architecture}) must be an architecture that timm knows; choose another "
                f"({error})"
            ) from error
