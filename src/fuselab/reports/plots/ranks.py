"""Critical-difference diagram: average ranks, and which of them can't be told apart."""

from __future__ import annotations

from collections.abc import Sequence

from fuselab.reports.plots.material import MOST, Drawn, Material
from fuselab.reports.plots.style import INK, LINE, SMALL, TEXT, WIDTH, broken, new_figure, place, width_of
from fuselab.reports.statistics.omnibus import Omnibus

STEP = 0.075  # inches from one bar of alike methods to the next
BEYOND = 0.04  # inches by which a bar reaches beyond the outermost of them


def draw_ranks(material: Material) -> Drawn | str:
    """Draw the ranks of methods over slices.

    Args:
        material: the sweep
    """
    ranks = material.ranks
    if isinstance(ranks, str):
        return ranks
    return draw_diagram(
        ranks,
        f"average rank of {material.heading} over {len(ranks.blocks)} slices of the {material.split} split "
        f"({', '.join(ranks.blocks)}), 1 is best; {say_bars(material.alpha)}; slices of one test set are no "
        "independent sets of data, so this describes and is no evidence for other data",
    )


def say_bars(alpha: float) -> str:
    """Say what the bars of a diagram join."""
    return f"bars join methods whose ranks differ by less than Nemenyi's critical difference at alpha {alpha:g}"


def draw_diagram(ranks: Omnibus, caption: str) -> Drawn | str:
    """Draw methods along an axis of average ranks, the best on the left; bars join those that are not told apart.

    Args:
        ranks: of methods
        caption: what they are over

    Reference:
        Demšar (2006), Statistical Comparisons of Classifiers over Multiple Data Sets, figure 1.
    """
    if len(ranks.names) > 2 * MOST:
        return f"{len(ranks.names)} methods are more than an axis has room for"
    order = sorted(range(len(ranks.names)), key=lambda one: (ranks.rank[one], one))
    names = [broken(ranks.names[one]) for one in order]
    at = [float(ranks.rank[one]) for one in order]
    groups = alike(at, ranks.critical_difference)
    low, high, half = 1, len(at), (len(at) + 1) // 2
    side = width_of(names, size=SMALL) + 0.55
    inch = (high - low) / (WIDTH - 2 * side)
    spans = [(at[first] - BEYOND * inch, at[last] + BEYOND * inch) for first, last in groups]
    levels = _stack(spans)
    step = LINE * max(name.count("\n") + 1 for name in names)
    bars = STEP * (max(levels, default=-1) + 1) + 0.1
    top, height = 0.62, bars + step * half + 0.1
    figure = new_figure(WIDTH, top + height)
    axes = place(figure, left=side, top=top, width=WIDTH - 2 * side, height=height)
    axes.set_xlim(low, high)
    axes.set_ylim(height, 0)
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(False)
    axes.spines["top"].set_visible(True)
    axes.set_yticks([])
    axes.set_xticks(range(low, high + 1) if high <= 20 else [low, *range(5, high + 1, 5)])
    for ends, level in zip(spans, levels, strict=True):
        y = 0.09 + STEP * level
        axes.plot(ends, [y, y], color=INK, linewidth=2.4, solid_capstyle="butt", clip_on=False, gid="alike")
    for number, (name, rank) in enumerate(zip(names, at, strict=True)):
        best = number < half
        y = bars + step * ((number if best else len(at) - 1 - number) + 0.5)
        end = low - 0.1 * inch if best else high + 0.1 * inch
        axes.plot([rank, rank, end], [0, y, y], color=INK, linewidth=0.5, clip_on=False)
        axes.text(
            end - 0.05 * inch if best else end + 0.05 * inch,
            y,
            f"{name}  {rank:.2f}" if best else f"{rank:.2f}  {name}",
            ha="right" if best else "left",
            va="center",
            size=SMALL,
        )
    width = min(ranks.critical_difference, high - low)
    axes.plot(
        [low, low, low, low + width, low + width, low + width],
        [-0.42, -0.34, -0.38, -0.38, -0.34, -0.42],
        color=INK,
        linewidth=0.8,
        clip_on=False,
    )
    axes.text(low, -0.46, f"critical difference {ranks.critical_difference:.2f}", size=TEXT, va="bottom")
    return Drawn(figure, caption)


def alike(ranks: Sequence[float], critical_difference: float) -> list[tuple[int, int]]:
    """Return the first and last place of each largest group whose ranks differ by less than the critical difference.

    Args:
        ranks: in ascending order
        critical_difference: by which two must differ

    Example:
        >>> alike([1.0, 1.5, 2.5, 4.0], 1.6)
        [(0, 2), (2, 3)]
    """
    groups: list[tuple[int, int]] = []
    for first, rank in enumerate(ranks):
        last = max(place for place, other in enumerate(ranks) if other - rank < critical_difference)
        if last > first and (not groups or last > groups[-1][1]):
            groups.append((first, last))
    return groups


def _stack(spans: Sequence[tuple[float, float]]) -> list[int]:
    """Return for each span the first level on which it overlaps no other."""
    ends: list[float] = []
    levels = []
    for low, high in spans:
        level = next((place for place, end in enumerate(ends) if end < low), len(ends))
        ends[level : level + 1] = [high]
        levels.append(level)
    return levels
