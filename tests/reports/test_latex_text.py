from __future__ import annotations

from pathlib import Path

import pytest

from fuselab.reports.latex_text import LAST_LATIN, declare_strange, escape_latex

from .conftest import NO_LATEX, compile_latex


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
        ("\u03b1\u03bf\u03c9", r"$\alpha$o$\omega$"),
        ("e\u0301", "é"),
        ("two\nlines\x00", "two lines"),
        ('"a"', r"\textquotedbl{}a\textquotedbl{}"),
        ("a--b---c", "a-{}-b-{}-{}-c"),
        ("\u2013-", "--{}-"),
        (",,a", ",{},a"),
        ("?`!`", r"?\textasciigrave{}!\textasciigrave{}"),
        ("``x''", r"\textasciigrave{}\textasciigrave{}x\textquotesingle{}\textquotesingle{}"),
        ("can't be 'x'", r"can't be \textquotesingle{}x\textquotesingle{}"),
        ("[x] [y]", "{[}x] [y]"),
        ("*x*", "{*}x*"),
        ("", ""),
    ],
)
def test_latex_prints_text_as_it_is(text, escaped):
    assert escape_latex(text) == escaped


def test_letters_that_pdflatex_lacks_are_declared_and_others_are_not():
    assert declare_strange("é ł … $x$") == ""
    assert r"\DeclareUnicodeCharacter{0127}{[U+0127]}" in declare_strange("ħ")
    assert declare_strange("文 é 中文").splitlines() == [
        r"\usepackage{iftex}",
        r"\ifPDFTeX",
        r"\DeclareUnicodeCharacter{4E2D}{[U+4E2D]}",
        r"\DeclareUnicodeCharacter{6587}{[U+6587]}",
        r"\fi",
    ]


@NO_LATEX
def test_every_latin_letter_compiles(tmp_path: Path):
    letters = [chr(code) for code in range(0x20, ord(LAST_LATIN) + 1)]
    text = "\n\n".join(map(escape_latex, letters))
    head = [r"\documentclass{article}", r"\usepackage[T1]{fontenc}", r"\usepackage{textcomp}", declare_strange(text)]
    compile_latex("\n".join([*head, r"\begin{document}", text, r"\end{document}"]), tmp_path)
