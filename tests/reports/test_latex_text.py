from __future__ import annotations

import pytest

from fuselab.reports.latex_text import declare_strange, escape_latex


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
    ],
)
def test_latex_prints_text_as_it_is(text, escaped):
    assert escape_latex(text) == escaped


def test_letters_that_pdflatex_lacks_are_declared_and_others_are_not():
    assert declare_strange("é ł … $x$") == ""
    assert declare_strange("文 é 中文").splitlines() == [
        r"\usepackage{iftex}",
        r"\ifPDFTeX",
        r"\DeclareUnicodeCharacter{4E2D}{[U+4E2D]}",
        r"\DeclareUnicodeCharacter{6587}{[U+6587]}",
        r"\fi",
    ]
