from __future__ import annotations

import builtins
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import wandb
import yaml
from PIL import Image

from fuselab.errors import ConfigError, FuselabError, RunFolderError
from fuselab.reports.load import load
from fuselab.reports.write import default_folder
from fuselab.runs.tracking import tracking_id
from fuselab.wandb_report import build_report, send, sent

from .reports.conftest import SLICES, SweepFolder

SCRIPT = Path(__file__).parents[1] / "scripts" / "wandb_report.py"
TABLE = "# trio, test split\n\n- a note\n\n| method | accuracy |\n| --- | ---: |\n| early/sum | 0.9 |\n"
STATISTICS = (
    "# Statistics: trio\n\n## What holds in accuracy\n\n- early/sum leads\n\n## How it was tested\n\n- Paired.\n"
)


@pytest.fixture(autouse=True)
def _without_a_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_ENTITY", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")  # nobody answers there


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFolder:
    return SweepFolder(tmp_path / "outputs" / "trio")


def fill(sweep: SweepFolder) -> Path:
    for method in ("early/sum", "late/mean"):
        for seed in range(2):
            shipped = {"width": 64, "logger": {"project": "mine"}}
            sweep.finished(
                method, seed, parameters=10_000 if method == "early/sum" else 200_000, wandb_id="x", config=shipped
            )
    place = default_folder([sweep.path], split="test")
    (place / "tables").mkdir(parents=True)
    (place / "figures").mkdir()
    (place / "tables" / "table.md").write_text(TABLE)
    (place / "statistics.md").write_text(STATISTICS)
    Image.new("RGB", (3, 2)).save(place / "figures" / "bars.png")
    return sweep.path


def blocks(spec: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in spec["spec"]["blocks"] if one["type"] == kind]


def runsets(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for grid in blocks(spec, "panel-grid") for one in grid["metadata"]["runSets"]]


def panels(spec: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = [one for grid in blocks(spec, "panel-grid") for one in grid["metadata"]["panelBankSectionConfig"]["panels"]]
    return [one["config"] for one in found if one["viewType"] == kind]


def build(sweep: Path, **changes: Any) -> dict[str, Any]:
    return sent(build_report(sweep, **({"split": "test", "entity": None, "project": None} | changes)), draft=False)


def test_it_says_what_the_report_says(sweep: SweepFolder):
    spec = build(fill(sweep))
    said = [
        one.get("content") or one["children"][0]["text"]
        for one in spec["spec"]["blocks"]
        if one["type"] in ("heading", "markdown-block")
    ]
    assert said == [
        "What holds in accuracy",
        "- early/sum leads",
        "Results",
        TABLE.partition("\n\n")[2].strip(),
        "Methods",
        "Settings",
        "Runs",
        "How it was tested",
        "- Paired.",
    ]
    assert spec["displayName"] == "trio: fusion methods on trio_digits-v1"
    assert spec["description"].startswith("trio_digits-v1, test split, 4 runs with batch_size 128")
    assert (spec["entityName"], spec["projectName"], spec["type"]) == ("", "mine", "runs")


def test_a_report_without_statistics_has_no_empty_sections(sweep: SweepFolder):
    path = fill(sweep)
    (path / "report" / "statistics.md").unlink()
    headings = [one["children"][0]["text"] for one in blocks(build(path), "heading")]
    assert headings == ["Results", "Methods", "Settings", "Runs"]


@pytest.mark.parametrize("name", ["trio", "it's", 'a "b" \\ c', "ünï"])
def test_run_sets_are_the_runs_of_the_sweep(name, tmp_path):
    spec = build(fill(SweepFolder(tmp_path / name)))
    grouped, *others = runsets(spec)
    assert grouped["grouping"] == [{"section": "config", "name": "method.value"}]
    assert all(one["grouping"] == [] for one in others)
    for one in (grouped, *others):
        filters = [(part["key"], part["op"], part["value"]) for part in one["filters"]["filters"]]
        assert filters == [
            ({"section": "run", "name": "group"}, "=", name),
            ({"section": "run", "name": "jobType"}, "=", "train"),
        ]
        assert [part.get("connector", "AND") for part in one["filters"]["filters"]] == ["AND", "AND"]
        assert one["sort"]["keys"] == [{"key": {"section": "summary", "name": "test/accuracy"}, "ascending": False}]


def test_of_an_error_the_least_comes_first(sweep: SweepFolder):
    path = fill(sweep)
    for file in path.glob("*/result.json"):
        result = json.loads(file.read_text())
        file.write_text(json.dumps(result | {"test": {"mae": 0.5, "slices": {}}}))
    assert {one["sort"]["keys"][0]["ascending"] for one in runsets(build(path))} == {True}


def test_panels_compare_methods_and_show_every_run(sweep: SweepFolder):
    spec = build(fill(sweep))
    bars, *of_slices = panels(spec, "Bar Chart")
    assert bars["metrics"] == ["test/accuracy"]
    assert [one["metrics"] for one in of_slices] == [[f"test/accuracy/{name}"] for name in SLICES]
    for one in (bars, *of_slices):
        assert (one["groupBy"], one["groupAgg"], one["groupArea"]) == ("method.value", "mean", "stddev")
    (scatter,) = panels(spec, "Scatter Plot")
    assert (scatter["xAxis"], scatter["yAxis"]) == ("summary:parameters", "summary:test/accuracy")
    assert scatter["xAxisLogScale"] is True
    (parallel,) = panels(spec, "Parallel Coordinates Plot")
    assert [one["accessor"] for one in parallel["columns"]] == [
        "config:method.value",
        "config:optimizer.value.lr",
        "config:width.value",
        "summary:parameters",
        "summary:val/accuracy",
        "summary:test/accuracy",
    ]


def test_settings_that_tell_runs_of_one_method_apart_group_them_too(sweep: SweepFolder):
    path = fill(sweep)
    for seed in range(2):
        changed = {"width": 64, "optimizer": {"lr": 0.1}, "logger": {"project": "mine"}}
        sweep.finished("early/sum", seed, wandb_id="x", config=changed)
    spec = build(path)
    names = [one["name"] for one in runsets(spec)[0]["grouping"]]
    assert names == ["method.value", "optimizer.value.lr"]
    # Grouped by the method alone, a bar would be the mean of what is not repeated.
    assert all("groupBy" not in one for one in panels(spec, "Bar Chart"))


def test_every_key_is_one_that_runs_have(sweep: SweepFolder):
    """Of the config as it was logged, and of what a run with this result has at W&B."""
    path = fill(sweep)
    spec = build(path)
    named = set(re.findall(r'"((?:config|summary):[^"]+)"', json.dumps(spec)))
    assert len(named) > 10
    (loaded,) = load(path, split="test")
    for run in loaded.runs:
        config = yaml.safe_load((path / run.name / "config.yaml").read_text())
        found = {f"summary:{key}" for key in ("parameters", "flops", "peak_memory_bytes", "seconds/fit")}
        for split in ("val", "test"):
            metrics = run.result[split]
            found |= {f"summary:{split}/{key}" for key in metrics}
            found |= {f"summary:{split}/accuracy/{name}" for name in metrics["slices"]}
        for key, value in config.items():
            found |= {f"config:{key}.value"}
            found |= {f"config:{key}.value.{inner}" for inner in value} if isinstance(value, dict) else set()
        assert named <= found


def test_figures_are_shown_where_wandb_has_them(sweep: SweepFolder):
    path = fill(sweep)
    assert panels(build(path), "Media Browser") == []
    (path / "wandb" / f"run-20260101_000000-{tracking_id(path / 'report')}").mkdir(parents=True)
    spec = build(path)
    (browser,) = panels(spec, "Media Browser")
    assert browser["mediaKeys"] == ["figures/bars"]
    filters = [one["filters"]["filters"][1]["value"] for one in runsets(spec) if one["name"] == "report"]
    assert filters == ["report"]


def test_a_long_name_fits_into_a_title(tmp_path):
    assert len(build(fill(SweepFolder(tmp_path / ("a" * 200))))["displayName"]) == 128


def test_a_sweep_without_a_report(sweep: SweepFolder):
    sweep.finished("early/sum", 0, wandb_id="x")
    with pytest.raises(RunFolderError, match=r"report \(.*\) must hold tables/table.md; make it with fuselab report"):
        build(sweep.path)


def test_runs_that_belong_in_two_tables(sweep: SweepFolder):
    path = fill(sweep)
    sweep.finished("early/sum", 7, wandb_id="x", data_fingerprint="beef")
    with pytest.raises(
        RunFolderError, match=r"runs of trio must share their data, split and budget \(.*\); move those"
    ):
        build(path)


def test_a_report_of_validation(sweep: SweepFolder):
    path = fill(sweep)
    (path / "report").rename(path / "report-val")
    spec = build(path, split="val")
    assert panels(spec, "Bar Chart")[0]["metrics"] == ["val/accuracy"]
    assert "test/" not in json.dumps(spec)
    assert "val split" in spec["description"]


def test_without_the_package(sweep: SweepFolder, monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("wandb_workspaces"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(
        ConfigError, match=r"must have the package wandb-workspaces; pip install 'fuselab\[wandb-report\]'"
    ):
        build(fill(sweep))


@pytest.mark.parametrize("draft", [False, True])
def test_what_is_shown_is_what_is_sent(draft, sweep: SweepFolder, accepting):
    report = build_report(fill(sweep), split="test", entity=None, project=None)
    address = send(report, draft=draft)
    (got,) = accepting.views
    shown = sent(report, draft=draft)
    assert {key: got[key] for key in shown if key != "spec"} == {key: shown[key] for key in shown if key != "spec"}
    assert json.loads(got["spec"]) == shown["spec"]
    assert got["entityName"] == "me"
    assert got["type"] == ("runs/draft" if draft else "runs")
    assert "/me/mine/reports/" in address


def test_a_key_that_wandb_does_not_take(sweep: SweepFolder, refusing, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", refusing)
    report = build_report(fill(sweep), split="test", entity=None, project=None)
    with pytest.raises(
        FuselabError, match=r"the report must reach W&B \(.*\); mend the key .* look at it with --dry-run"
    ):
        send(report, draft=False)
    wandb.teardown()


def test_the_script_shows_it_without_key_or_network_and_says_what_it_needs_to_send(sweep: SweepFolder):
    command = [sys.executable, str(SCRIPT), str(fill(sweep)), "--entity", "team", "--project", "other", "--draft"]
    shown = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=True)
    spec = json.loads(shown.stdout)
    assert (spec["entityName"], spec["projectName"], spec["type"]) == ("team", "other", "runs/draft")
    assert shown.stderr == ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "fuselab: WANDB_API_KEY must be set to make a report at W&B; set it, or look at it with --dry-run\n"
    )
    assert done.stdout == ""
