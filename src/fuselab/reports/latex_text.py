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
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
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
# What pdflatex prints by itself: Latin letters with their accents but for a few, and some marks.
LAST_LATIN = "\u017f"
LACKING = frozenset("ĦħĸĿŀŉŦŧ\u017f")
BEGINS = frozenset("[*")  # at the head of a row, where LaTeX takes them for an option of what ended the row above
JOINED = frozenset("-,")  # of which fonts draw two in a row as another mark
MARKS = frozenset("\u2018\u2019\u201c\u201d…†‡•€™")


def escape_latex(text: str) -> str:
    r"""Return text that LaTeX prints as it is.

    Args:
        text: of one line; spaces are single ones

    Example:
        >>> print(escape_latex("unique_image: 0.883 ± 0.012, 50%"))
        unique\_image: 0.883 $\pm$ 0.012, 50\%
    """
    whole = "".join(filter(str.isprintable, normalize("NFC", " ".join(text.split()))))
    said = ""
    for place, character in enumerate(whole):
        # Between letters it is an apostrophe, which fonts draw as one.
        inside = character == "'" and whole[:place][-1:].isalpha() and whole[place + 1 :][:1].isalpha()
        one = character if inside else SPECIAL.get(character, character)
        said += "{}" * (said[-1:] == one[0] and one[0] in JOINED) + one
    return f"{{{said[0]}}}{said[1:]}" if said[:1] in BEGINS else said


def declare_strange(text: str) -> str:
    """Return lines for the head of a document, by which pdflatex prints letters that it lacks as their numbers.

    Other engines print them as they are.

    Args:
        text: the document's, escaped
    """
    strange = sorted({one for one in text if one in LACKING or (one > LAST_LATIN and one not in MARKS)})
    if not strange:
        return ""
    said = [rf"\DeclareUnicodeCharacter{{{ord(one):04X}}}{{[U+{ord(one):04X}]}}" for one in strange]
    return "\n".join([r"\usepackage{iftex}", r"\ifPDFTeX", *said, r"\fi"]) + "\n"
