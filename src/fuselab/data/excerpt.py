"""A few samples of a split as files that a browser shows: pictures, clips, texts, numbers.

Shapes: S samples of the split, C channels, F features, H height, W width, T time steps.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from fuselab.data.paired import Array, Split
from fuselab.data.series import tell_sequence, tell_vector
from fuselab.runs.excerpt import Shown, choose_rows

SIDE = 256  # pixels of the longer side: what is bigger is made smaller
EXACT = 64  # pixels up to which a picture is kept to the bit, so that its noise can be seen
SECONDS = 10  # of a clip
ROOM = 4 << 20  # bytes of all content: a page with it can still be sent to somebody
TEXT = 2000  # characters
BESIDE = 4  # channels or frames of one picture that are shown, side by side
FULL = 32767  # of a clip's samples, at 1.0
Encoded = tuple[str | None, bytes | None, str | None]  # media type, content, and what was done to the values


def take_excerpt(split: Split, count: int, *, sample_rates: Mapping[str, int]) -> Iterator[Shown]:
    """Yield samples of every slice and class, as many as there is room for; nothing of data without a form to look at.

    Args:
        split: whose samples
        count: samples at most
        sample_rates: of the modalities that are audio

    Example:
        >>> import numpy as np
        >>> words = {"values": {"text": np.array(["one", "two"])}, "present": {"text": np.array([True, False])}}
        >>> split = Split(**words, target=np.array([1, 2]), slice=None)
        >>> [(one.index, one.media_type, one.content) for one in take_excerpt(split, 2, sample_rates={})]
        [(0, 'text/plain', b'one'), (1, None, None)]
    """
    encoders = {name: encode for name in split.values if (encode := _encoder(split, name, sample_rates))}
    room = ROOM
    for row in map(int, choose_rows(_groups(split), count if encoders else 0)):
        sample = [Shown(row, name, *encode(row)) for name, encode in encoders.items()]
        room -= sum(len(one.content or b"") for one in sample)
        if room < 0:
            return
        yield from sample


def _groups(split: Split) -> Array:
    """Number the groups of samples by slice, and by class where there is one."""
    target = np.asarray(split.target)
    one_class = target.ndim == 1 and target.dtype.kind in "iub"
    slices = np.zeros(len(split), np.int64) if split.slice is None else np.asarray(split.slice)
    pairs = np.stack([slices, target if one_class else np.zeros_like(slices)], axis=1)
    return np.unique(pairs, axis=0, return_inverse=True)[1]


def _encoder(split: Split, name: str, sample_rates: Mapping[str, int]) -> Callable[[int], Encoded] | None:
    """Return what makes a file of a modality's row; None where no form to look at is known."""
    values, present, mask = split.values[name], split.present[name], split.masks.get(name)
    encode = _form(values, masked=mask is not None, sample_rate=sample_rates.get(name))
    if encode is None:
        return None

    def of_row(row: int) -> Encoded:
        if not present[row]:
            return None, None, None
        value = values[row]
        return encode(value if mask is None else value[np.asarray(mask[row])])

    return of_row


def _form(values: Any, *, masked: bool, sample_rate: int | None) -> Callable[[Any], Encoded] | None:
    kind, axes = values.dtype.kind, len(values.shape)
    if kind == "U":
        return _text
    if axes == 2 and sample_rate is not None and (kind == "f" or values.dtype == np.int16):
        return partial(_clip, sample_rate=sample_rate)
    if kind in "uf" and axes in (4, 5):
        return _picture if axes == 4 else _frames
    if kind in "uifb" and axes < 4:
        return _sequence if axes == 3 or masked else _vector
    return None


def _text(text: str) -> Encoded:
    cut = f"the first {TEXT} of {len(text)} characters" if len(text) > TEXT else None
    return "text/plain", str(text)[:TEXT].encode(), cut


def _vector(values_F: Array) -> Encoded:
    return "application/json", *tell_vector(np.atleast_1d(values_F))


def _sequence(values: Array) -> Encoded:
    return "application/json", *tell_sequence(np.asarray(values).reshape(len(values), -1))


def _frames(frames_TCHW: Array) -> Encoded:
    """Encode a few frames, side by side in the order of time."""
    number = len(frames_TCHW)
    if not number:
        return "text/plain", b"", "no frame of it is real"
    chosen = np.unique(np.rint(np.linspace(0, number - 1, min(number, BESIDE))).astype(int))
    media_type, content, said = _picture(np.concatenate([np.asarray(frames_TCHW[one]) for one in chosen], axis=2))
    return media_type, content, "; ".join(filter(None, [f"{len(chosen)} of {number} frames", said]))


def _picture(pixels_CHW: Array) -> Encoded:
    """Encode pixels of 0 to 255, or of 0 to 1; others are stretched to what they are."""
    from PIL import Image

    pixels = np.asarray(pixels_CHW, np.float64)
    said = []
    if len(pixels) not in (1, 3):
        said.append(f"{min(BESIDE, len(pixels))} of {len(pixels)} channels, side by side")
        pixels = np.concatenate(pixels[:BESIDE], axis=1)[None]
    if pixels_CHW.dtype.kind == "f":
        low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
        if low < -0.5 or high > 1.5:  # beyond what noise does to pixels of 0 to 1
            pixels = (pixels - low) / max(high - low, 1e-9)
            said.append(f"stretched: black is {low:.3g}, white {high:.3g}")
        pixels = 255 * np.nan_to_num(pixels)
    bytes_HWC = np.rint(np.clip(pixels, 0, 255)).astype(np.uint8).transpose(1, 2, 0)
    picture = Image.fromarray(bytes_HWC[:, :, 0] if bytes_HWC.shape[2] == 1 else bytes_HWC)
    exact = max(picture.size) <= EXACT
    if max(picture.size) > SIDE:
        said.append(f"made smaller, from {picture.width} by {picture.height} pixels")
    picture.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    picture.save(file, "PNG" if exact else "JPEG", quality=85)
    return "image/png" if exact else "image/jpeg", file.getvalue(), "; ".join(said) or None


def _clip(samples_T: Array, *, sample_rate: int) -> Encoded:
    seconds = len(samples_T) / sample_rate
    said = [f"the first {SECONDS} of {seconds:.1f} seconds"] if seconds > SECONDS else []
    samples_T = np.asarray(samples_T[: SECONDS * sample_rate])
    if samples_T.dtype.kind == "f":
        loud = np.nan_to_num(samples_T.astype(np.float64))
        peak = float(np.abs(loud).max(initial=0.0))
        if peak > 1:
            said.append(f"made quieter: its peak is {peak:.3g}, and a clip's 1")
        samples_T = np.rint(FULL * loud / max(peak, 1.0))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(sample_rate)
        sound.writeframes(samples_T.astype("<i2").tobytes())
    return "audio/wav", file.getvalue(), "; ".join(said) or None
