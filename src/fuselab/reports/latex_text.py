"""Words that LaTeX prints as they are."""

from __future__ import annotations

from unicodedata import lookup, normalize

# In the order of Unicode, from alpha on; there is no command for omicron.
GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho varsigma sigma tau "
    "upsilon phi chi psi omega"
)
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "—": r"---",
    lookup("EN DASH"): r"--",
    lookup("MINUS SIGN"): r"$-$",
    lookup("MULTIPLICATION SIGN"): r"$\times$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "→": r"$\to$",
    **{
        chr(code): "o" if name == "omicron" else rf"$\{name}$"
        for code, name in enumerate(GREEK.split(), start=ord(lookup("GREEK SMALL LETTER ALPHA")))
    },
}
# What pdflatex prints by itself: Latin letters with their accents, and some marks.
LAST_LATIN = "\u017f"
MARKS = frozenset("\u2018\u2019\u201c\u201d…†‡•€™")


def escape_latex(text: str) -> str:
    r"""Return text that LaTeX prints as it is.

    Args:
        text: of one line; spaces are single ones

    Example:
        >>> print(escape_latex("unique_image: 0.883 ± 0.012, 50%"))
        unique\_image: 0.883 $\pm$ 0.012, 50\%
    """
    whole = normalize("NFC", " ".join(text.split()))
    return "".join(SPECIAL.get(character, character) for character in whole if character.isprintable())


def declare_strange(text: str) -> str:
    """Return lines for the head of a document, by which pdflatex prints letters that it lacks as their numbers.

    Other engines print them as they are.

    Args:
        text: the document's, escaped
    """
    strange = sorted({character for character in text if character > LAST_LATIN and character not in MARKS})
    if not strange:
        return ""
    said = [rf"\DeclareUnicodeCharacter{{{ord(one):04X}}}{{[U+{ord(one):04X}]}}" for one in strange]
    return "\n".join([r"\usepackage{iftex}", r"\ifPDFTeX", *said, r"\fi"]) + "\n"
