"""A W&B Report of a sweep: its sentences, and panels over its runs that stay alive as W&B's own do."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuselab.errors import ConfigError, RunFolderError
from fuselab.reports.load import Split, load
from fuselab.reports.notes import title
from fuselab.reports.statistics.scores import LOWER
from fuselab.reports.wandb_keys import Keys, find_keys
from fuselab.reports.write import STATISTICS, default_folder
from fuselab.runs.report_log import project_of
from fuselab.runs.tracking import refused, sweep_name, tracking_id

if TYPE_CHECKING:
    import wandb_workspaces.reports.v2 as wr

LONGEST = 128  # characters of a title, as W&B takes it
COLUMNS = 24  # of the grid of panels


def build_report(sweep: Path, *, split: Split, entity: str | None, project: str | None) -> wr.Report:
    """Return the W&B Report of a sweep whose runs and report are there; nothing is sent, and no key is asked for.

    Args:
        sweep: its folder
        split: whose metrics to show
        entity: whose project it is; None for the key's owner
        project: W&B project; None for that of the runs

    Raises:
        ConfigError: the package ``wandb-workspaces`` isn't installed
        RunFolderError: no finished run, runs that W&B doesn't have, or no report
    """
    wr = _workspaces()
    place = default_folder([sweep.resolve()], split=split)
    written = place / "tables" / "table.md"
    if not written.is_file():
        raise RunFolderError(f"the report ({place}) must hold tables/table.md; make it with fuselab report {sweep}")
    found, *others = load(sweep, split=split)
    if others:
        called = ", ".join(one.called for one in (found, *others))
        raise RunFolderError(
            f"the runs of {sweep.name} must share their data, split and budget ({called}); move those that don't to a "
            "sweep of their own"
        )
    runs = found.runs
    keys, group = find_keys(runs, split=split), sweep_name(place)
    sections = _sections(place / STATISTICS)
    first = next(iter(sections), None)
    blocks = [
        wr.TableOfContents(),
        *([wr.H1(first), wr.MarkdownBlock(sections.pop(first))] if first else []),
        wr.H1("Results"),
        wr.MarkdownBlock(_body(written)),
        wr.H1("Methods"),
        wr.PanelGrid(runsets=[_runset(group, keys, grouped=True)], panels=_compare(keys)),
        wr.H1("Settings"),
        wr.PanelGrid(runsets=[_runset(group, keys, grouped=False)], panels=[_parallel(keys)], hide_run_sets=True),
        *_figures(sweep, place, group),
        wr.H1("Runs"),
        wr.PanelGrid(runsets=[_runset(group, keys, grouped=False)], panels=[]),
        *(block for name, text in sections.items() for block in (wr.H1(name), wr.MarkdownBlock(text))),
    ]
    data = ", ".join(sorted({str(run.result["data"]) for run in runs}))
    return wr.Report(
        # An empty name keeps the package from asking W&B whose key it is.
        entity=entity or "",
        project=project or project_of(sweep),
        title=f"{group}: fusion methods on {data}"[:LONGEST],
        description=title(runs, split=split),
        blocks=blocks,
        width="fluid",
    )


def sent(report: wr.Report, *, draft: bool) -> dict[str, Any]:
    """Return what :func:`send` would send, as the package itself writes it.

    Args:
        report: what to send
        draft: whether only its author would see it
    """
    model = report._to_model()
    return {
        "entityName": model.project.entity_name,
        "projectName": model.project.name,
        "displayName": model.display_name,
        "description": model.description,
        "type": "runs/draft" if draft else "runs",
        "spec": json.loads(model.spec.model_dump_json(by_alias=True, exclude_none=True)),
    }


def send(report: wr.Report, *, draft: bool) -> str:
    """Make the report at W&B and return its address.

    Args:
        report: what to send
        draft: whether only its author sees it

    Raises:
        ConfigError: no key
        FuselabError: W&B doesn't take it
    """
    if not os.environ.get("WANDB_API_KEY"):
        raise ConfigError("WANDB_API_KEY must be set to make a report at W&B; set it, or look at it with --dry-run")
    import wandb

    try:
        report.entity = report.entity or wandb.Api().default_entity
        report.save(draft=draft)
    except wandb.Error as error:
        raise refused("the report", error, instead="look at it with --dry-run") from error
    return str(report.url)


def _workspaces() -> Any:
    try:
        import wandb_workspaces.reports.v2 as wr
    except ImportError as error:
        raise ConfigError(
            "a report at W&B must have the package wandb-workspaces; pip install 'fuselab[wandb-report]'"
        ) from error
    return wr


def _runset(group: str, keys: Keys, *, grouped: bool) -> wr.Runset:
    """Return the sweep's runs, without its report: as one row a method, or run by run, the best first."""
    wr = _workspaces()
    shown = [
        *(_column(key) for key in dict.fromkeys((*keys.method, "seed", *keys.settings))),
        *(f"summary:{key}" for key in (keys.metric, keys.validated, *keys.slices.values(), *keys.costs)),
    ]
    return wr.Runset(
        name="methods" if grouped else "runs",
        # As text, since the package's own objects trip over an apostrophe.
        filters=f"Metric('Group') == {group!r} and Metric('JobType') == 'train'",
        groupby=[f"config.{key}" for key in keys.method] if grouped else [],
        order=[wr.OrderBy(wr.SummaryMetric(keys.metric), ascending=keys.metric.rpartition("/")[2] in LOWER)],
        pinned_columns=["run:displayName"],
        visible_columns=list(dict.fromkeys(shown)),
        lock_columns=True,
    )


def _compare(keys: Keys) -> list[Any]:
    """Return the metric by method, overall and by slice, and against the number of parameters."""
    wr = _workspaces()
    half, third = COLUMNS // 2, COLUMNS // 3
    panels = [_bars(keys, keys.metric, title=f"{keys.metric} by method", layout=wr.Layout(x=0, y=0, w=half, h=10))]
    if "parameters" in keys.costs:
        panels.append(
            wr.ScatterPlot(
                title=f"{keys.metric} against parameters",
                x=wr.SummaryMetric("parameters"),
                y=wr.SummaryMetric(keys.metric),
                log_x="parameters" in keys.logarithmic or None,
                layout=wr.Layout(x=half, y=0, w=half, h=10),
            )
        )
    for place, (name, key) in enumerate(keys.slices.items()):
        layout = wr.Layout(x=third * (place % 3), y=10 + 8 * (place // 3), w=third, h=8)
        panels.append(_bars(keys, key, title=f"{keys.metric} in {name}", layout=layout))
    return panels


def _bars(keys: Keys, metric: str, *, title: str, layout: wr.Layout) -> wr.BarPlot:
    wr = _workspaces()
    return wr.BarPlot(
        title=f"{title}, mean and deviation over runs",
        metrics=[metric],
        # A panel groups by one key; where a row is told apart by more, the run set's own grouping holds.
        groupby=wr.Config("method") if len(keys.method) == 1 else None,
        groupby_aggfunc="mean",
        groupby_rangefunc="stddev",
        layout=layout,
    )


def _parallel(keys: Keys) -> wr.ParallelCoordinatesPlot:
    wr = _workspaces()
    given = dict.fromkeys((*keys.method, *keys.settings))
    columns = [
        *((wr.Config(key), key) for key in given),
        *((wr.SummaryMetric(key), key) for key in ("parameters",) if key in keys.costs),
        *((wr.SummaryMetric(key), key) for key in dict.fromkeys((keys.validated, keys.metric))),
    ]
    return wr.ParallelCoordinatesPlot(
        title="What each run was given, and what it found",
        columns=[
            wr.ParallelCoordinatesPlotColumn(metric, display_name=key, log=key in keys.logarithmic or None)
            for metric, key in columns
        ],
        layout=wr.Layout(x=0, y=0, w=COLUMNS, h=12),
    )


def _figures(sweep: Path, place: Path, group: str) -> list[Any]:
    """Return the figures of the report that W&B has, where ``fuselab report --log wandb`` has logged it."""
    names = [path.stem for path in sorted((place / "figures").glob("*.png"))]
    if not names or not any(sweep.glob(f"wandb/*run-*-{tracking_id(place)}")):
        return []
    wr = _workspaces()
    runset = wr.Runset(name="report", filters=f"Metric('Group') == {group!r} and Metric('JobType') == 'report'")
    browser = wr.MediaBrowser(
        media_keys=[f"figures/{name}" for name in names], num_columns=2, layout=wr.Layout(x=0, y=0, w=COLUMNS, h=24)
    )
    return [wr.H1("Figures"), wr.PanelGrid(runsets=[runset], panels=[browser], hide_run_sets=True)]


def _sections(path: Path) -> dict[str, str]:
    """Return the sections of a Markdown file by their headings; a report may be without statistics."""
    if not path.is_file():
        return {}
    _, *parts = re.split(r"^## (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _body(path: Path) -> str:
    """Return a Markdown file without its heading."""
    heading, _, rest = path.read_text(encoding="utf-8").partition("\n")
    return rest.strip() if heading.startswith("# ") else f"{heading}\n{rest}".strip()


def _column(key: str) -> str:
    """Return a config key as W&B's table of runs has it.

    Example:
        >>> _column("optimizer.lr")
        'config:optimizer.value.lr'
    """
    first, dot, rest = key.partition(".")
    return f"config:{first}.value{dot}{rest}"
