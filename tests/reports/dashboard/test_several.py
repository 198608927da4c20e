"""A page of several data in a real browser, and what each of its pages shows besides the tables."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from fuselab.reports.dashboard.page import write_page
from fuselab.runs.excerpt import Shown, excerpt_file, write_excerpt

from ..conftest import SweepFolder, make_result, write
from .conftest import CHROMIUM, DESK, EVIL, PHONE, PIXEL, furnish, made

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; install the package chromium"),
]
GATED, MEAN = "early/gated", "late/mean"
SKILL = {"unimodal/image": 0.4, MEAN: 0.6, GATED: 0.8}
WEIGHTS = {MEAN: {"image": 0.25, EVIL: 0.75}, GATED: {"image": 0.5, EVIL: 0.5}}
NAMES = ("redundant", "unique_audio", EVIL)  # of slices
VECTOR = b'{"kind":"vector","values":[0.5,-2,null]}'
MANY = b'{"kind":"vector","values":[' + b",".join([b"1.5", b"-0.5"] * 20) + b"]}"
LINES = b'{"kind":"lines","values":[[0,1,null,3],[1,1,1,1]]}'


def add_runs(sweep: SweepFolder, **changes: Any) -> None:
    config = {"task": {"calibration_bins": 5}, "name": "trio", "output_dir": "outputs"}
    config |= {"data": {"source": {"modalities": {"person": {"numeric": [EVIL, "b", "c"]}}}}}
    for method, right in SKILL.items():
        for seed in range(2):
            test = make_result(method, seed, right)["test"]
            test["slices"] = {name: {"accuracy": right + 0.01 * place} for place, name in enumerate(NAMES)}
            folder = sweep.finished(method, seed, right, config=config, test=test, **changes)
            furnish(folder, right=right, seed=seed, weights=WEIGHTS.get(method), slices=NAMES)
    strip = b'{"kind":"strip","png":"%s"}' % base64.b64encode(PIXEL)
    shown = [
        Shown(39, EVIL, "text/plain", EVIL.encode(), EVIL),
        Shown(39, "person", "application/json", VECTOR),
        Shown(39, "many", "application/json", MANY),
        Shown(39, "gaze", "application/json", LINES, "a point is the mean of about 3.0 steps"),
        Shown(39, "mel", "application/json", strip, "2 steps"),
    ]
    write_excerpt(excerpt_file(sweep.path, "f00d"), shown)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a page of two data, of which the second has a method less."""
    folder = tmp_path_factory.mktemp("several")
    first, second = (SweepFolder(folder / name / "trio") for name in ("one", "two"))
    add_runs(first)
    add_runs(second, data=EVIL)
    for path in second.path.glob("unimodal-*"):
        path.rename(folder / path.name)
    reports = [made(first) | {"called": "digits"}, made(second) | {"called": EVIL, "figures": ["figures/größe #1"]}]
    across = {
        "title": "2 sets of data",
        "notes": [f"digits: {EVIL}"],
        "headings": ["digits accuracy", f"{EVIL} accuracy", "rank"],
        "rows": [
            {"name": GATED, "family": "early", "cells": ["0.800 ± 0.010", "0.700", "1.0"], "marked": [0]},
            {"name": MEAN, "family": "late", "cells": ["0.600", "0.650", "2.0"], "marked": []},
            {"name": "unimodal/image", "family": "unimodal", "cells": ["0.400", "—", "3.0"], "marked": []},
        ],
        "footnotes": [EVIL],
        "downloads": {"tables/table.md": f"# {EVIL}"},
        "figures": ["figures/ranks"],
        "claims": ["early/gated is better than late/mean on both"],
        "ranks": {
            "names": ["unimodal/image", GATED, MEAN],
            "rank": [3.0, 1.0, 2.0],
            "critical_difference": 1.5,
            "blocks": ["digits", EVIL],
            "p": 0.0004,
            "over": ["sets of data", "Each counts once."],
        },
    }
    page = folder / "index.html"
    page.write_text(write_page({"reports": reports, "across": across}), encoding="utf-8")
    return page


def method_route(place: int, method: str) -> str:
    return f"d/{place}/method/{quote(method, safe='')}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_of_every_data_opens_without_an_error_and_fits(shown, size, scheme):
    shown.page.set_viewport_size(size)
    shown.page.emulate_media(color_scheme=scheme)
    compare = "/".join(quote(f"m:{name}", safe="") for name in (GATED, MEAN))
    pages = ("", "runs", "samples", "statistics", "downloads", f"compare/{compare}", f"method/{quote(MEAN, safe='')}")
    for route in ("", *(f"d/{place}/{page}" for place in (1, 2) for page in pages)):
        page = shown.open(route)
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, route
        for chart in page.locator(".chart").all():
            chart.scroll_into_view_if_needed()
            expect(chart.locator(".main-svg").first).to_be_visible()


def test_the_first_page_is_of_all_data_and_leads_to_each(shown):
    page = shown.open()
    expect(page.locator("h1")).to_have_text("2 sets of data")
    assert page.locator("tbody strong").all_inner_texts() == ["0.800 ± 0.010"]
    expect(page.get_by_role("note").locator("li")).to_have_text(f"digits: {EVIL}")  # a name keeps its letters
    expect(page.locator(".claims")).to_contain_text("early/gated is better than late/mean on both.")
    assert page.locator("tbody tr").last.get_by_role("link").all_inner_texts() == ["0.400"]
    page.get_by_role("link", name=f"0.650: late/mean on {EVIL} accuracy").click()
    expect(page.locator("h1")).to_have_text(MEAN)
    assert page.url.endswith("#/d/2/method/late%2Fmean")
    page.go_back()
    head = page.get_by_role("columnheader", name="rank")
    for direction in ("ascending", "descending"):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == direction
    assert shown.column(1) == ["unimodal/image", MEAN, GATED]


def test_the_page_of_two_sweeps_leads_from_their_table_to_each(shown, tmp_path):
    first, second = (SweepFolder(tmp_path / name / "trio") for name in ("one", "two"))
    add_runs(first)
    add_runs(second, data="größer", data_fingerprint="beef")
    written = write(first.path, second.path, out=tmp_path / "report")
    shown.address = next(path for path in written if path.name == "index.html").as_uri()
    page = shown.open()
    assert shown.column(3) == shown.column(4) == ["0.400 ± 0.000", "0.600 ± 0.000", "0.800 ± 0.000"]
    page.locator("tbody tr", has_text=MEAN).get_by_role("link").last.click()
    expect(page.locator("h1")).to_have_text(MEAN)
    assert "#/d/2/" in page.url
    page.goto((tmp_path / "report" / "größer" / "tables" / "table.html").as_uri())
    page.get_by_role("link", name="gated").click()
    expect(page.locator("h1")).to_have_text(GATED)
    assert page.url.endswith("report/index.html#/d/2/method/early%2Fgated")
    expect(page.get_by_label("Data", exact=True).locator("option:checked")).to_contain_text("größer")


def test_the_table_of_all_data_can_be_downloaded(shown):
    page = shown.open()
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download tables/table.md").click()
    assert Path(begun.value.path()).read_text(encoding="utf-8") == f"# {EVIL}"
    expect(page.get_by_role("link", name="figures/ranks as pdf")).to_have_attribute("href", "./figures/ranks.pdf")


def test_ranks_join_what_is_not_told_apart(shown):
    page = shown.open()
    assert page.locator(".ranks .ranked .name").all_inner_texts() == [GATED, MEAN, "unimodal/image"]
    expect(page.get_by_text("Friedman's test that all are alike: p < 0.001")).to_be_visible()
    expect(page.get_by_text("Each counts once.")).to_be_visible()
    assert [one.get_attribute("aria-label") for one in page.locator(".ranks .alike").all()] == [
        "not told apart: early/gated, late/mean",
        "not told apart: late/mean, unimodal/image",
    ]
    boxes = [one.bounding_box() for one in page.locator(".ranks .alike").all()]
    assert boxes[0]["x"] < boxes[1]["x"]  # they overlap, so that they stand beside one another
    page = shown.open("d/1/statistics")
    expect(page.get_by_text("The slices of one test set are no independent sets of data")).to_be_visible()
    expect(page.locator(".ranks").get_by_role("link", name=GATED)).to_have_attribute(
        "href", "#/d/1/method/early%2Fgated"
    )


def test_the_choice_of_the_data_stands_in_the_address_and_keeps_the_page(shown):
    page = shown.open(method_route(1, MEAN))
    choice = page.get_by_label("Data", exact=True)
    assert choice.locator("option").all_inner_texts() == ["All data", "digits", EVIL]
    choice.select_option(label=EVIL)
    expect(page.locator("h1")).to_have_text(MEAN)
    assert page.url.endswith("#/d/2/method/late%2Fmean")
    assert choice.input_value() == "2"
    page = shown.open(method_route(1, "unimodal/image"))
    choice.select_option(label=EVIL)
    expect(page.locator("h1")).to_have_text(EVIL)  # which lacks the method: its overview
    choice.select_option(label="All data")
    expect(page.locator("h1")).to_have_text("2 sets of data")
    page.go_back()
    expect(page.locator("h1")).to_have_text(EVIL)


def test_the_keyboard_alone_chooses_the_data_and_goes_on_choosing(shown):
    page = shown.open("d/1/statistics")
    page.get_by_label("Data", exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**#/d/2/statistics")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Data"
    page.keyboard.press("ArrowUp")
    page.wait_for_url("**#/d/1/statistics")
    expect(page.locator("#said")).to_have_text("digits shown")


def test_each_data_is_left_as_it_was(shown):
    page = shown.open("d/1/")
    page.get_by_label("Search").fill("gated")
    page.get_by_label("Compare early/gated", exact=True).check()
    page.get_by_label("Data", exact=True).select_option("2")
    expect(page.get_by_label("Search")).to_have_value("")
    expect(page.locator("#tray")).to_be_hidden()
    page.get_by_label("Data", exact=True).select_option("1")
    expect(page.get_by_label("Search")).to_have_value("gated")
    expect(page.locator("#tray")).to_contain_text("1 chosen")


@pytest.mark.parametrize("route", ["d/3", "d/0", "d/x/runs", "runs", "d/1/nothing", method_route(2, "unimodal/image")])
def test_an_address_of_no_data_says_so(shown, route):
    page = shown.open(route)
    expect(page.locator("h1")).to_have_text("Not here")
    page.get_by_role("link", name="Back to the overview").click()
    expect(page.locator("h1")).not_to_have_text("Not here")


def test_weights_stand_side_by_side_by_slice(shown):
    page = shown.open(
        f"d/1/compare/{'/'.join(quote(f'm:{name}', safe='') for name in (GATED, MEAN, 'unimodal/image'))}"
    )
    table = page.get_by_role("region", name="Modality weights")
    assert table.locator("tbody th").all_inner_texts() == ["all samples", *NAMES]
    row = table.locator("tbody tr").nth(3)
    assert [one.get_attribute("aria-label") for one in row.get_by_role("img").all()] == [
        f"image 50 % ± 0, {EVIL} 50 % ± 0",
        f"image 25 % ± 0, {EVIL} 75 % ± 0",
    ]
    assert row.locator("td").last.inner_text() == "—"
    widths = [one.bounding_box()["width"] for one in row.get_by_role("img").last.locator("span").all()]
    assert widths[1] / widths[0] == pytest.approx(3, rel=0.05)


def test_a_sample_shows_the_weights_that_each_method_gave_it(shown):
    page = shown.open("d/2/samples")
    card = page.locator(".card").first
    bars = card.locator(".weighed").get_by_role("img")
    assert {one.get_attribute("aria-label") for one in bars.all()} == {
        f"image 50 % ± 0, {EVIL} 50 % ± 0",
        f"image 25 % ± 0, {EVIL} 75 % ± 0",
    }
    page = shown.open("d/1/samples")
    assert page.locator(".card").first.locator(".answers tr").count() == 5  # three methods, of which one has no weights


def test_a_sample_shows_its_numbers(shown):
    page = shown.open("d/1/samples")
    card = page.locator(".card").first
    few = card.locator(".numbers").first
    assert few.locator("dt").all_inner_texts() == [EVIL, "b", "c"]
    assert few.locator("dd").all_inner_texts() == ["0.500", "\N{MINUS SIGN}2", "—"]
    many = card.get_by_role("img", name="many of the sample")
    assert many.locator("path").get_attribute("d").count("z") == 40
    card.get_by_text("40 numbers from \N{MINUS SIGN}0.500 to 1.50").click()
    expect(card.locator("details .numbers dt")).to_have_count(40)
    lines = card.get_by_role("img", name="gaze of the sample").locator("path")
    assert [one.get_attribute("d").count("M") for one in lines.all()] == [2, 1]  # a gap, and none
    strip = card.get_by_role("img", name="mel of the sample over time")
    assert strip.evaluate("async one => { await one.decode(); return one.naturalWidth; }") == 1
    assert card.locator(".noted", has_text=EVIL).count() == 1
    expect(card).to_contain_text("A point is the mean of about 3.0 steps")


def test_reliability_is_of_all_seeds_and_stands_side_by_side(shown):
    page = shown.open(method_route(1, GATED))
    panel = page.locator(".panel", has=page.get_by_role("heading", name="Reliability"))
    expect(panel).to_contain_text("Calibration error 0.050 ± 0.000")
    chart = panel.get_by_role("img", name="share of right answers against confidence")
    chart.scroll_into_view_if_needed()
    expect(chart.locator(".main-svg").first).to_be_visible()
    alone, diagonal, points = chart.evaluate("one => one.data.map(({ x, y }) => ({ x, y }))")
    assert (diagonal["x"], diagonal["y"]) == ([0, 1], [0, 1])
    assert alone["y"] == [0, 0, 0, 1, 0]  # all answers are 0.7 sure, in the fourth of five bins
    assert points["x"] == pytest.approx([0.7], abs=1e-4)
    assert points["y"] == pytest.approx([0.8])
    page = shown.open(f"d/1/compare/{'/'.join(quote(f'm:{name}', safe='') for name in (GATED, MEAN))}")
    chart = page.get_by_role("img", name="share of right answers against confidence")
    chart.scroll_into_view_if_needed()
    expect(chart.locator(".main-svg").first).to_be_visible()
    assert [one["y"] for one in chart.evaluate("one => one.data.map(({ y }) => ({ y }))")][1:] == [[0.8], [0.6]]


def test_a_mean_leads_to_the_runs_that_it_is_made_from(shown):
    page = shown.open(method_route(2, GATED))
    row = page.get_by_role("row", name="accuracy", exact=False).first
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    assert row.locator(".made li").all_inner_texts() == ["seed 0 0.800", "seed 1 0.800"]
    row.locator(".made").get_by_role("link", name="seed 1").click()
    expect(page.locator("h1")).to_have_text("early/gated, seed 1")
    assert "#/d/2/run/early-gated-s1-" in page.url


def test_a_run_says_where_it_comes_from_and_how_to_repeat_it(shown):
    page = shown.open("d/1/runs")
    page.get_by_role("link", name="early/gated, seed 0").click()
    panel = page.locator(".panel", has=page.get_by_role("heading", name="Where it comes from"))
    facts = dict(zip(panel.locator("dt").all_inner_texts(), panel.locator("dd").all_inner_texts(), strict=True))
    name = facts["folder"].removeprefix("trio/")
    assert name.startswith("early-gated-s0-")
    assert (facts["commit"], facts["data fingerprint"], facts["split hash"]) == ("abc1234", "f00d", "5c1a")
    assert facts["torch"] == "2.11.0"
    shown.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the command").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = f"fuselab train --config-dir outputs/trio/{name} --config-name config output_dir=repeated"
    assert page.evaluate("navigator.clipboard.readText()") == command
    expect(page.locator("code.command")).to_have_text(command)


def test_a_browser_that_gives_no_clipboard_marks_the_command(shown):
    page = shown.open("d/1/runs")
    page.get_by_role("link", name="early/gated, seed 0").click()
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    page.get_by_role("button", name="Copy the command").click()
    expect(page.get_by_role("button", name="Marked: press Ctrl+C")).to_be_visible()
    assert page.evaluate("getSelection().toString()").startswith("fuselab train --config-dir outputs/trio/")


def test_figures_are_files_beside_the_page(shown, report):
    (report.parent / "figures").mkdir(exist_ok=True)
    (report.parent / "figures" / "größe #1.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8"
    )
    page = shown.open("d/2/downloads")
    expect(page.get_by_text("They stand beside this page, and only there")).to_be_visible()
    links = {one.get_attribute("aria-label"): one.evaluate("one => one.href") for one in page.locator(".files a").all()}
    assert set(links) == {f"figures/größe #1 as {kind}" for kind in ("svg", "pdf", "png")}
    assert links["figures/größe #1 as svg"] == (report.parent / "figures" / "größe #1.svg").as_uri()
    page = shown.open("d/1/downloads")
    expect(page.get_by_role("heading", name="Figures")).to_have_count(0)
