"""The page in a real browser: the machine's own Chromium, from disk, without a network."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest
from playwright.sync_api import expect

from ..conftest import SweepFolder, write
from .conftest import CHROMIUM, DESK, EVIL, METHODS, PHONE, furnish, keep_samples, told_apart

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; install the package chromium"),
]
TABS = ("", "runs", "samples", "compare", "statistics", "downloads")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write one report for all tests."""
    sweep = SweepFolder(tmp_path_factory.mktemp("outputs") / "trio")
    for method, right in (METHODS | {EVIL: 0.5}).items():
        for seed in range(2):
            furnish(sweep.finished(method, seed, right + 0.02 * seed), right=right, seed=seed)
    sweep.other("failed", "late/mean", 7)
    keep_samples(sweep.path, list(range(0, 40, 2)))
    write(sweep.path)
    return sweep.path / "report" / "index.html"


def methods_in(shown) -> list[str]:
    return [text.strip() for text in shown.column(1)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_opens_without_an_error_and_fits(shown, size, scheme):
    shown.page.set_viewport_size(size)
    shown.page.emulate_media(color_scheme=scheme)
    page = shown.open("runs")
    run = page.locator("main tbody a", has_text="early/concat, seed 0").get_attribute("href")
    routes = (
        *TABS,
        f"method/{quote('early/concat', safe='')}",
        run.removeprefix("#/"),
        f"method/{quote(EVIL, safe='')}",
    )
    for route in routes:
        page = shown.open(route)
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, route
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, background[4:-1].split(","))) < 150) == (scheme == "dark")
        for chart in page.locator(".chart").all():
            chart.scroll_into_view_if_needed()
            expect(chart.locator(".main-svg").first).to_be_visible()


def test_what_is_left_out_stands_at_the_top(shown):
    page = shown.open()
    expect(page.get_by_role("note")).to_contain_text("Left out: 1 failed: late-mean-s7-failed")


def test_bold_is_what_may_be_the_best_and_claims_are_sentences(shown, tmp_path):
    sweep = told_apart(SweepFolder(tmp_path / "apart"))
    write(sweep.path)
    shown.address = (sweep.path / "report" / "index.html").as_uri()
    page = shown.open()
    row = page.get_by_role("row", name="early/concat")
    assert row.locator("strong").count() == 4  # over all samples and in each slice
    assert page.locator("tbody strong").count() == 8
    assert page.locator("td.chosen").first.evaluate("one => getComputedStyle(one).fontWeight") == "400"
    page = shown.open("statistics")
    expect(page.locator(".claims li", has_text="is better than late/mean").first).to_be_visible()
    assert not any(text.startswith("Early/") for text in page.locator(".claims li").all_inner_texts())


def test_published_figures_stand_below_ours(shown, tmp_path):
    figure = {"label": "<b>Größer</b> et al.", "metric": "accuracy", "value": 0.803, "source": "ACL 2017"}
    sweep = SweepFolder(tmp_path / "published")
    sweep.finished("early/concat", 0, config={"published": [figure]})
    write(sweep.path)
    shown.address = (sweep.path / "report" / "index.html").as_uri()
    table = shown.open().get_by_role("region", name="Published figures")
    assert table.locator("tbody tr > *").all_inner_texts() == ["<b>Größer</b> et al.", "0.803"]


def test_a_click_sorts_and_another_turns_it_round(shown, report):
    page = shown.open()
    table = pd.read_csv(report.parent / "tables" / "table.csv").set_index("method")
    assert methods_in(shown) == list(table.index)  # as the other tables have it
    head = page.get_by_role("columnheader", name="accuracy", exact=True)
    head.get_by_role("button").click()
    assert methods_in(shown) == list(table["accuracy_mean"].sort_values(ascending=False).index)
    assert head.get_attribute("aria-sort") == "descending"
    head.get_by_role("button").click()
    assert methods_in(shown) == list(table["accuracy_mean"].sort_values().index)
    assert page.locator("th[aria-sort=ascending]").count() == 1
    assert head.get_attribute("aria-sort") == "ascending"


def test_the_keyboard_alone_sorts_chooses_and_compares(shown):
    page = shown.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.get_by_role("columnheader", name="macro-F1").get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("columnheader", name="macro-F1").get_attribute("aria-sort") == "descending"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"  # it can be seen where one is
    for name in ("early/concat", "late/mean"):
        page.get_by_label(f"Compare {name}", exact=True).focus()
        page.keyboard.press("Space")
    page.get_by_role("link", name="Compare", exact=True).last.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Compare")
    assert page.evaluate("document.activeElement.tagName") == "H1"


def test_search_and_families_leave_what_is_asked_for(shown):
    page = shown.open()
    page.get_by_label("Search").fill("CONC")
    assert methods_in(shown) == ["early/concat"]
    page.get_by_label("Search").fill("")
    page.get_by_role("button", name="early").click()
    assert methods_in(shown) == ["unimodal/image", "late/mean", "attention/cross"]
    page.get_by_label("Search").fill("nothing")
    expect(page.get_by_text("No method is left")).to_have_count(2)


def test_numbers_are_rounded_as_in_the_tables(shown, tmp_path):
    """What is rounded twice, or lies exactly between two, must not come out another number."""
    values = {"early/a": 0.85849609375, "early/b": 0.8125, "early/c": 0.8135, "early/d": 0.1875, "early/e": 0.0005}
    sweep = SweepFolder(tmp_path / "ties")
    for method, value in values.items():
        sweep.finished(method, 0, value, seconds={"fit": 100 * value, "test": 0.25, "total": 0.75})
    write(sweep.path)
    lines = (sweep.path / "report" / "tables" / "table.md").read_text(encoding="utf-8").splitlines()
    table = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines if line.startswith("| early")]
    shown.address = (sweep.path / "report" / "index.html").as_uri()
    shown.open()
    columns = {4: 2, 5: 3, 12: 10}  # on the page and in the table: accuracy, macro-F1, seconds
    for here, there in columns.items():
        assert [text.strip() for text in shown.column(here)] == [row[there] for row in table]


@pytest.mark.parametrize(
    "layout", [{"percent": True}, {"percent": True, "digits": 5}, {"cell": "interval"}, {"cell": "mean"}]
)
def test_cells_are_those_of_the_tables(shown, tmp_path, layout):
    sweep = told_apart(SweepFolder(tmp_path / "apart"))
    sweep.finished("late/one", 0, 0.8125)
    write(sweep.path, **layout)
    lines = (sweep.path / "report" / "tables" / "table.md").read_text(encoding="utf-8").splitlines()
    head, *rows = [[cell.strip(" *") for cell in line.strip("| ").split(" | ")] for line in lines if line[:2] == "| "]
    table = {row[0]: [cell.replace("\\", "") for cell in row] for row in rows[1:]}
    shown.address = (sweep.path / "report" / "index.html").as_uri()
    page = shown.open()
    names = methods_in(shown)
    for heading in ("accuracy", "macro-F1", "redundant", "calibration error", "fit s"):
        (there,) = (place for place, one in enumerate(head) if one.removesuffix(" %") == heading)
        (here,) = (
            place
            for place, one in enumerate(page.locator("main thead th").all_inner_texts(), start=1)
            if one == head[there]
        )
        cells = page.locator(f"main tbody tr > :nth-child({here})")
        seen = cells.evaluate_all(
            "all => all.map((one) => [...one.querySelectorAll('.ghost')].map((g) => g.remove()) && one.innerText)"
        )
        assert [text.strip() for text in seen] == [table[name][there] for name in names]


def test_per_cent_are_per_cent_on_every_page(shown, tmp_path):
    sweep = SweepFolder(tmp_path / "percent")
    for method, right in (("early/concat", 0.5), ("late/mean", 0.75)):
        for seed in range(2):
            furnish(sweep.finished(method, seed, right + 0.02 * seed), right=right, seed=seed)
    write(sweep.path, percent=True)
    shown.address = (sweep.path / "report" / "index.html").as_uri()
    page = shown.open()
    axis = page.get_by_role("img", name="accuracy % by method")
    expect(axis.locator(".xtick text").last).to_have_text("75")
    page = shown.open(f"compare/{quote('m:early/concat', safe='')}/{quote('m:late/mean', safe='')}")
    rows = page.get_by_role("region", name="Comparison").locator("tbody tr").all_inner_texts()
    assert rows[0].split("\t") == ["accuracy %", "51.0 ± 1.4", "76.0 ± 1.4", "+25.0"]
    assert any(row.startswith("accuracy % on redundant\t") for row in rows)
    page = shown.open(f"method/{quote('late/mean', safe='')}")
    expect(page.locator(".facts")).to_contain_text("76.0 ± 1.4")


def test_a_heading_that_looks_like_marks_is_drawn_as_it_is(shown, tmp_path):
    slices = ("<b>bold</b> x<y", "&amp;")
    sweep = SweepFolder(tmp_path / "marks")
    for seed in range(2):
        of_slices = {name: {"accuracy": 0.5 + 0.1 * seed} for name in slices}
        sweep.finished("early/concat", seed, test={"accuracy": 0.6, "slices": of_slices})
    write(sweep.path)
    shown.address = (sweep.path / "report" / "index.html").as_uri()
    page = shown.open()
    page.get_by_label("Metric", exact=True).select_option(f"{slices[0]}.accuracy")
    expect(page.locator(".main-svg .xtitle").first).to_have_text(slices[0])
    expect(page.locator(".main-svg .ytitle").last).to_have_text(slices[0])
    page.get_by_label("Metric", exact=True).select_option(f"{slices[1]}.accuracy")
    expect(page.locator(".main-svg .xtitle").first).to_have_text(slices[1])


def test_another_metric_is_shown_in_the_chart_and_the_table(shown):
    page = shown.open()
    expect(page.get_by_role("img", name="accuracy by method")).to_be_visible()
    page.get_by_label("Metric", exact=True).select_option("loss")
    expect(page.get_by_role("img", name="loss by method")).to_be_visible()
    expect(page.get_by_role("columnheader", name="loss")).to_have_class("number chosen")


def test_an_attack_in_a_name_is_shown_as_it_is(shown):
    page = shown.open()
    page.get_by_role("link", name=EVIL).click()
    expect(page.locator("h1")).to_have_text(EVIL)
    page.locator(".chart").first.scroll_into_view_if_needed()
    expect(page.locator(".main-svg").first).to_be_visible()
    for route in TABS:
        shown.open(route)
    assert page.evaluate("document.scripts.length") <= 4


def test_a_run_shows_what_it_got_wrong_and_what_the_others_said(shown):
    page = shown.open("runs")
    page.get_by_role("link", name="unimodal/image, seed 0").click()
    expect(page.get_by_role("heading", name="What it gets wrong")).to_be_visible()
    expect(
        page.get_by_text("12 of the 20 samples that this page shows; of the whole test split 24 of 40.")
    ).to_be_visible()
    card = page.locator(".card").first
    picture = card.get_by_role("img", name="image of the sample")
    assert picture.evaluate("async one => { await one.decode(); return one.naturalWidth; }") == 1
    expect(card.locator("blockquote")).to_contain_text("<b>question 16</b> größer?")
    expect(card).to_contain_text("Audio missing")
    expect(card.locator("summary")).to_have_text("4 of 5 methods right in most seeds")
    card.locator("summary").click()
    expect(card.locator("details tr")).to_have_count(5)
    page.get_by_text("The whole config, 5 keys").click()
    expect(page.get_by_text("optimizer.lr")).to_be_visible()


def test_comparison_shows_differences_to_the_first(shown):
    page = shown.open(f"compare/{quote('m:early/concat', safe='')}/{quote('m:attention/cross', safe='')}")
    row = page.get_by_role("row", name="accuracy", exact=False).first
    assert row.locator("td").all_inner_texts() == ["0.710 ± 0.014", "0.910 ± 0.014", "+0.200"]
    settings = page.get_by_role("region", name="Settings that differ")
    expect(settings).to_contain_text("fusion._target_")
    expect(settings).not_to_contain_text("optimizer.lr")
    page.get_by_label("Add", exact=True).select_option(label="late/mean (2 seeds)")
    assert len(page.get_by_role("row", name="macro-F1").locator("td").all_inner_texts()) == 5
    page.get_by_role("button", name="Take early/concat away").click()
    assert row.locator("td").all_inner_texts() == ["0.910 ± 0.014", "0.610 ± 0.014", "\N{MINUS SIGN}0.300"]
    page.go_back()
    assert len(row.locator("td").all()) == 5


def test_samples_can_be_chosen_by_slice_and_by_who_is_wrong(shown):
    page = shown.open("samples")
    expect(page.locator(".card")).to_have_count(20)
    page.get_by_label("Slice", exact=True).select_option("redundant")
    expect(page.locator(".card")).to_have_count(7)
    page.get_by_label("Slice", exact=True).select_option("")
    page.get_by_label("Show", exact=True).select_option("none")
    expect(page.locator(".card")).to_have_count(2)  # nine tenths is the best that a method gets
    page.get_by_label("Show", exact=True).select_option("wrong")
    page.get_by_label("Method", exact=True).select_option("unimodal/image")
    expect(page.locator(".card")).to_have_count(12)


def test_what_is_downloaded_is_the_file(shown, report):
    page = shown.open("downloads")
    for name in ("tables/table.md", "tables/table.tex", "tables/table.csv", "tables/runs.csv"):
        with page.expect_download() as begun:
            page.get_by_role("button", name=f"Download {name}").click()
        assert begun.value.suggested_filename == Path(name).name
        assert Path(begun.value.path()).read_bytes() == (report.parent / name).read_bytes()


def test_colours_can_be_chosen_and_charts_follow(shown):
    page = shown.open()
    expect(page.locator(".main-svg").first).to_be_visible()
    tick = page.locator(".main-svg .xtick text").first
    light = tick.evaluate("one => getComputedStyle(one).fill")
    for _ in range(2):
        page.locator("#theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.wait_for_function(
        "light => getComputedStyle(document.querySelector('.main-svg .xtick text')).fill !== light", arg=light
    )


@pytest.mark.parametrize("route", ["method/none", "run/none", "nothing", "compare/m%3Anone", "run/%E0%A4%A"])
def test_an_address_that_is_none_says_so(shown, route):
    page = shown.open(route)
    expect(page.locator("h1")).to_have_text("Compare" if route.startswith("compare") else "Not here")
