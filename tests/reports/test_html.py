from __future__ import annotations

import re
from html.parser import HTMLParser

from fuselab.reports.html import write_html
from fuselab.reports.table import Cell, Row, Table

from .conftest import make_cells

NASTY = "<script>alert('x')</script> & \"a\" é 中"


class Cells(HTMLParser):
    """What a browser would show, cell by cell, and which links there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self._in = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._in = True
            self.rows[-1].append("")
        if tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_endtag(self, tag):
        self._in = self._in and tag not in ("td", "th")

    def handle_data(self, data):
        if self._in:
            self.rows[-1][-1] += data.strip()


def table() -> Table:
    rows = (
        (Row("late", "late/mean", "", make_cells("3", "0.8 ± 0.1"), key="late/mean"),),
        (
            Row("early", "Sum", "lr=1", make_cells("3", "0.9 ± 0.1"), frozenset({1}), key="early/sum · lr=1"),
            Row(NASTY, NASTY, "", (Cell("1"), Cell(NASTY)), key=NASTY),
        ),
    )
    return Table(NASTY, (NASTY,), ("seeds", NASTY), rows, (NASTY,))


def test_a_browser_shows_what_the_table_says():
    seen = Cells(write_html(table(), page=None))
    head, *body = seen.rows
    assert head[-2:] == ["seeds", NASTY]
    assert body == [
        ["late", "mean", "3", "0.8 ± 0.1"],
        ["early", "Sum · lr=1", "3", "0.9 ± 0.1"],
        [NASTY, NASTY, "1", NASTY],
    ]
    assert "script" not in seen.tags
    assert seen.links == []


def test_names_lead_to_their_runs():
    seen = Cells(write_html(table(), page="../index.html#"))
    assert seen.links[:2] == [
        "../index.html#/method/late%2Fmean",
        "../index.html#/method/early%2Fsum%20%C2%B7%20lr%3D1",
    ]
    assert not re.search(r"[<>'\" ]", seen.links[2])


def test_what_was_not_run_here_has_no_link():
    row = Row("published", "Theirs", "", make_cells("—", "0.9"))
    assert Cells(write_html(Table("", (), ("seeds", "x"), ((row,),), ()), page="p.html")).links == []


def test_marked_cells_are_bold():
    text = write_html(table(), page=None)
    (rule,) = re.findall(r"(#\w+) \{\s*font-weight: bold;\s*\}", text)
    (cell,) = re.findall(rf'id="{rule[1:]}"[^>]*>([^<]*)', text)
    assert cell == "0.9 ± 0.1"
