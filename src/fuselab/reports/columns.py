"""Which measures a table shows: all of them on paper, what fits in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fuselab.reports.table import Column, say_count, say_fraction, say_seconds

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


@dataclass(frozen=True)
class Columns:
    """The measures of a sweep, by kind.

    Args:
        main: the first metric
        others: the other metrics over all samples
        slices: the first metric in each slice
        costs: parameters, FLOPs, seconds
    """

    main: tuple[Column, ...]
    others: tuple[Column, ...]
    slices: tuple[Column, ...]
    costs: tuple[Column, ...]

    def compared(self) -> tuple[str, ...]:
        """The metrics in which methods are tested: the first one, then the same in each slice."""
        return (*(one.name for one in self.main), *(f"slices.{one.name}" for one in self.slices))

    def on_paper(self) -> tuple[Column, ...]:
        """Everything."""
        return (*self.main, *self.others, *self.slices, *self.costs)

    def in_terminal(self) -> list[tuple[Column, ...]]:
        """Layouts from the widest to the narrowest."""
        lean = tuple(one for one in self.costs if one.name != "flops")
        means = tuple(replace(one, deviation=False) for one in self.slices)
        return [
            self.on_paper(),
            (*self.main, *self.slices, *lean),
            (*self.main, *means, *lean),
            (*self.main, *lean),
        ]


def choose_columns(metrics: Sequence[str]) -> Columns:
    """Return the measures to show.

    Args:
        metrics: a split's metrics in reading order, those of slices as ``slices.<name>.<metric>``
    """
    overall = [name for name in metrics if not name.startswith("slices.") and name not in HIDDEN]
    of_slices = [name.removeprefix("slices.") for name in metrics if name.startswith("slices.")]
    main = overall[:1]
    return Columns(
        main=tuple(_metric(name, name) for name in main),
        others=tuple(_metric(name, name) for name in overall[1:]),
        slices=tuple(_metric(one, one.rpartition(".")[0]) for one in of_slices if one.rpartition(".")[2] in main),
        costs=(
            Column("parameters", "parameters", say_count, deviation=False),
            Column("flops", "FLOPs", say_count, deviation=False),
            Column("fit_seconds", "fit s", say_seconds, deviation=True),
        ),
    )


def _metric(name: str, called: str) -> Column:
    return Column(name, HEADINGS.get(called, called.replace("_", " ")), say_fraction, deviation=True)
