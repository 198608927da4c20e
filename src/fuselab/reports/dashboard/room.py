"""What several reports have to leave out so that the page of all of them can still be sent and opened."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fuselab.reports.dashboard.curves import points_each, spread

SHOWN = 6 << 20  # characters of all pictures, clips and texts of a page together


def fit(reports: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return reports with as many points of a curve and as many pictures as a page of all of them has room for.

    A single report has been made to fit, and stays as it is.

    Args:
        reports: from :func:`fuselab.reports.dashboard.gather.gather`
    """
    if len(reports) < 2:
        return list(reports)
    runs = sum(len(one["runs"]) for one in reports)
    points = points_each(runs, max((one["curves"] for one in reports), key=len))
    room = SHOWN // len(reports)
    return [
        one
        | {
            "runs": [run | {"curves": _thin(run["curves"], points)} for run in one["runs"]],
            "samples": _some_shown(one["samples"], room),
        }
        for one in reports
    ]


def _thin(curves: dict[str, Any], points: int) -> dict[str, Any]:
    rows = spread(len(curves["epoch"]), points)
    values = [None if several is None else [several[row] for row in rows] for several in curves["values"]]
    return {"epoch": [curves["epoch"][row] for row in rows], "values": values}


def _some_shown(samples: Sequence[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    """Leave out what is shown of some samples, evenly among all; their answers stay."""
    sizes = [len(json.dumps(sample["shown"])) for sample in samples]
    kept = len(samples)
    while kept and sum(sizes[place] for place in spread(len(samples), kept)) > room:
        kept -= 1
    places = set(spread(len(samples), kept))
    return [
        sample if place in places or not sample["shown"] else sample | {"shown": [], "left_out": True}
        for place, sample in enumerate(samples)
    ]
