"""Clips without the noise that is always there.

Shapes: B samples, T steps, K frequencies, F frames.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import pad

from fuselab.data.transforms.base import WAVES, FixedTransform
from fuselab.data.transforms.checks import check_above, check_least
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput


class Denoise(FixedTransform):
    r"""Turns down every frequency by as much as steady noise holds of it, clip by clip (a Wiener filter).

    .. math::
        \hat n_k = \frac{Q_q\big(\lvert X_{k \cdot} \rvert^2\big)}{-\ln(1 - q)}, \qquad
        G_{kf} = \max\Big(1 - a \, \frac{\hat n_k}{\lvert X_{kf} \rvert^2},\ g\Big)

    X is the clip's short-time spectrum and Q_q its quantile over the real frames: where a frequency holds nothing but
    noise in at least a share q of the frames, the power there has an exponential distribution, which the denominator
    belongs to. A steady tone is noise to it.

    Args:
        fft: steps of a frame
        quantile: q, above 0 and below 1
        strength: a; above 1 takes more away than is thought to be noise
        floor: least gain g, so that nothing falls quite silent

    Shape:
        - values: (B, T), padding behind

    Raises:
        ConfigError: a value that can't be

    Example:
        >>> given = ModalityInput(torch.randn(1, 4000), None, torch.tensor([True]))
        >>> quiet = Denoise(fft=256, quantile=0.3, strength=1.0, floor=0.1).apply(given).values
        >>> bool(quiet.square().mean() < 0.5 * given.values.square().mean())
        True

    Reference:
        Lim, Oppenheim (1979), Enhancement and bandwidth compression of noisy speech, equation 27 (the filter);
        Stahl, Fischer, Bippus (2000), Quantile based noise estimation for spectral subtraction and Wiener filtering.
    """

    takes = WAVES

    def __init__(self, *, fft: int, quantile: float, strength: float, floor: float) -> None:
        check_least(4, fft=fft)
        check_above(0, strength=strength)
        if not 0 < quantile < 1:
            raise ConfigError(f"transform.*.quantile ({quantile}) must be above 0 and below 1; choose one such as 0.3")
        if not 0 <= floor < 1:
            raise ConfigError(f"transform.*.floor ({floor}) must be at least 0 and below 1; choose one such as 0.1")
        self.fft = fft
        self.quantile = quantile
        self.strength = strength
        self.floor = floor

    def apply(self, modality: ModalityInput) -> ModalityInput:
        """Denoise."""
        values, mask = modality.values, modality.mask
        steps, hop = values.shape[1], self.fft // 4
        window = torch.hann_window(self.fft, device=values.device)
        # Frames beyond the end, so that a clip that is padded longer has the same ones.
        longer = pad(values, (0, self.fft))
        spectrum_BKF = torch.stft(
            longer, self.fft, hop_length=hop, window=window, pad_mode="constant", return_complex=True
        )
        power_BKF = spectrum_BKF.abs().square()
        real_B = torch.full((len(values),), steps, device=values.device) if mask is None else mask.sum(1)
        frames_B = 1 + (real_B - 1).clamp(min=0) // hop
        noise_BK1 = _quantile(power_BKF, frames_B, self.quantile) / -math.log1p(-self.quantile)
        gain_BKF = (1 - self.strength * noise_BK1 / power_BKF.clamp(min=1e-20)).clamp(min=self.floor)
        cleaner = torch.istft(spectrum_BKF * gain_BKF, self.fft, hop_length=hop, window=window, length=longer.shape[1])
        return modality._replace(values=cleaner[:, :steps])


def _quantile(power_BKF: Tensor, frames_B: Tensor, share: float) -> Tensor:
    """Return the quantile over the first frames of each sample.

    Shape:
        - frames_B: (B,), how many are real
        - output: (B, K, 1)
    """
    behind_BF = torch.arange(power_BKF.shape[2], device=power_BKF.device) >= frames_B[:, None]
    ordered_BKF = power_BKF.masked_fill(behind_BF[:, None], float("inf")).sort(2).values
    place_B = (share * (frames_B - 1)).round().long().clamp(min=0)
    return ordered_BKF.gather(2, place_B[:, None, None].expand(-1, power_BKF.shape[1], 1))
