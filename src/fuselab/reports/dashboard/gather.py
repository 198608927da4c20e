"""All that the page knows of a sweep, as one JSON value: the same runs give the same bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fuselab.reports.aggregate import measure_columns
from fuselab.reports.columns import Columns
from fuselab.reports.dashboard.answers import Task, choose_samples, find_task, tell_answers, tell_samples
from fuselab.reports.dashboard.curves import points_each, read_curves
from fuselab.reports.dashboard.features import name_features
from fuselab.reports.dashboard.measures import Measure, list_measures, of_method, of_run, tell_measures
from fuselab.reports.dashboard.pool import Pool, say
from fuselab.reports.dashboard.ranks import tell_ranks
from fuselab.reports.dashboard.repeat import tell_repeat
from fuselab.reports.dashboard.weights import of_samples, tell_weights
from fuselab.reports.labels import flatten, name_row
from fuselab.reports.load import Run, Split
from fuselab.reports.plots.answers import Answers, sum_up
from fuselab.reports.table import MISSING
from fuselab.runs.excerpt import Shown, excerpt_file, read_excerpt
from fuselab.runs.folder import RunFolder
from fuselab.runs.predictions import Array, Predictions, read_predictions

# Of a result: what stands among the measures.
MEASURED = frozenset(
    {"val", "test", "method", "seed", "parameters", "flops", "seconds", "epochs", "steps", "peak_memory_bytes"}
)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a page is made from.

    Args:
        called: what the choice of the data calls the report, where a page holds several
        title: the data, the split and the number of runs
        notes: what a reader has to know before the numbers
        footnotes: how to read the numbers
        claims: sentences of what holds and what doesn't; none where nothing was tested
        marked: names of the methods to mark, by measure
        published: what others have published, each with its cells by heading
        split: whose metrics
        columns: of the report
        methods: a row a method and label
        frame: a row a run, in the order of the page
        runs: the runs themselves, by name
        folders: of the runs, by name; runs of several sweeps may stand on one page
        downloads: the report's other files, text by name
        figures: addresses of the figures from the page, without what tells the format: each is there as svg, pdf and
            png; none where none are written
        ranks: average ranks over slices, for :func:`fuselab.reports.dashboard.ranks.tell_ranks`; None where there are
            none
    """

    called: str
    title: str
    notes: Sequence[str]
    footnotes: Sequence[str]
    claims: Sequence[str]
    marked: Mapping[str, Collection[str]]
    published: Sequence[tuple[str, Mapping[str, str]]]
    split: Split
    columns: Columns
    methods: pd.DataFrame
    frame: pd.DataFrame
    runs: Mapping[str, Run]
    folders: Mapping[str, RunFolder]
    downloads: Mapping[str, str]
    figures: Sequence[str]
    ranks: Mapping[str, Any] | None


def gather(contents: Contents) -> dict[str, Any]:
    """Return the page's data.

    Args:
        contents: of the page

    Raises:
        RunFolderError: predictions or an excerpt that can't be read
    """
    runs = [contents.runs[str(name)] for name in contents.frame["run"]]
    measures = list_measures(contents.frame, contents.columns, split=contents.split)
    there = measure_columns(contents.frame, split=contents.split)
    methods = [
        {
            "name": name_row(str(row["method"]), str(row["label"])),
            "family": str(row["family"]),
            "values": of_method(row, measures),
            "marked": _marks(row, measures, contents.marked),
        }
        for row in contents.methods.to_dict("records")
    ]
    places = {str(one["name"]): place for place, one in enumerate(methods)}
    pool = Pool()
    told: list[dict[str, Any]] = [
        {
            "name": run.name,
            "method": places[name_row(run.method, str(row["label"]))],
            "seed": run.seed,
            "values": of_run(row, measures, there),
            "facts": _facts(run),
            "config": flatten(run.config),
            "repeat": tell_repeat(contents.folders[run.name].path, run.config),
        }
        for run, row in zip(runs, contents.frame.to_dict("records"), strict=True)
    ]
    shared = {key: _shared([one[key] for one in told]) for key in ("facts", "config")}
    for one in told:
        for key, common in shared.items():
            one[key] = pool.pairs({name: value for name, value in one[key].items() if name not in common})
    samples = _add_answers(told, runs, contents)
    return {
        "called": contents.called,
        "sweep": contents.folders[runs[0].name].path.parent.name,
        "title": contents.title,
        "data": ", ".join(sorted({str(run.result["data"]) for run in runs})),
        "split": contents.split,
        "notes": list(contents.notes),
        "footnotes": list(contents.footnotes),
        "claims": list(contents.claims),
        "ranks": tell_ranks(contents.ranks),
        "published": [
            {"name": name, "cells": {heading: cell for heading, cell in cells.items() if cell != MISSING}}
            for name, cells in contents.published
        ],
        "measures": tell_measures(measures),
        "methods": methods,
        "runs": told,
        "curves": _add_curves(told, runs, contents.folders),
        "shared": {key: {name: say(value) for name, value in common.items()} for key, common in shared.items()},
        "texts": pool.texts,
        "task": samples["task"],
        "classes": _class_names(runs),
        "samples": samples["samples"],
        "weights": samples["weights"],
        "downloads": dict(contents.downloads),
        "figures": list(contents.figures),
    }


def _marks(row: dict[Any, Any], measures: Sequence[Measure], marked: Mapping[str, Collection[str]]) -> list[int]:
    """Return the places of the measures in which a method is marked."""
    name = name_row(str(row["method"]), str(row["label"]))
    return [place for place, measure in enumerate(measures) if name in marked.get(measure.name, ())]


def _facts(run: Run) -> dict[str, Any]:
    """Return where a result comes from: what it holds besides what it measured."""
    facts = flatten({key: value for key, value in run.result.items() if key not in MEASURED})
    return {key: value for key, value in facts.items() if value not in (None, [], {})}


def _shared(several: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first, *others = several
    return {key: value for key, value in first.items() if all(key in other and other[key] == value for other in others)}


def _add_curves(told: list[dict[str, Any]], runs: Sequence[Run], folders: Mapping[str, RunFolder]) -> list[str]:
    """Give each run its learning curves; return the names of the metrics, in the order of their values."""
    read = [read_curves(folders[run.name].metrics) for run in runs]
    names = sorted({name for curves in read for name in curves.values})
    points = points_each(len(runs), names)
    for one, curves in zip(told, read, strict=True):
        thin = curves.thinned(points)
        one["curves"] = {"epoch": thin.epoch, "values": [thin.values.get(name) for name in names]}
    return names


def _add_answers(told: list[dict[str, Any]], runs: Sequence[Run], contents: Contents) -> dict[str, Any]:
    """Give each run its answers and weights; return the samples that all of them answered."""
    found: dict[str, Any] = {"task": None, "samples": [], "weights": {"modalities": [], "groups": []}}
    # Predictions are of the test split, which a report of validation has no business with.
    if contents.split != "test":
        return found
    task = find_task(runs[0].result["test"])
    chosen: list[int] | None = None
    summed: dict[str, Answers] = {}
    shown: dict[str, dict[str, Array]] = {}
    for one, run in zip(told, runs, strict=True):
        predictions = read_predictions(contents.folders[run.name].predictions)
        if predictions is None:
            continue
        if chosen is None:
            if task is not None:
                samples = _samples(predictions, contents.folders[run.name].path.parent, run, task)
                found |= {"task": task, "samples": samples}
            chosen = [sample["index"] for sample in found["samples"]]
        summed[run.name] = sum_up(predictions, run.config)
        shown[run.name] = of_samples(predictions, chosen)
        if task is not None:
            one["answers"] = tell_answers(predictions, chosen, task, run.config, summed=summed[run.name])
    slices = list(runs[0].result["test"].get("slices", {}))
    found["weights"], weights = tell_weights(summed, shown, slices=slices)
    for one in told:
        if one["name"] in weights:
            one["weights"] = weights[one["name"]]
    return found


def _samples(predictions: Predictions, sweep: Path, run: Run, task: Task) -> list[dict[str, Any]]:
    excerpt = read_excerpt(excerpt_file(sweep, str(run.result["data_fingerprint"])))
    chosen = sorted({one.index for one in excerpt}) or choose_samples(predictions, task)
    told = tell_samples(predictions, chosen, task)
    shown: dict[int, list[dict[str, Any]]] = {}
    for one in excerpt:
        shown.setdefault(one.index, []).append(_tell(one, run.config))
    return [sample | {"shown": shown.get(sample["index"], [])} for sample in told]


def _tell(one: Shown, config: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"modality": one.modality, "type": one.media_type}
    if one.media_type is None or one.content is None:
        return told
    if one.note:
        told["note"] = one.note
    if one.media_type.startswith("text/"):
        return told | {"text": one.content.decode("utf-8", "replace")}
    if one.media_type == "application/json":
        numbers = json.loads(one.content)
        names = name_features(config, one.modality, len(numbers.get("values", ())))
        return told | {"numbers": numbers | ({"names": names} if names else {})}
    return told | {"data": base64.b64encode(one.content).decode()}


def _class_names(runs: Sequence[Run]) -> list[str]:
    """Return the names of the classes, where the config has them."""
    for key, value in flatten(runs[0].config).items():
        if key.startswith("data.source.target.") and key.endswith((".classes", ".labels")) and isinstance(value, list):
            return [str(one) for one in value]
    return []
