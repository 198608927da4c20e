"""What figures are drawn from: the rows of a table with their runs, and what each run's files say.

Shapes: N samples, C classes, K bins of confidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fuselab.reports.columns import HEADINGS
from fuselab.reports.load import Run, Split, name_some
from fuselab.reports.plots.answers import Answers, summarise
from fuselab.reports.statistics.omnibus import Omnibus
from fuselab.reports.statistics.scores import LOWER

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST, MOST_SLICES = 40, 10  # rows and slices of a figure: more can't be read on a page


@dataclass(frozen=True)
class Drawn:
    """A figure and what has to be said with it.

    Args:
        figure: what to write
        caption: one line: what is shown, over how many seeds, and what the intervals are
    """

    figure: Figure
    caption: str


@dataclass(frozen=True)
class Row:
    """One method, or one of its settings.

    Args:
        name: what the row is called
        family: the kind of fusion
        runs: one a seed, in the order of seeds
    """

    name: str
    family: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Material:
    """All that a figure may be drawn from.

    Args:
        rows: the best mean first, those without a mean last
        metric: the first one of the table
        split: whose metrics
        ranks: of the methods over slices; in words why there are none
        alpha: of the critical difference of ranks
    """

    rows: tuple[Row, ...]
    metric: str
    split: Split
    ranks: Omnibus | str
    alpha: float

    @property
    def heading(self) -> str:
        """What the metric is called."""
        return HEADINGS.get(self.metric, self.metric.replace("_", " "))

    @property
    def higher(self) -> bool:
        """Whether more of the metric is better."""
        return self.metric not in LOWER

    @property
    def axis(self) -> str:
        """The metric as the label of an axis."""
        return f"{self.split} {self.heading} ({'higher' if self.higher else 'lower'} is better)"

    @property
    def shown(self) -> tuple[Row, ...]:
        """The rows that a figure has room for."""
        return self.rows[:MOST]

    @property
    def more(self) -> str:
        """Say how many rows a figure has no room for."""
        return f"; the best {MOST} of {len(self.rows)} rows" if len(self.rows) > MOST else ""

    @property
    def slices(self) -> tuple[str, ...]:
        """Names of the slices that have the metric, in the order of the data."""
        names = (name for row in self.rows for run in row.runs for name in run.result[self.split].get("slices", {}))
        return tuple(dict.fromkeys(names))

    @property
    def shown_slices(self) -> tuple[str, ...]:
        """The slices that a figure has room for."""
        return self.slices[:MOST_SLICES]

    @property
    def more_slices(self) -> str:
        """Say how many slices a figure has no room for."""
        number = len(self.slices)
        return f"; the first {MOST_SLICES} of {number} slices" if number > MOST_SLICES else ""

    def values(self, row: Row) -> list[float]:
        """Return the metric of each of a row's runs."""
        return [_number(run.result[self.split].get(self.metric)) for run in row.runs]

    def slice_values(self, row: Row, name: str) -> list[float]:
        """Return the metric in a slice of each of a row's runs."""
        slices = [run.result[self.split].get("slices", {}).get(name, {}) for run in row.runs]
        return [_number(one.get(self.metric)) for one in slices]

    @cached_property
    def answers(self) -> Mapping[str, Answers]:
        """What the predictions of each shown run come to, by run name; each file is read once for all figures."""
        return {run.name: summarise(run.folder.predictions, run.config) for run in self._predicted}

    def lacks_predictions(self) -> str:
        """Say why figures of predictions can't be drawn, or nothing."""
        if self.split != "test":
            return "predictions are kept of the test split alone"
        missing = [run.name for run in self._predicted if not run.folder.predictions.is_file()]
        return f"predictions are missing: {name_some(missing)}" if missing else ""

    def lacks_classes(self) -> str:
        """Say why figures of classes can't be drawn, or nothing."""
        if reason := self.lacks_predictions():
            return reason
        if any(one.confusion is None for one in self.answers.values()):
            return f"samples have no single class: the first metric is {self.heading}"
        return ""

    def curves(self, row: Row, column: str) -> list[np.ndarray[Any, Any]] | str:
        """Return a column of each run's ``metrics.csv``, epoch by epoch, or in words why it is not there."""
        found = []
        for run in row.runs:
            path = run.folder.metrics
            try:
                # The csv of a run is small: pandas' parser would take longer to begin than to read it.
                lines = path.read_text(encoding="utf-8").splitlines()
                place = lines[0].split(",").index(column)
                found.append(np.array([float(line.split(",")[place] or "nan") for line in lines[1:]]))
            except (OSError, ValueError, IndexError):
                return f"{column} must stand in metrics.csv of every run; that of {run.name} lacks it"
        return found

    @property
    def _predicted(self) -> list[Run]:
        return [run for row in self.shown for run in row.runs]


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
