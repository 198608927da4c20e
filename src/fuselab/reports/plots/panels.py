"""Small panels, one a method: where lines of many methods would lie on top of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fuselab.reports.plots.style import LINE, SMALL, WIDTH, fitted, new_figure, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, RIGHT, BOTTOM, GAP = 0.5, 0.1, 0.42, 0.14
WIDEST = 2.1


@dataclass(frozen=True)
class Panels:
    """A figure of panels with one scale.

    Args:
        figure: the whole
        axes: one a method, row by row
        right: inches from the left to where the last column ends
        top: inches from the top to where the first row begins
        height: inches of a panel
    """

    figure: Figure
    axes: tuple[Axes, ...]
    right: float
    top: float
    height: float


def lay_out(names: Sequence[str], *, ratio: float, margin: float, x: str, y: str) -> Panels:
    """Return empty panels with a name above each, and labels at the outer axes alone.

    Args:
        names: of the methods
        ratio: height of a panel to its width
        margin: inches left free on the right
        x: label of the horizontal axes
        y: label of the vertical axes
    """
    columns = _columns(len(names))
    room = (WIDTH - LEFT - RIGHT - margin - GAP * (columns - 1)) / columns
    width = min(room, WIDEST)
    height = ratio * width
    titles = [fitted(name, width) for name in names]
    above = LINE * 0.85 * max(title.count("\n") + 1 for title in titles) + 0.1
    rows = -(-len(names) // columns)
    right = LEFT + columns * width + (columns - 1) * GAP
    figure = new_figure(right + RIGHT + margin, rows * (height + above) + BOTTOM)
    axes = []
    for number, title in enumerate(titles):
        row, column = divmod(number, columns)
        one = place(
            figure,
            left=LEFT + column * (width + GAP),
            top=row * (height + above) + above,
            width=width,
            height=height,
        )
        one.set_title(title, size=SMALL, pad=3, linespacing=1.0)
        last = number + columns >= len(names)
        one.tick_params(labelbottom=last, labelleft=column == 0, pad=2)
        one.set_xlabel(x if last else "", size=SMALL, labelpad=2)
        one.set_ylabel(y if column == 0 else "", size=SMALL, labelpad=2)
        axes.append(one)
    return Panels(figure, tuple(axes), right, above, height)


def _columns(number: int) -> int:
    """Return how many panels stand side by side: few and large, or many and just legible, with the fewest gaps."""
    if number <= 4:
        return number
    return min((3,) if number <= 6 else (4,) if number <= 8 else (5, 4), key=lambda columns: -number % columns)
