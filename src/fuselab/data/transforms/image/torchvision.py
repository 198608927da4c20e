"""Any random transform of torchvision, drawn for each image by itself."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fuselab.data.transforms.base import IMAGES, RandomTransform
from fuselab.data.transforms.draws import Draws
from fuselab.types import ModalityInput


class Torchvision(RandomTransform):
    """Lets a transform of ``torchvision.transforms.v2`` change images, one by one.

    It draws from torch's global stream, once a call: each image gets a call, with the stream set from its own, and the
    global stream is put back where it was.

    Args:
        transform: such as ``RandAugment`` or ``ColorJitter``; it must keep the size of the image

    Shape:
        - values: (B, channels, height, width)

    Example:
        >>> from torchvision.transforms import v2
        >>> step = Torchvision(transform=v2.ColorJitter(brightness=0.5))
        >>> given = ModalityInput(torch.rand(1, 3, 8, 8), None, torch.tensor([True]))
        >>> step.apply(given, Draws(["0/0/0"], device=torch.device("cpu"))).values.shape
        torch.Size([1, 3, 8, 8])
    """

    takes = IMAGES

    def __init__(self, *, transform: Callable[[Tensor], Tensor]) -> None:
        self.transform = transform

    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        """Change each image with random numbers of its own."""
        values = modality.values
        changed = []
        with torch.random.fork_rng(devices=[values.device] if values.is_cuda else []):
            for image, stream in zip(values, draws.streams, strict=True):
                _seed(int(stream.integers(2**32)), values.device)
                changed.append(self.transform(image))
        return modality._replace(values=torch.stack(changed))


def _seed(seed: int, device: torch.device) -> None:
    """Set the streams of the CPU and of one device; ``torch.manual_seed`` would set those of all others as well."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
