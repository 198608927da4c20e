"""A page that shows trio_digits to a person: what it holds, and samples to look at and listen to."""

from __future__ import annotations

import base64
import io
import struct
import wave
import zlib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from fuselab.data.paired import SPLITS, Array
from fuselab.data.trio_digits.questions import DEFINITIONS, KINDS
from fuselab.data.trio_digits.recipe import MODALITIES
from fuselab.data.trio_digits.source import TrioDigits
from fuselab.errors import ConfigError, DataError

SHOWN = "train"  # the only split whose samples anyone looks at
_BARS = 150
_PAGE = Path(__file__).with_name("datacard.html")


def write_datacard(source: TrioDigits, out: Path, *, samples_per_kind: int = 2) -> Path:
    """Write one HTML file that needs no other file and no network.

    Args:
        source: what to show
        out: the file to write
        samples_per_kind: samples of each kind of question, all from the train split

    Returns:
        the file

    Raises:
        ConfigError: fewer than one sample of each kind
        DataError: the file can't be written
    """
    if samples_per_kind < 1:
        raise ConfigError(f"samples_per_kind ({samples_per_kind}) must be at least 1; show one or more")
    arrays = source.arrays()
    counts = {split: np.bincount(arrays[f"{split}.slice"], minlength=len(KINDS)) for split in SPLITS}
    train = {name.removeprefix(f"{SHOWN}."): array for name, array in arrays.items() if name.startswith(f"{SHOWN}.")}
    shown = [np.flatnonzero(train["slice"] == number)[:samples_per_kind] for number in range(len(KINDS))]
    page = Template(_PAGE.read_text(encoding="utf-8")).substitute(
        name=escape(source.name),
        fingerprint=escape(str(arrays["fingerprint"])),
        totals="".join(f"<div><dd>{counts[s].sum():,}</dd><dt>{s} samples</dt></div>" for s in SPLITS),
        heads="".join(f'<th class="number">{split}</th>' for split in SPLITS),
        rows="".join(_definition(kind, [counts[s][number] for s in SPLITS]) for number, kind in enumerate(KINDS)),
        sums="".join(f'<td class="number">{counts[split].sum():,}</td>' for split in SPLITS),
        samples_per_kind=samples_per_kind,
        cards="".join(_card(train, row, source.recipe.sample_rate) for row in np.concatenate(shown)),
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise DataError(f"the data card ({out}) must be a file that can be written; name another ({error})") from error
    return out


def _definition(kind: str, counts: list[int]) -> str:
    answer, determined_by = DEFINITIONS[kind]
    numbers = "".join(f'<td class="number">{count:,}</td>' for count in counts)
    return (
        f'<tr style="--kind: var(--{kind})"><td class="kind">{kind}</td><td>{escape(answer)}</td>'
        f"<td>{escape(determined_by)}</td>{numbers}</tr>"
    )


def _card(train: Mapping[str, Array], row: int, sample_rate: int) -> str:
    kind = KINDS[train["slice"][row]]
    present = {name: bool(train[f"present_{name}"][row]) for name in MODALITIES}
    question = f'<p class="question">{escape(str(train["text"][row]))}?</p>'
    if not present["text"]:
        question = '<p class="question missing">question missing</p>'
    picture, sound = '<div class="missing">image missing</div>', '<div class="missing">audio missing</div>'
    if present["image"]:
        link = _link("image/png", _png(train["image"][row, 0]))
        picture = (
            f'<img src="{link}" alt="handwritten {train["seen"][row]}"><figcaption>8 &times; 8 pixels</figcaption>'
        )
    if present["audio"]:
        clip = train["audio"][row]
        caption = f"{escape(str(train['voice'][row]))}, {train['snr_db'][row]:.0f} dB over noise"
        link = _link("audio/wav", _wav(clip, sample_rate))
        sound = f'{_waveform(clip)}<audio controls src="{link}"></audio><figcaption>{caption}</figcaption>'
    return (
        f'<article class="card" style="--kind: var(--{kind})">'
        f'<header><span class="kind">{kind}</span><span class="soft mono">{SHOWN} {row}</span></header>'
        f'{question}<div class="streams"><figure class="picture">{picture}</figure>'
        f'<figure class="sound">{sound}</figure></div>'
        f'<dl class="facts"><div><dt>Seen</dt><dd>{train["seen"][row]}</dd></div>'
        f"<div><dt>Heard</dt><dd>{train['heard'][row]}</dd></div>"
        f'<div class="answer"><dt>Answer</dt><dd>{train["target"][row]}</dd></div></dl></article>'
    )


def _link(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _png(image: Array) -> bytes:
    """Encode pixels from 0 (paper) to 1 (ink) as a greyscale PNG, uncompressed: the same bytes with any zlib."""
    grey = np.rint(255 * (1 - np.clip(image, 0, 1))).astype(np.uint8)
    height, width = grey.shape
    rows = b"".join(b"\0" + row.tobytes() for row in grey)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 0)),
        (b"IEND", b""),
    )
    framed = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def _wav(clip: Array, sample_rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(sample_rate)
        sound.writeframes(clip.astype("<i2").tobytes())
    return file.getvalue()


def _waveform(clip: Array) -> str:
    """Draw the loudest moment of each of some bars, both ways from the middle."""
    level = np.array([np.abs(part.astype(np.int32)).max() for part in np.array_split(clip, _BARS)])
    heights = np.maximum(np.rint(48 * level / max(level.max(), 1)).astype(int), 1)
    bars = "".join(f"M{4 * bar} {50 - height}h2v{2 * height}h-2z" for bar, height in enumerate(heights))
    return f'<svg viewBox="0 0 {4 * _BARS} 100" preserveAspectRatio="none" aria-hidden="true"><path d="{bars}"/></svg>'
