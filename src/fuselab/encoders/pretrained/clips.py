"""Clips as pretrained models want them: their rate, and their loudness where they ask for it.

Shapes: B samples, T steps of the data, S steps at the model's rate, N tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fuselab.errors import ConfigError
from fuselab.types import ModalityInput


def at_rate(modality: ModalityInput, *, rate: int, wanted: int, normalise: bool, name: str) -> ModalityInput:
    """Resample clips, and bring each to mean 0 and variance 1 over what is real of it.

    Args:
        modality: waveforms (B, T), mask (B, T) or None
        rate: samples a second
        wanted: the same, of the model
        normalise: whether the model was trained on clips of one loudness
        name: of the model, for messages

    Raises:
        ConfigError: no waveforms

    Example:
        >>> clips = ModalityInput(torch.randn(2, 800), None, torch.ones(2).bool())
        >>> at_rate(clips, rate=8000, wanted=16000, normalise=True, name="wav2vec2").values.shape
        torch.Size([2, 1600])
    """
    from torchaudio.functional import resample

    values_BS, mask_BS, present = modality
    if values_BS.dim() != 2 or not values_BS.is_floating_point():
        raise ConfigError(
            f"the data's values ({values_BS.dtype} of shape {tuple(values_BS.shape)}) must be waveforms (B, T) for "
            f"{name}; choose an encoder for what they are"
        )
    if rate != wanted:
        values_BS = resample(values_BS.float(), rate, wanted)
        if mask_BS is not None:
            steps = torch.arange(1, mask_BS.shape[1] + 1, device=mask_BS.device)
            ends_B = -(-(mask_BS * steps).amax(1) * wanted // rate)
            mask_BS = torch.arange(values_BS.shape[1], device=mask_BS.device) < ends_B[:, None]
    if normalise:
        real_BS = torch.ones_like(values_BS) if mask_BS is None else mask_BS.to(values_BS.dtype)
        count_B1 = real_BS.sum(1, keepdim=True).clamp(min=1)
        centred_BS = (values_BS - (values_BS * real_BS).sum(1, keepdim=True) / count_B1) * real_BS
        values_BS = centred_BS / (centred_BS.square().sum(1, keepdim=True) / count_B1 + 1e-7).sqrt()
    return ModalityInput(values_BS, mask_BS, present).cleaned()


def at_least(values_BS: Tensor, least: int) -> Tensor:
    """Lengthen clips that are too short for one token with silence.

    Example:
        >>> at_least(torch.ones(1, 2), 4)
        tensor([[1., 1., 0., 0.]])
    """
    return torch.nn.functional.pad(values_BS, (0, max(0, least - values_BS.shape[1])))


def frames(lengths: Tensor, windows: list[tuple[int, int]]) -> Tensor:
    """Return how many frames convolutions without padding make of clips; at least one of any clip that has a sample.

    Args:
        lengths: (B,)
        windows: length and stride of each convolution

    Example:
        >>> frames(torch.tensor([0, 3, 10, 11]), [(4, 2), (2, 1)]).tolist()
        [0, 1, 3, 3]
    """
    found = lengths
    for length, stride in windows:
        found = torch.div(found - length, stride, rounding_mode="floor") + 1
    return torch.where(lengths > 0, found.clamp(min=1), 0)


def least_length(windows: list[tuple[int, int]]) -> int:
    """Return the samples that one frame needs.

    Example:
        >>> least_length([(4, 2), (2, 1)])
        6
    """
    needed = 1
    for length, stride in reversed(windows):
        needed = (needed - 1) * stride + length
    return needed


def mask_of_frames(mask_BS: Tensor, windows: list[tuple[int, int]], tokens: int) -> Tensor:
    """Return which frames begin and end in what is real of a clip.

    Shape:
        - output: (B, tokens)
    """
    steps = torch.arange(1, mask_BS.shape[1] + 1, device=mask_BS.device)
    real_B = frames((mask_BS * steps).amax(1), windows)
    return torch.arange(tokens, device=mask_BS.device) < real_B[:, None]
