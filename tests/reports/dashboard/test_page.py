from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from plotly.offline import get_plotlyjs

from fuselab.cli import main
from fuselab.reports.dashboard import page
from fuselab.reports.dashboard.page import SCRIPTS, STYLES, write_data, write_page

from ..conftest import SweepFolder, write
from .conftest import EVIL, data_of, made


class Scripts(HTMLParser):
    """Collects scripts and tags as a browser would."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attributes) -> None:
        self.tags.append((tag, dict(attributes)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.inside = False


@pytest.fixture
def text(furnished) -> str:
    write(furnished.path)
    return (furnished.path / "report" / "index.html").read_text(encoding="utf-8")


def test_the_same_runs_give_the_same_bytes_and_no_trace_of_the_machine(furnished, tmp_path):
    for name in ("one", "two"):
        write(furnished.path, out=tmp_path / name)
    first = (tmp_path / "one" / "index.html").read_bytes()
    assert first == (tmp_path / "two" / "index.html").read_bytes()
    assert b"\r" not in first.partition(b'id="plotly"')[0]
    assert str(tmp_path).encode() not in first


def test_a_name_that_is_an_attack_is_a_name(text, furnished):
    parsed = Scripts(text)
    assert [tag for tag, _ in parsed.tags].count("script") == 3
    assert "img" not in {tag for tag, _ in parsed.tags}
    assert EVIL in {one["name"] for one in data_of(furnished.path / "report" / "index.html")["methods"]}


def test_a_data_name_that_is_an_attack_is_a_name(sweep):
    sweep.finished("early/concat", 0, data="</title><script>window.harmed = true</script>")
    *_, written = write(sweep.path)
    parsed = Scripts(written.read_text(encoding="utf-8"))
    assert [tag for tag, _ in parsed.tags].count("script") == 3
    assert data_of(written)["data"] == "</title><script>window.harmed = true</script>"


def test_what_is_said_of_several_reports_is_escaped(furnished):
    one = made(furnished)
    across = {
        "title": EVIL,
        "notes": [EVIL],
        "headings": [EVIL],
        "rows": [{"name": EVIL, "family": EVIL, "cells": [EVIL], "marked": [0]}],
        "footnotes": [EVIL],
        "claims": [EVIL],
        "downloads": {EVIL: EVIL},
        "figures": [EVIL],
        "ranks": {
            "names": [EVIL, "b", "c"],
            "rank": [3, 1, 2],
            "critical_difference": 1.5,
            "blocks": [EVIL],
            "p": 0.1,
            "over": [EVIL, EVIL],
        },
    }
    written = write_page({"reports": [one, one | {"called": EVIL}], "across": across})
    parsed = Scripts(written)
    assert [tag for tag, _ in parsed.tags].count("script") == 3
    assert "img" not in {tag for tag, _ in parsed.tags}
    known = json.loads(parsed.scripts[0])
    assert known["across"]["title"] == EVIL
    assert known["across"]["ranks"]["names"] == ["b", "c", EVIL]
    assert [report["called"] for report in known["reports"]] == ["trio_digits-v1", EVIL]


def test_the_figures_that_are_drawn_are_linked_the_first_time_too(furnished):
    command = ["report", furnished.path.name, "--output-dir", str(furnished.path.parent)]
    assert main(command) == 0
    report = furnished.path / "report"
    first = (report / "index.html").read_bytes()
    drawn = {path.stem for path in (report / "figures").glob("*.pdf")}
    assert {"bars", "confusion"} <= drawn
    assert data_of(report / "index.html")["figures"] == sorted(f"figures/{name}" for name in drawn)
    assert main(command) == 0
    assert (report / "index.html").read_bytes() == first


def test_figures_of_several_reports_lie_in_their_own_folders(sweep, tmp_path):
    other = SweepFolder(tmp_path / "other")
    for one, changes in ((sweep, {}), (other, {"data": "mosi", "data_fingerprint": "beef"})):
        one.finished("early/concat", 0, **changes)
    (tmp_path / "report" / "mosi" / "figures").mkdir(parents=True)
    (tmp_path / "report" / "mosi" / "figures" / "bars.svg").touch()
    *_, written = (path for path in write(sweep.path, other.path, out=tmp_path / "report") if path.suffix == ".html")
    known = json.loads(Scripts(written.read_text(encoding="utf-8")).scripts[0])
    assert [report["figures"] for report in known["reports"]] == [[], ["mosi/figures/bars"]]


def test_one_report_is_written_as_it_was_gathered(furnished):
    one = made(furnished)
    assert json.loads(Scripts(write_page({"reports": [one], "across": None})).scripts[0]) == {
        "reports": [one],
        "across": None,
    }


def test_reports_that_are_called_the_same_are_refused(furnished):
    one = made(furnished)
    with pytest.raises(ValueError, match=r"called \(trio_digits-v1, trio_digits-v1\) must differ"):
        write_page({"reports": [one, one], "across": None})


def test_only_its_own_scripts_may_run_and_nothing_may_be_fetched(text):
    parsed = Scripts(text)
    data, app, plotly = parsed.scripts
    (policy,) = [one["content"] for tag, one in parsed.tags if tag == "meta" and "http-equiv" in one]
    rules = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in (app, plotly)}
    assert set(rules["script-src"].split()) == hashes
    assert rules["default-src"] == "'none'"
    assert not re.search(r"https?:", policy)
    assert plotly == get_plotlyjs()
    json.loads(data)
    assert not [one for _, one in parsed.tags if str(one.get("src", "")).startswith("http")]


def test_the_page_is_small(text):
    assert len(text.encode()) < 6 * 2**20  # of which plotly.js takes 4.6


def test_every_file_of_the_page_is_in_it():
    there = {path.name for path in files("fuselab.reports.dashboard").joinpath("page").iterdir()}
    assert there == {"index.html", *STYLES, *SCRIPTS}


def test_texts_are_only_ever_set_as_text():
    for name in SCRIPTS:
        script = files("fuselab.reports.dashboard").joinpath("page", name).read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", script), (
            name
        )


@pytest.mark.parametrize("name", ["</script>", "<!--", "\u2028", 'a"b\\c', "größer 🙂"])
def test_data_come_back_as_they_are(name):
    text = write_data({"name": name})
    assert json.loads(text) == {"name": name}
    assert "<" not in text


@pytest.mark.parametrize("script", ["let x = '</script>'", "// <!-- x", "'<SCRIPT'"])
def test_a_script_that_would_end_its_element_is_refused(script, monkeypatch):
    monkeypatch.setattr(page, "_file", lambda _: script)
    with pytest.raises(ValueError, match=r"must not hold </script, <script or <!--"):
        write_page({"reports": [{"called": "x", "title": "x", "samples": []}], "across": None})


def test_a_name_that_is_no_unicode_is_written_all_the_same(tmp_path):
    assert write_data({"name": "\udcff"}).encode("utf-8", "replace") == b'{"name":"?"}'


def test_the_room_needs_neither_torch_nor_wandb():
    code = (
        "import sys, fuselab.reports.dashboard.gather, fuselab.reports.dashboard.page; "
        "print([name for name in ('torch', 'wandb', 'pytorch_lightning', 'plotly') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
