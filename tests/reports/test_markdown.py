from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from fuselab.reports.markdown import escape_markdown, write_markdown
from fuselab.reports.table import Row, Table

from .conftest import make_cells


def table(**changes) -> Table:
    rows = (
        (
            Row("early", "early/sum", "", make_cells("3", "0.8 ± 0.1")),
            Row("early", "early/a|b", "x=1", make_cells("1", "—")),
        ),
    )
    parts = {
        "title": "data, test split",
        "notes": ("left out: 1 failed",),
        "headings": ("seeds", "accuracy"),
        "families": rows,
        "footnotes": ("mean", "one seed"),
    }
    return Table(**(parts | changes))


def test_a_table_in_markdown():
    assert write_markdown(table()).splitlines() == [
        "# data, test split",
        "",
        "- left out: 1 failed",
        "",
        "| method | seeds | accuracy |",
        "| --- | ---: | ---: |",
        "| early/sum | 3 | 0.8 ± 0.1 |",
        r"| early/a\|b · x=1 | 1 | — |",
        "",
        "mean  ",
        "one seed  ",
    ]


def test_marked_cells_are_bold():
    row = Row("early", "early/sum", "", make_cells("3", "0.8 ± 0.1"), frozenset({1}))
    assert "| early/sum | 3 | **0.8 ± 0.1** |" in write_markdown(table(families=((row,),))).splitlines()


def test_without_notes_there_is_no_gap():
    assert write_markdown(table(notes=())).splitlines()[1:3] == ["", "| method | seeds | accuracy |"]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", r"a\|b"),
        ("unique_image", "unique_image"),
        ("optimizer._target_=x", r"optimizer.\_target\_=x"),
        ("*a* `b` <c> [d]", r"\*a\* \`b\` \<c\> \[d\]"),
        ("a\\b", r"a\\b"),
        ("two\nlines", "two lines"),
        ("~~x~~ ~y~", r"\~\~x\~\~ \~y\~"),
        ("&lt;b&gt; &#42; &#x2a;", r"\&lt;b\&gt; \&#42; \&#x2a;"),
        ("R&D & a&b; a &copy", r"R&D & a\&b; a &copy"),
    ],
)
def test_markdown_shows_text_as_it_is(text, escaped):
    assert escape_markdown(text) == escaped


@pytest.mark.parametrize(
    "text", ["~~x~~ ~y~", "a&copy;b &lt; &#42; R&D a &copy", "*a* _b_ __c__ `d` <e> [f](g) ![h](i) \\j | k", "&\\amp;"]
)
def test_a_reader_of_markdown_gives_the_text_back(text):
    reader = MarkdownIt("commonmark").enable(["strikethrough", "table"])
    (inline,) = (token for token in reader.parse(escape_markdown(text)) if token.type == "inline")
    assert {child.type for child in inline.children} == {"text"}
    assert "".join(child.content for child in inline.children) == text
