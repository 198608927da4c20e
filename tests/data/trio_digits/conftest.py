from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuselab.data.trio_digits import generator
from fuselab.data.trio_digits.recipe import Recipe

Settings = dict[str, Any]


@pytest.fixture(scope="session")
def settings() -> Callable[..., Settings]:
    """The shipped recipe, small; keywords change it."""

    def make(**changes: Any) -> Settings:
        return {
            "seed": 0,
            "sizes": {"train": 60, "val": 30, "test": 30},
            "shares": {"train": 0.6, "val": 0.15, "test": 0.25},
            "mix": {
                "unique_image": 0.15, "unique_audio": 0.2, "redundant": 0.15, "synergy_max": 0.2, "synergy_add": 0.3,
            },
            "image_noise": 0.1,
            "redundant_image_noise": 0.5,
            "snr_db": [15, 30],
            "redundant_snr_db": [-5, 5],
            "rate": [130, 220],
            "pitch": [20, 80],
            "sample_rate": 8000,
            "seconds": 0.75,
            "missing": {"image": 0.0, "audio": 0.0, "text": 0.0},
        } | changes  # fmt: skip

    return make


@pytest.fixture(scope="session")
def made(settings: Callable[..., Settings]) -> dict[str, Any]:
    """Spoken samples, enough to count and to learn a little from."""
    sizes = {"train": 600, "val": 100, "test": 300}
    return generator.generate(Recipe(**settings(sizes=sizes)), progress=lambda *_: None)


@pytest.fixture(scope="session")
def unspoken(settings: Callable[..., Settings]) -> Callable[..., dict[str, Any]]:
    """Generate without the synthesiser: each word is a tone as long as half its clip. Thousands of samples a second."""

    def hum(clips: Any, *, length: int, **_: Any) -> tuple[Any, Any]:
        tone = (1000 * np.sin(np.arange(length))).astype(np.int16)
        return np.tile(tone, (len(clips), 1)), np.full(len(clips), length // 2)

    def make(**changes: Any) -> dict[str, Any]:
        recipe = Recipe(**settings(**{"seconds": 0.25, "sample_rate": 4000} | changes))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(generator, "speak", hum)
            return generator.generate(recipe, progress=lambda *_: None)

    return make


@pytest.fixture(scope="session")
def many(unspoken: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Samples enough for statistics, without speech."""
    return unspoken(sizes={"train": 20_000, "val": 1, "test": 1})


@pytest.fixture(scope="session")
def truth() -> Callable[[str, int, int], int | None]:
    """The answers in other words than the generator's; None where a kind can't show those digits."""

    def answer(kind: str, seen: int, heard: int) -> int | None:
        match kind:
            case "unique_image":
                return seen
            case "unique_audio":
                return heard
            case "redundant":
                return seen if seen == heard else None
            case "synergy_max":
                return sorted([seen, heard])[1]
            case "synergy_add":
                return int(str(seen + heard)[-1])
        raise AssertionError(kind)

    return answer


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of one's own."""
    monkeypatch.setenv("FUSELAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
