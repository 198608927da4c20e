"""One look for all figures: legible in a paper's column, in grey, and for colour-blind readers."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.1  # inches of a page with two columns
TEXT = 8.0  # points; SMALL is the least that print bears
SMALL = 7.0
LINE = 0.165  # inches from one line of text to the next
LONGEST = 34  # characters of a name before it is broken
INK, FAINT, PALE = "#000000", "#8c8c8c", "#d9d9d9"
SHADES = "Blues"  # of a map: from white to dark, so that grey keeps the order
STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.labelsize": TEXT,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": TEXT,
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that every machine draws the same
    "font.size": TEXT,
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.6,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "lines.linewidth": 1.0,
    "pdf.fonttype": 42,  # TrueType: many venues refuse type 3
    "savefig.dpi": 200,
    "svg.fonttype": "path",
    "svg.hashsalt": "fuselab",
    "text.parse_math": False,  # a dollar in a name is a dollar
    "xtick.labelsize": SMALL,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": SMALL,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.6,
}


class Look(NamedTuple):
    """What tells one kind from the others, also where colours are gone.

    Args:
        color: of Okabe and Ito's palette
        marker: of points
        hatch: of areas
    """

    color: str
    marker: str
    hatch: str


# Okabe and Ito (2008), Color Universal Design, in an order whose first ones differ most in grey.
LOOKS = (
    Look("#0072B2", "o", ""),
    Look("#E69F00", "s", "////"),
    Look("#009E73", "^", "...."),
    Look("#000000", "D", "xxxx"),
    Look("#CC79A7", "v", "\\\\\\\\"),
    Look("#F0E442", "P", "----"),
    Look("#56B4E9", "X", "||||"),
    Look("#D55E00", "*", "++++"),
)
_OF_FAMILY = {"unimodal": 3, "late": 1, "early": 0, "attention": 2}  # in the order of a legend


@contextmanager
def styled() -> Iterator[None]:
    """Draw and write in this style, whatever the settings of the user's matplotlib."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        settings: Any = matplotlib.rcParams
        settings.update(STYLE)
        yield


def look_of_families(families: Sequence[str]) -> dict[str, Look]:
    """Return the look of each family, those that the table knows first.

    Args:
        families: of all rows, each as often as it comes

    Example:
        >>> list(look_of_families(["mine", "early", "late", "early"]))
        ['late', 'early', 'mine']
    """
    known = [name for name in _OF_FAMILY if name in families]
    others = sorted(set(families) - set(known))
    looks = {name: LOOKS[_OF_FAMILY[name]] for name in known}
    return looks | {name: LOOKS[(len(_OF_FAMILY) + place) % len(LOOKS)] for place, name in enumerate(others)}


def drawable(text: str) -> str:
    r"""Return text with the code of each character that the font has not, in place of a box that says nothing.

    Example:
        >>> print(drawable("é→$b_1$ <i> 中"))
        é→$b_1$ <i> \u4e2d
    """
    known = _characters()
    return "".join(one if ord(one) in known else one.encode("unicode_escape").decode() for one in text)


def broken(name: str) -> str:
    """Return a name in lines that leave room for the figure.

    Example:
        >>> print(broken("early/concat · optimizer.lr=0.001, width=64"))
        early/concat · optimizer.lr=0.001,
        width=64
    """
    text = drawable(name)
    return text if len(text) <= LONGEST else "\n".join(textwrap.wrap(text, LONGEST, break_on_hyphens=False))


def fitted(name: str, width: float) -> str:
    """Return a name in as many lines as it needs for a width in inches, broken where a reader would break it.

    Example:
        >>> print(fitted("attention/two_stream", 0.7))
        attention/
        two_stream
    """
    lines = [""]
    words = re.findall(r"[^ /_,]+[ /_,]?|[ /_,]", drawable(name))
    for part in (piece for word in words for piece in _pieces(word, width)):
        joined = lines[-1] + part
        if lines[-1] and width_of([joined.strip()], size=SMALL) > width:
            lines.append(part)
        else:
            lines[-1] = joined
    return "\n".join(line.strip() for line in lines)


def height_of(names: Sequence[str]) -> float:
    """Return the inches that each of some rows needs for its name."""
    return LINE * max((broken(name).count("\n") + 1 for name in names), default=1)


def width_of(texts: Sequence[str], *, size: float) -> float:
    """Return the inches of the widest line of some texts.

    Args:
        texts: each of one line or several
        size: of the letters, in points
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font, measure = FontProperties(family=STYLE["font.family"], size=size), TextToPath()
    lines = [line for text in texts for line in text.split("\n")]
    widths = [measure.get_text_width_height_descent(line, font, ismath=False)[0] for line in lines]
    return max(widths, default=0.0) / 72


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches; it belongs to no window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def place(figure: Figure, *, left: float, top: float, width: float, height: float, **options: Any) -> Axes:
    """Add axes at a place in inches from the figure's upper left corner."""
    whole_width, whole_height = figure.get_size_inches()
    bottom = whole_height - top - height
    return figure.add_axes(
        (left / whole_width, bottom / whole_height, width / whole_width, height / whole_height), **options
    )


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Write a name beside each row, the first one on top."""
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [broken(name) for name in names])
    axes.tick_params(axis="y", length=0)


def show_families(figure: Figure, looks: dict[str, Look], *, left: float, top: float, points: bool) -> None:
    """Say which look is whose, in a line at a place in inches from the upper left corner.

    Args:
        figure: where
        looks: by family
        left: of the line
        top: of the line
        points: whether families are told apart by markers, or by areas
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    width, height = figure.get_size_inches()
    handles: list[Any] = []
    for name, look in looks.items():
        if points:
            handles.append(Line2D([], [], color=look.color, marker=look.marker, linestyle="none", label=drawable(name)))
        else:
            handles.append(Patch(facecolor=look.color, label=drawable(name)))
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(left / width, 1 - top / height),
        borderaxespad=0,
        borderpad=0,
        ncols=len(handles),
        columnspacing=1.4,
    )


def _pieces(word: str, width: float) -> list[str]:
    """Return a word, in pieces where it alone is wider than the width."""
    number = math.ceil(width_of([word.strip()], size=SMALL) / width)
    # A margin, since letters differ in width.
    step = math.ceil(len(word) / (number * 1.25)) if number > 1 else len(word)
    return [word[start : start + step] for start in range(0, len(word), step)]


@cache
def _characters() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties(family=STYLE["font.family"]))).get_charmap())
