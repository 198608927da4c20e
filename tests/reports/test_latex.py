from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fuselab.reports.latex import escape_latex, write_latex
from fuselab.reports.table import Row, Table

NASTY = r"a_b & 50% $x$ #1 {y} ~z ^w \back <p> |q| ± · —"


def table(*, marked: frozenset[int] = frozenset()) -> Table:
    rows = (
        (Row("late", "late/average", "", ("3", "0.883 ± 0.012"), marked),),
        (Row("early", "early/weighted_sum", "optimizer.lr=0.1", ("1", "—")), Row("early", NASTY, "", ("1", NASTY))),
    )
    return Table("trio_digits, test split", ("left out: 1 failed",), ("seeds", "accuracy"), rows, (NASTY,))


def test_families_are_rows_with_space_between():
    lines = write_latex(table()).splitlines()
    body = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    assert body[:3] == [
        r"late/average & 3 & 0.883 $\pm$ 0.012 \\",
        r"\addlinespace",
        r"early/weighted\_sum $\cdot$ optimizer.lr=0.1 & 1 & --- \\",
    ]
    assert body.count(r"\addlinespace") == 1
    assert lines[lines.index(r"\toprule") + 1] == r"method & seeds & accuracy \\"
    assert r"\begin{tabular}{lrr}" in lines


def test_marked_cells_are_bold_with_their_mathematics():
    row = Row("early", "early/sum", "", ("3", "0.8 ± 0.1"), frozenset({1}))
    text = write_latex(replace(table(), families=((row,),)))
    assert r"early/sum & 3 & \textbf{\boldmath 0.8 $\pm$ 0.1} \\" in text.splitlines()


def test_the_caption_has_the_notes_in_sentences():
    (caption,) = [line for line in write_latex(table()).splitlines() if line.startswith(r"\caption")]
    assert caption.startswith(r"\caption{trio\_digits, test split. Left out: 1 failed. A\_b ")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (r"\alpha", r"\textbackslash{}alpha"),
        ("a_b", r"a\_b"),
        ("50%", r"50\%"),
        ("R&D", r"R\&D"),
        ("{x}", r"\{x\}"),
        ("$1 #2", r"\$1 \#2"),
        ("~^", r"\textasciitilde{}\textasciicircum{}"),
        ("<a|b>", r"\textless{}a\textbar{}b\textgreater{}"),
        ("0.1 ± 0.2", r"0.1 $\pm$ 0.2"),
    ],
)
def test_latex_prints_text_as_it_is(text, escaped):
    assert escape_latex(text) == escaped


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
def test_it_compiles_alone(tmp_path: Path):
    (tmp_path / "table.tex").write_text(write_latex(table(marked=frozenset({1}))), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "table.pdf").is_file()
