from __future__ import annotations

import base64
import io
import re
import wave
import zlib
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuselab.data.trio_digits import datacard
from fuselab.data.trio_digits.datacard import write_datacard
from fuselab.data.trio_digits.questions import DEFINITIONS, KINDS
from fuselab.data.trio_digits.source import TrioDigits
from fuselab.errors import ConfigError, DataError

Make = Callable[..., dict[str, Any]]
VOID = {"meta", "img"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def source(built: Path, settings: Make, monkeypatch: pytest.MonkeyPatch) -> TrioDigits:
    monkeypatch.setenv("FUSELAB_CACHE", str(built))
    return TrioDigits(**settings())


@pytest.fixture
def holed(built: Path, settings: Make, monkeypatch: pytest.MonkeyPatch) -> TrioDigits:
    monkeypatch.setenv("FUSELAB_CACHE", str(built))
    return TrioDigits(**settings(missing={"image": 0.3, "audio": 0.3, "text": 0.3}))


def cards(page: str) -> list[str]:
    return page.split("<article")[1:]


def shown(source: TrioDigits, samples_per_kind: int) -> list[int]:
    kinds = source.arrays()["train.slice"].tolist()
    return [
        row for kind in range(5) for row in [n for n, other in enumerate(kinds) if other == kind][:samples_per_kind]
    ]


class Nesting(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(source: TrioDigits, tmp_path: Path):
    out = tmp_path / "new" / "card.html"
    assert write_datacard(source, out) == out
    page = out.read_text(encoding="utf-8")
    parser = Nesting()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert len(parser.links) == 20
    assert all(link.startswith("data:") for link in parser.links)
    assert not re.search(r"https?://|url\(|@import|<script|\$\w", page)
    assert "prefers-color-scheme: dark" in page


def test_it_says_which_data_it_is(source: TrioDigits, tmp_path: Path):
    page = write_datacard(source, tmp_path / "card.html").read_text()
    assert "<h1>trio_digits-v1</h1>" in page
    assert source.load().fingerprint in page


def test_kinds_are_defined_and_counted(source: TrioDigits, tmp_path: Path):
    page = write_datacard(source, tmp_path / "card.html").read_text()
    arrays = source.arrays()
    rows = re.findall(r"<tr style.*?</tr>", page)
    for number, (kind, row) in enumerate(zip(KINDS, rows, strict=True)):
        counts = [str((arrays[f"{split}.slice"] == number).sum()) for split in ("train", "val", "test")]
        assert re.findall(r'"number">(\d+)<', row) == counts
        assert f">{kind}<" in row
        assert all(f">{words}<" in row for words in DEFINITIONS[kind])
    assert [f'"number">{size}<' in page for size in (60, 30, 30)] == [True] * 3


@pytest.mark.parametrize("samples_per_kind", [1, 3])
def test_samples_of_the_train_split_are_shown_with_their_truth(
    source: TrioDigits, tmp_path: Path, samples_per_kind: int
):
    page = write_datacard(source, tmp_path / "card.html", samples_per_kind=samples_per_kind).read_text()
    arrays = source.arrays()
    for row, card in zip(shown(source, samples_per_kind), cards(page), strict=True):
        assert f">train {row}<" in card
        assert f">{KINDS[arrays['train.slice'][row]]}<" in card
        assert f">{arrays['train.text'][row]}?<" in card
        facts = dict(re.findall(r"<dt>(\w+)</dt><dd>(\d)</dd>", card))
        names = {"Seen": "seen", "Heard": "heard", "Answer": "target"}
        assert facts == {title: str(arrays[f"train.{name}"][row]) for title, name in names.items()}
        assert arrays["train.voice"][row] in card
    assert not re.search(r">(val|test) \d", page)
    assert "Validation and test stay shut" in page


def decode(card: str, kind: str) -> bytes:
    found = re.search(f'data:{kind};base64,([^"]+)', card)
    assert found
    return base64.b64decode(found[1])


def test_pictures_and_sounds_are_the_samples(source: TrioDigits, tmp_path: Path):
    page = write_datacard(source, tmp_path / "card.html").read_text()
    arrays = source.arrays()
    for row, card in zip(shown(source, 2), cards(page), strict=True):
        with wave.open(io.BytesIO(decode(card, "audio/wav"))) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
            np.testing.assert_array_equal(np.frombuffer(sound.readframes(9999), "<i2"), arrays["train.audio"][row])
        png = decode(card, "image/png")
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        place = png.index(b"IDAT")
        length = int.from_bytes(png[place - 4 : place])
        assert int.from_bytes(png[place + 4 + length : place + 8 + length]) == zlib.crc32(
            png[place : place + 4 + length]
        )
        pixels = np.frombuffer(zlib.decompress(png[place + 4 : place + 4 + length]), np.uint8).reshape(8, 9)[:, 1:]
        ink = 1 - pixels / 255
        np.testing.assert_allclose(ink, np.clip(arrays["train.image"][row, 0], 0, 1), atol=1 / 255)


def test_the_same_data_is_the_same_page(source: TrioDigits, tmp_path: Path):
    one, other = (write_datacard(source, tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert one == other


def test_what_is_missing_is_shown_as_missing(holed: TrioDigits, tmp_path: Path):
    page = write_datacard(holed, tmp_path / "card.html", samples_per_kind=4).read_text()
    arrays = holed.arrays()
    lost = {"image": 0, "audio": 0, "text": 0}
    marks = {"image": ("image missing", "image/png"), "audio": ("audio missing", "audio/wav")}
    for row, card in zip(shown(holed, 4), cards(page), strict=True):
        for name, (mark, kind) in marks.items():
            present = arrays[f"train.present_{name}"][row]
            assert (mark in card, kind in card) == (not present, present)
            lost[name] += not present
        assert ("question missing" in card) == (not arrays["train.present_text"][row])
        lost["text"] += not arrays["train.present_text"][row]
    assert min(lost.values()) > 0


def test_text_is_escaped(source: TrioDigits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    arrays = dict(source.arrays())
    arrays["train.text"] = np.array(["<b>&"] * 60)
    arrays["train.voice"] = np.array(["<i>"] * 60)
    monkeypatch.setattr(source, "arrays", lambda: arrays)
    monkeypatch.setattr(source, "name", "<u>", raising=False)
    monkeypatch.setitem(datacard.DEFINITIONS, "redundant", ("<s>", "<q>"))
    page = write_datacard(source, tmp_path / "card.html").read_text()
    assert not re.search("<b>|<i>|<u>|<s>|<q>", page)
    assert "&lt;b&gt;&amp;?" in page


def test_no_samples_is_refused(source: TrioDigits, tmp_path: Path):
    with pytest.raises(ConfigError, match=r"samples_per_kind \(0\) must be at least 1; show one or more"):
        write_datacard(source, tmp_path / "card.html", samples_per_kind=0)


def test_a_place_that_cannot_be_written_is_an_error_in_words(source: TrioDigits, tmp_path: Path):
    with pytest.raises(DataError, match=r"the data card \(.*\) must be a file that can be written; name another"):
        write_datacard(source, tmp_path)
