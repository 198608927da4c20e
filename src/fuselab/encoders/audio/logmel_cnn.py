"""A log-mel spectrogram and a small convolutional network over time."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from fuselab.errors import ConfigError
from fuselab.types import Encoder, Features, ModalityInput

STRIDES = (2, 2, 1)


class LogMelCnn(Encoder):
    """Waveform → log-mel spectrogram, standardised clip by clip → three convolutions over time.

    The spectrogram has no parameters and is made in :meth:`prepare`, once for data held in memory.

    Args:
        sample_rate: of the waveform
        fft: samples of a frame
        hop: samples from frame to frame
        mels: frequency bands
        floor: added to the power of each band, so that the logarithm of silence is not all that there is to see
        hidden: channels of the convolutions
        max_tokens: longest output that positions are learned for
        dim: width of the tokens

    Shape:
        - values: (B, T) waveform; mask (B, T) or None
        - prepared: (B, F, mels) spectrogram, F = T / hop + 1
        - output: tokens (B, ⌈F / 4⌉, dim)

    Raises:
        ConfigError: clips that are longer than the positions

    Example:
        >>> encoder = LogMelCnn(sample_rate=8000, fft=256, hop=200, mels=40, floor=1e-3, hidden=8, max_tokens=16, dim=6)
        >>> wave = ModalityInput(torch.randn(2, 6000), None, torch.ones(2).bool())
        >>> encoder(encoder.prepare(wave)).tokens.shape
        torch.Size([2, 8, 6])
    """

    def __init__(
        self, *, sample_rate: int, fft: int, hop: int, mels: int, floor: float, hidden: int, max_tokens: int, dim: int
    ) -> None:
        super().__init__(dim=dim)
        from torchaudio.transforms import MelSpectrogram

        self.hop = hop
        self.floor = floor
        # Zeros beyond the clip, not a mirror of it: a clip padded longer must give the same frames.
        self.spectrogram = MelSpectrogram(sample_rate, n_fft=fft, hop_length=hop, n_mels=mels, pad_mode="constant")
        self.convolutions = nn.ModuleList(
            [
                nn.Conv1d(mels, hidden, kernel_size=5, padding=2, stride=STRIDES[0]),
                nn.Conv1d(hidden, hidden, kernel_size=5, padding=2, stride=STRIDES[1]),
                nn.Conv1d(hidden, dim, kernel_size=3, padding=1, stride=STRIDES[2]),
            ]
        )
        self.norm = nn.LayerNorm(dim)
        self.position = nn.Parameter(0.02 * torch.randn(max_tokens, dim))

    @torch.no_grad()
    def prepare(self, modality: ModalityInput) -> ModalityInput:
        """Make spectrograms; a frame is real where its centre is."""
        mel_BFK = self.spectrogram(modality.values.float()).transpose(1, 2)
        log_BFK = torch.log(mel_BFK + self.floor)
        frames = log_BFK.shape[1]
        tokens = -(-frames // math.prod(STRIDES))
        if tokens > len(self.position):
            raise ConfigError(
                f"encoder.audio.max_tokens ({len(self.position)}) must be at least the {tokens} tokens of a clip of "
                f"{modality.values.shape[1]} samples; raise it"
            )
        mask_BF = _every(modality.mask, self.hop, frames)
        real_BF1 = torch.ones_like(log_BFK[..., :1]) if mask_BF is None else mask_BF[..., None].to(log_BFK.dtype)
        count_B11 = (real_BF1.sum(1, keepdim=True) * log_BFK.shape[2]).clamp(min=1)
        mean_B11 = (log_BFK * real_BF1).sum((1, 2), keepdim=True) / count_B11
        centred_BFK = (log_BFK - mean_B11) * real_BF1
        deviation_B11 = (centred_BFK.square().sum((1, 2), keepdim=True) / count_B11).sqrt()
        return ModalityInput(centred_BFK / (deviation_B11 + 1e-5), mask_BF, modality.present)

    def forward(self, modality: ModalityInput) -> Features:
        """Encode spectrograms."""
        map_BCF = modality.values.transpose(1, 2)
        mask_BF = modality.mask
        for number, (convolution, stride) in enumerate(zip(self.convolutions, STRIDES, strict=True)):
            # The norm behind the last convolution wants both signs.
            map_BCF = convolution(torch.relu(map_BCF) if number else map_BCF)
            mask_BF = _every(mask_BF, stride, map_BCF.shape[2])
            if mask_BF is not None:
                # A bias makes padding differ from the zeros beyond the clip's end, which the next layer would see.
                map_BCF = map_BCF * mask_BF[:, None].to(map_BCF.dtype)
        tokens_BND = self.norm(map_BCF.transpose(1, 2)) + self.position[: map_BCF.shape[2]]
        if mask_BF is None:
            mask_BF = torch.ones(tokens_BND.shape[:2], dtype=torch.bool, device=tokens_BND.device)
        return Features(tokens_BND, mask_BF, modality.present)


def _every(mask_BT: Tensor | None, step: int, count: int) -> Tensor | None:
    """Return the mask of every ``step``-th position; positions past the end are padding."""
    if mask_BT is None or (step == 1 and mask_BT.shape[1] == count):
        return mask_BT
    strided = mask_BT[:, ::step][:, :count]
    return nn.functional.pad(strided, (0, count - strided.shape[1]), value=False)
