"""What reports have to leave out so that their page can still be sent and opened."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fuselab.reports.dashboard.curves import points_each, spread

DATA = 9 << 20  # characters of all that a page knows; its scripts take 5 MiB more


def fit(reports: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return reports with as many points of a curve and as many pictures as their page has room for.

    Args:
        reports: from :func:`fuselab.reports.dashboard.gather.gather`, which has made the curves of a single one fit
    """
    if len(reports) > 1:
        runs = sum(len(one["runs"]) for one in reports)
        points = points_each(runs, max((one["curves"] for one in reports), key=len))
        reports = [
            one | {"runs": [run | {"curves": _thin(run["curves"], points)} for run in one["runs"]]} for one in reports
        ]
    bare = [one | {"samples": [sample | {"shown": []} for sample in one["samples"]]} for one in reports]
    room = max(0, DATA - _size(bare)) // max(1, len(reports))
    return [one | {"samples": _some_shown(one["samples"], room)} for one in reports]


def _thin(curves: dict[str, Any], points: int) -> dict[str, Any]:
    rows = spread(len(curves["epoch"]), points)
    values = [None if several is None else [several[row] for row in rows] for several in curves["values"]]
    return {"epoch": [curves["epoch"][row] for row in rows], "values": values}


def _some_shown(samples: Sequence[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    """Leave out what is shown of some samples, evenly among all; their answers stay."""
    sizes = [_size(sample["shown"]) for sample in samples]
    kept = len(samples)
    while kept and sum(sizes[place] for place in spread(len(samples), kept)) > room:
        kept -= 1
    places = set(spread(len(samples), kept))
    return [
        sample if place in places or not sample["shown"] else sample | {"shown": [], "left_out": True}
        for place, sample in enumerate(samples)
    ]


def _size(content: Any) -> int:
    return len(json.dumps(content, ensure_ascii=False, separators=(",", ":")))
