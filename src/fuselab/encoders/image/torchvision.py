"""A pretrained convolutional network of ``torchvision``."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from torch import Tensor, nn

from fuselab.encoders.pretrained.backbone import Backbone
from fuselab.encoders.pretrained.depth import Trained
from fuselab.encoders.pretrained.encoder import Pooling, Pretrained
from fuselab.encoders.pretrained.pictures import as_tokens, fitted
from fuselab.encoders.pretrained.weights import read_weights, with_weights
from fuselab.errors import ConfigError, nearest
from fuselab.hub import sha256_of, torch_file
from fuselab.types import ModalityInput

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, that all of them were trained on
FAMILIES = ("resnet", "resnext", "vgg", "wide_resnet")


class Torchvision(Pretrained):
    """Pictures, resized and normalised → cells of the last map of a VGG or ResNet → a linear map.

    Grey pictures are repeated to three channels; the whole picture is resized, nothing cropped.

    Args:
        model: such as ``vgg16`` or ``resnet18``
        weights: a name that torchvision knows, such as ``DEFAULT`` or ``IMAGENET1K_V1``, or a file of a state dict
        size: height and width that pictures are brought to; 224 in training on ImageNet
        pooling: ``none`` gives all cells; ``mean`` one, as ResNet itself pools
        trained: number of last layers (VGG: convolutions, ResNet: stages) that are trained, 0 for none, or ``all``
        rate: factor of the learning rate of the last layer
        layer_decay: further factor from each layer to the one before it
        dim: width of the tokens

    Shape:
        - values: (B, 1 or 3, height, width), numbers of 0 to 1
        - output: tokens (B, (size / 32)², dim), or (B, 1, dim) where they are pooled

    Raises:
        ConfigError: no such model, or weights that can't be had

    Reference:
        Simonyan and Zisserman (2015), Very Deep Convolutional Networks for Large-Scale Image Recognition; He et al.
        (2016), Deep Residual Learning for Image Recognition.
    """

    def __init__(
        self,
        *,
        model: str,
        weights: str,
        size: int,
        pooling: Pooling,
        trained: Trained,
        rate: float,
        layer_decay: float,
        dim: int,
    ) -> None:
        super().__init__(
            backbone=_Torchvision(model=model, weights=weights, size=size),
            pooling=pooling,
            trained=trained,
            rate=rate,
            layer_decay=layer_decay,
            dim=dim,
        )


class _Torchvision(Backbone):
    class_token = False
    grows = True

    def __init__(self, *, model: str, weights: str, size: int) -> None:
        from torchvision.models import get_model_weights, list_models

        known = [one for one in list_models() if one.startswith(FAMILIES)]
        if model not in known:
            raise ConfigError(f"encoder.*.model ({model}) must be a VGG or ResNet; {nearest(model, known)}")
        if size < 32:
            raise ConfigError(f"encoder.*.size ({size}) must be at least 32, a cell of the last map; set 224")
        file = Path(weights).expanduser()
        if not file.is_file():
            published = get_model_weights(model)
            if weights not in ("DEFAULT", *published.__members__):
                raise ConfigError(
                    f"encoder.*.weights ({weights}) must be a file that is there, or a name that torchvision has; "
                    f"{nearest(weights, ['DEFAULT', *published.__members__])}"
                )
            url = published[weights].url
            file = torch_file(
                url, key="encoder.*.weights", value=f"{weights} of {model}", local_key="encoder.*.weights"
            )
        self.model = model
        self.size = size
        self.weights = file
        super().__init__(name=model, width=_width(model), sha256=sha256_of([file]), settings=f"image|{model}|{size}")

    def ready(self, modality: ModalityInput) -> ModalityInput:
        """Resize and normalise."""
        values = fitted(
            modality.values.float(), size=self.size, mean=MEAN, std=STD, interpolation="bilinear", name=self.name
        )
        return modality._replace(values=values)

    def load(self) -> nn.Module:
        """Return the layers up to the last map."""
        return _features(with_weights(_build(self.model), read_weights(self.weights), name=self.name))

    def tokens(self, module: nn.Module, ready: ModalityInput) -> tuple[Tensor, Tensor | None]:
        """Return the cells of the last map, row by row."""
        return as_tokens(module(ready.values), width=self.width), None

    def layers(self, module: nn.Module) -> list[nn.Module]:
        """Return the convolutions of a VGG with their norms, the stages of a ResNet."""
        if self.model.startswith("vgg"):
            return [one for one in module if any(True for _ in one.parameters())]  # type: ignore[attr-defined]
        return [child for name, child in module.named_children() if name.startswith("layer")]


def _build(model: str) -> nn.Module:
    import torch
    from torchvision.models import get_model

    with torch.device("meta"):  # all weights come from the file: none is drawn
        module: nn.Module = get_model(model, weights=None)
    for name in ("classifier", "fc"):
        if hasattr(module, name):
            setattr(module, name, nn.Identity())
    return module


def _features(module: nn.Module) -> nn.Module:
    if hasattr(module, "features"):
        return module.features  # type: ignore[return-value]
    used = [(name, child) for name, child in module.named_children() if name not in ("avgpool", "fc")]
    return nn.Sequential(OrderedDict(used))


def _width(model: str) -> int:
    return 512 if model in ("resnet18", "resnet34") or model.startswith("vgg") else 2048
