"""A few samples of a split as files that a browser shows: pictures, clips, texts.

Shapes: S samples of the split, C channels, H height, W width, T time steps.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from fuselab.data.paired import Array, Split
from fuselab.runs.excerpt import Shown, choose_rows

SIDE = 256  # pixels of the longer side: what is bigger is made smaller
EXACT = 64  # pixels up to which a picture is kept to the bit, so that its noise can be seen
SECONDS = 10  # of a clip
ROOM = 4 << 20  # bytes of all content: a page with it can still be sent to somebody
TEXT = 2000  # characters
Encoded = tuple[str | None, bytes | None]


def take_excerpt(split: Split, count: int, *, sample_rates: Mapping[str, int]) -> Iterator[Shown]:
    """Yield samples of every slice and class, as many as there is room for; nothing of data that nobody could look at.

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
    """Return what makes a file of a modality's row; None where the modality can't be looked at, such as features."""
    values = split.values[name]
    encode: Callable[[Any], Encoded]
    if values.dtype.kind == "U":
        encode = _text
    elif len(values.shape) == 4 and values.shape[1] in (1, 3) and values.dtype.kind in "uf":
        encode = _picture
    elif len(values.shape) == 2 and values.dtype == np.int16 and name in sample_rates:
        encode = partial(_clip, sample_rate=sample_rates[name])
    else:
        return None
    present, mask = split.present[name], split.masks.get(name)

    def of_row(row: int) -> Encoded:
        if not present[row]:
            return None, None
        value = values[row]
        return encode(value if mask is None else value[np.asarray(mask[row])])

    return of_row


def _text(text: str) -> Encoded:
    return "text/plain", str(text)[:TEXT].encode()


def _picture(pixels_CHW: Array) -> Encoded:
    """Encode pixels of 0 to 255, or of 0 to 1; others are stretched to what they are."""
    from PIL import Image

    pixels = np.asarray(pixels_CHW, np.float64)
    if pixels_CHW.dtype.kind == "f":
        low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
        if low < -0.5 or high > 1.5:  # beyond what noise does to pixels of 0 to 1
            pixels = (pixels - low) / max(high - low, 1e-9)
        pixels = 255 * np.nan_to_num(pixels)
    bytes_HWC = np.rint(np.clip(pixels, 0, 255)).astype(np.uint8).transpose(1, 2, 0)
    picture = Image.fromarray(bytes_HWC[:, :, 0] if bytes_HWC.shape[2] == 1 else bytes_HWC)
    exact = max(picture.size) <= EXACT
    picture.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    picture.save(file, "PNG" if exact else "JPEG", quality=85)
    return "image/png" if exact else "image/jpeg", file.getvalue()


def _clip(samples_T: Array, *, sample_rate: int) -> Encoded:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(sample_rate)
        sound.writeframes(np.asarray(samples_T[: SECONDS * sample_rate]).astype("<i2").tobytes())
    return "audio/wav", file.getvalue()
