"""Which measures a table shows: on paper what its layout asks for, in a terminal what fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fuselab.errors import ConfigError, nearest
from fuselab.reports.aggregate import CONSTANTS
from fuselab.reports.layout import Layout
from fuselab.reports.statistics.scores import FRACTIONS
from fuselab.reports.table import Column, Spread, say_count, say_mebibytes, say_seconds

HEADINGS = {
    "macro_f1": "macro-F1",
    "micro_f1": "micro-F1",
    "mae": "MAE",
    "rmse": "RMSE",
    "pearson_r": "Pearson r",
    "r2": "R2",
    "mean_average_precision": "mAP",
}
HIDDEN = frozenset({"loss"})  # what training minimises is no finding; table.csv has it
COSTS: dict[str, tuple[str, Callable[[float], str]]] = {
    "parameters": ("parameters", say_count),
    "flops": ("FLOPs", say_count),
    "fit_seconds": ("fit s", say_seconds),
    "peak_memory_bytes": ("memory MiB", say_mebibytes),
    "test_seconds": ("test s", say_seconds),
    "total_seconds": ("total s", say_seconds),
}
WIDE = frozenset({"flops", "peak_memory_bytes"})  # what a terminal does without first


@dataclass(frozen=True)
class Fixed:
    """Turns a metric into words.

    Args:
        times: what it is multiplied by: 100 for per cent
        digits: decimals of the product

    Example:
        >>> Fixed(times=100, digits=1)(0.8125)
        '81.2'
    """

    times: int
    digits: int

    def __call__(self, value: float) -> str:
        """Return the number as a table has it."""
        return f"{self.times * value:.{self.digits}f}"


@dataclass(frozen=True)
class Columns:
    """The measures of a sweep, by kind.

    Args:
        main: the first metric
        others: the other metrics over all samples
        slices: the first metric in each slice
        costs: what a method takes
        hidden: metrics that stand in no table, unless the layout asks for them by name
        chosen: those that the layout asks for, in its order
    """

    main: tuple[Column, ...]
    others: tuple[Column, ...]
    slices: tuple[Column, ...]
    costs: tuple[Column, ...]
    hidden: tuple[Column, ...]
    chosen: tuple[Column, ...]

    def every(self) -> tuple[Column, ...]:
        """All that there are but the hidden ones."""
        return (*self.main, *self.others, *self.slices, *self.costs)

    def compared(self) -> tuple[str, ...]:
        """The metrics in which methods are tested: the first one, then the same in each slice."""
        return (*(one.name for one in self.main), *(f"slices.{one.name}" for one in self.slices))

    def in_terminal(self) -> list[tuple[Column, ...]]:
        """Layouts from the widest to the narrowest."""
        heavy = WIDE | {one.name for one in self.others}
        slices = {one.name for one in self.slices}
        lean = tuple(one for one in self.chosen if one.name not in heavy) or self.chosen
        means = tuple(replace(one, spread="none") if one.name in slices else one for one in lean)
        return [self.chosen, lean, means, tuple(one for one in lean if one.name not in slices) or means]


def choose_columns(metrics: Sequence[str], costs: Sequence[str], *, layout: Layout) -> Columns:
    """Return the measures to show.

    Args:
        metrics: a split's metrics in reading order, those of slices as ``slices.<name>.<metric>``
        costs: what runs took, of the keys of :data:`COSTS`
        layout: which of them, under which names

    Raises:
        ConfigError: the layout asks for a measure that there is not
    """
    overall = [name for name in metrics if not name.startswith("slices.")]
    of_slices = [name.removeprefix("slices.") for name in metrics if name.startswith("slices.")]
    main = [name for name in overall if name not in HIDDEN][:1]
    made = {name: _metric(name, name, layout) for name in overall}
    slices = {
        one.rpartition(".")[0]: _metric(one, one.rpartition(".")[0], layout)
        for one in of_slices
        if one.rpartition(".")[2] in main
    }
    taken = {name: _cost(name, layout) for name in COSTS if name in costs}
    kinds = {
        "main": tuple(made[name] for name in main),
        "metrics": tuple(made[name] for name in overall if name not in HIDDEN),
        "slices": tuple(slices.values()),
        "costs": tuple(taken.values()),
    }
    singles = {**taken, **slices, **made}
    chosen: dict[str, Column] = {}
    for name in layout.columns:
        if name not in kinds and name not in singles:
            if name in COSTS:  # of runs that were made before it was measured
                continue
            raise ConfigError(f"columns ({name}) must be measures of the runs; {nearest(name, {**kinds, **singles})}")
        chosen |= {one.name: one for one in kinds.get(name, (singles.get(name),)) if one is not None}
    return Columns(
        main=kinds["main"],
        others=kinds["metrics"][1:],
        slices=kinds["slices"],
        costs=kinds["costs"],
        hidden=tuple(made[name] for name in overall if name in HIDDEN),
        chosen=tuple(chosen.values()),
    )


def _metric(name: str, called: str, layout: Layout) -> Column:
    metric = name.rpartition(".")[2]
    percent = layout.percent and metric in FRACTIONS
    heading = layout.names.get(called, HEADINGS.get(called, called.replace("_", " ")))
    return Column(
        name,
        f"{heading} %" if percent and called not in layout.names else heading,
        Fixed(times=100 if percent else 1, digits=max(0, layout.digits - 2 * percent)),
        _spread(layout),
    )


def _cost(name: str, layout: Layout) -> Column:
    heading, say = COSTS[name]
    return Column(name, layout.names.get(name, heading), say, "none" if name in CONSTANTS else _spread(layout))


def _spread(layout: Layout) -> Spread:
    return "none" if layout.cell == "mean" else layout.cell
