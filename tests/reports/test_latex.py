from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fuselab.reports.latex import write_latex
from fuselab.reports.table import Cell, Row, Table

from .conftest import NO_LATEX, compile_latex, make_cells

NASTY = r"a_b & 50% $x$ #1 {y} ~z ^w \back <p> |q| ± · — é ß ł “x” … λ → ≤ 中文 🙂"


@pytest.fixture
def siunitx() -> None:
    if not subprocess.run(["kpsewhich", "siunitx.sty"], capture_output=True, check=False).stdout:
        pytest.skip("this LaTeX has no siunitx")


def table(*, marked: frozenset[int] = frozenset()) -> Table:
    rows = (
        (Row("late", "late/average", "", make_cells("3", "0.883 ± 0.012"), marked),),
        (
            Row("early", "early/weighted_sum", "optimizer.lr=0.1", make_cells("1", "—")),
            Row("early", NASTY, "", (Cell("1"), Cell(NASTY))),
        ),
    )
    return Table("trio_digits, test split", ("left out: 1 failed",), ("seeds", "accuracy"), rows, (NASTY,))


def body(made: Table) -> list[str]:
    lines = write_latex(made).splitlines()
    return lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]


def column(*cells: Cell) -> tuple[str, str, list[str]]:
    """Return how a column is declared, its heading, and what its cells say."""
    rows = tuple(Row("early", f"early/{place}", "", (cell,)) for place, cell in enumerate(cells))
    made = Table("", (), ("x",), (rows,), ())
    lines = write_latex(made).splitlines()
    (begin,) = (line for line in lines if line.startswith(r"\begin{tabular}"))
    ends = (lines[lines.index(r"\toprule") + 1], *body(made))
    heading, *said = (line.removesuffix(r" \\").rpartition("& ")[2] for line in ends)
    return begin.removeprefix(r"\begin{tabular}{ll").removesuffix("}"), heading, said


def test_families_are_named_once_with_space_between():
    assert body(table())[:3] == [
        r"late & average & 3 & 0.883 \pm 0.012 \\",
        r"\addlinespace",
        r"early & weighted\_sum $\cdot$ optimizer.lr=0.1 & 1 & {---} \\",
    ]
    lines = write_latex(table()).splitlines()
    assert lines[lines.index(r"\toprule") + 1] == r" & {method} & {seeds} & {accuracy} \\"
    assert r"\begin{tabular}{llS[table-format=1.0]S[table-format=1.3(2)]}" in lines


def test_numbers_are_aligned_by_their_point_and_their_deviation():
    told, _, said = column(Cell("0.5", "11.1"), Cell("123.4", "0.2"), Cell("-9.0"), Cell("—"))
    assert told == "S[table-format=-3.1(3)]"
    assert said == [r"0.5 \pm 11.1", r"123.4 \pm 0.2", "-9.0", "{---}"]


def test_numbers_with_units_get_one_unit_for_the_column():
    counts = {"640": 640, "73.5 k": 73_450, "1.20 M": 1.2e6}
    told, heading, said = column(*(Cell(text, value=value) for text, value in counts.items()))
    assert (told, heading) == ("S[table-format=1.3]", "{x (M)}")
    assert said == ["0.001", "0.073", "1.200"]


def test_intervals_stand_to_the_right():
    told, _, said = column(Cell("0.5", low="0.1", high="0.9"), Cell("0.7"))
    assert told == "r"
    assert said == ["0.5 [0.1, 0.9]", "0.7"]


def test_marked_cells_are_bold():
    row = Row("early", "early/sum", "", make_cells("3", "0.8 ± 0.1"), frozenset({1}))
    assert body(replace(table(), families=((row,),))) == [r"early & sum & 3 & \bfseries 0.8 \pm 0.1 \\"]


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("left out: 1 failed", "Left out: 1 failed."),
        ("cmu_mosi: left out: 1 failed", r"cmu\_mosi: left out: 1 failed."),
        ("cmu_mosi, test split", r"cmu\_mosi, test split."),
        ("mosi 2, val split: left out", "mosi 2, val split: left out."),
        ("late/average lacks 2", "late/average lacks 2."),
        ("late/averages differ", "Late/averages differ."),
        ("cmu_mosi is large", r"Cmu\_mosi is large."),
        ("seeds differ: x", "Seeds differ: x."),
    ],
)
def test_notes_are_sentences_but_keep_the_letters_of_names(note, said):
    headings = ("seeds", "cmu_mosi accuracy", "mosi 2, val split macro-F1")
    rows = ((Row("late", "late/average", "", make_cells("3", "1", "2")),),)
    assert rf"{said}\par" in write_latex(Table("", (note,), headings, rows, ())).splitlines()


def test_the_caption_has_the_title_and_the_notes_stand_below_in_sentences():
    lines = write_latex(table()).splitlines()
    assert r"\caption{trio\_digits, test split.}" in lines
    below = lines[lines.index(r"\end{tabular}}") :]
    assert r"Left out: 1 failed.\par" in below
    assert below[-4].startswith(r"a\_b ")  # the name of a method


@NO_LATEX
def test_it_compiles_alone(siunitx, tmp_path: Path):
    compile_latex(write_latex(table(marked=frozenset({1}))), tmp_path)


@NO_LATEX
@pytest.mark.parametrize("name", ["[x]", "*", "[2pt] y", "--", "''"])
def test_a_name_at_the_head_of_a_row_is_no_option(siunitx, tmp_path: Path, name):
    rows = tuple((Row(one, name, "", make_cells("1", name)),) for one in ("early", name, f"{name} b"))
    said = compile_latex(write_latex(Table(name, (name,), ("seeds", name), rows, (name,))), tmp_path)
    assert "Missing number" not in said


@NO_LATEX
@pytest.mark.parametrize("paper", [r"\documentclass{article}", r"\documentclass[twocolumn]{article}"])
def test_a_long_table_with_many_notes_fits_the_page(siunitx, tmp_path: Path, paper):
    rows = tuple(
        Row("early", f"early/method_{number}", "", make_cells("3", *["0.883 ± 0.012"] * 9)) for number in range(40)
    )
    notes = tuple(f"note {number}, which says a good deal {'of what was left out ' * 15}" for number in range(12))
    headings = ("seeds", *(f"metric {number}" for number in range(9)))
    text = write_latex(Table("trio_digits, test split", notes[:6], headings, (rows,), notes[6:]))
    for one in (text, text.replace(r"\documentclass{article}", paper).replace("landscape,", "")):
        said = compile_latex(one, tmp_path)
        assert "Float too large" not in said
        assert "Overfull" not in said
        assert "[1" in said
        assert "[2" not in said
