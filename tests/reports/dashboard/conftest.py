"""A sweep with all that the page shows: curves, predictions, samples, names that ask for trouble."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from fuselab.runs.excerpt import Shown, excerpt_file, write_excerpt
from fuselab.runs.predictions import write_predictions

from ..conftest import SLICES, SweepFolder, write

SAMPLES, CLASSES, EPOCHS = 40, 4, 6
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
EVIL = "early/</script><script>window.harmed = true</script><img src=x onerror='window.harmed = true'>&amp;größer"
METHODS = {"unimodal/image": 0.4, "late/mean": 0.6, "early/concat": 0.7, "attention/cross": 0.9}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c636060606000000005000157a5cd0a0000000049454e44ae426082"
)


def furnish(
    folder: Path,
    *,
    right: float,
    seed: int,
    weights: Mapping[str, float] | None = None,
    slices: Sequence[str] = SLICES,
) -> None:
    """Give a run curves and predictions, of which a share is right, and a weight of each modality."""
    rows = [f"{epoch},{64 * epoch},{1 / (epoch + 1)},{right * epoch / EPOCHS},0.5" for epoch in range(EPOCHS)]
    head = "epoch,step,train/loss,val/accuracy,val/accuracy/redundant"
    (folder / "metrics.csv").write_text("\n".join([head, *rows]) + "\n")
    target = np.arange(SAMPLES) % CLASSES
    said = np.where(np.arange(SAMPLES) < round(right * SAMPLES), target, (target + 1 + seed) % CLASSES)
    output = np.log(0.1 + 0.6 * np.eye(CLASSES)[said])
    columns = {"index": np.arange(SAMPLES), "target": target, "output": output, "slice": np.arange(SAMPLES) % 3}
    columns |= {f"weight.{name}": np.full(SAMPLES, one) for name, one in (weights or {}).items()}
    write_predictions(folder / "predictions.parquet", columns, slices=slices)


def keep_samples(sweep: Path, indices: list[int]) -> None:
    shown = []
    for index in indices:
        shown += [
            Shown(index, "image", "image/png", PIXEL),
            Shown(index, "text", "text/plain", f"<b>question {index}</b> größer?".encode()),
            Shown(index, "audio", None, None),
        ]
    write_excerpt(excerpt_file(sweep, "f00d"), shown)


@pytest.fixture
def furnished(sweep: SweepFolder) -> SweepFolder:
    """Four methods with two seeds each, a fifth whose name is an attack, and samples."""
    for method, right in (METHODS | {EVIL: 0.5}).items():
        for seed in range(2):
            furnish(sweep.finished(method, seed, right + 0.02 * seed), right=right, seed=seed)
    keep_samples(sweep.path, list(range(0, SAMPLES, 2)))
    return sweep


def told_apart(sweep: SweepFolder) -> SweepFolder:
    """Add two methods that their seeds tell from a third, but not from each other."""
    for method, accuracy in {"early/concat": 0.80, "early/sum": 0.801, "late/mean": 0.60}.items():
        for seed in range(5):
            sweep.finished(method, seed, accuracy + 0.002 * (hash_of(method, seed) % 7))
    return sweep


def hash_of(*parts: object) -> int:
    return zlib.crc32(repr(parts).encode())


def data_of(page: Path) -> dict[str, Any]:
    """Read what a page of one report knows as a browser would: up to the first end of the element."""
    text = page.read_text(encoding="utf-8")
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script', text, re.DOTALL)
    return json.loads(found)["reports"][0]


def made(sweep: SweepFolder, **options: Any) -> dict[str, Any]:
    """Write a report and return what its page knows."""
    files = write(sweep.path, **options)
    return data_of(next(file for file in files if file.name == "index.html"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Window:
    """A page that is open, and what went wrong with it."""

    def __init__(self, page: Page, report: Path) -> None:
        self.page = page
        self.address = report.as_uri()
        self.wrong: list[str] = []
        page.on("console", lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on(
            "request",
            lambda one: None if one.url.startswith(("file:", "data:", "blob:")) else self.wrong.append(one.url),
        )

    def open(self, route: str = "") -> Page:
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}#/{route}")
        return self.page

    def column(self, place: int) -> list[str]:
        return self.page.locator(f"main tbody tr > :nth-child({place})").all_inner_texts()


@pytest.fixture
def shown(browser: Browser, report: Path) -> Iterator[Window]:
    context = browser.new_context(viewport=DESK, color_scheme="light", accept_downloads=True)
    one = Window(context.new_page(), report)
    one.page.set_default_timeout(20_000)
    yield one
    harmed = one.page.evaluate("window.harmed")
    context.close()
    assert one.wrong == []
    assert harmed is None
