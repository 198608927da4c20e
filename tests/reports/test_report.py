from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from fuselab.errors import RunFolderError
from fuselab.reports.report import report, write_report


def shown(sweep, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(report(sweep.path, split="test").rich(console))
    return console.file.getvalue()


def test_the_files_of_a_report(full_sweep):
    files = write_report(full_sweep.path, None, split="test")
    assert [file.relative_to(full_sweep.path).as_posix() for file in files] == [
        "report/table.md", "report/table.tex", "report/table.csv", "report/runs.csv",
    ]  # fmt: skip
    assert "| early/concat | 3 | 0.710 ± 0.010 | 0.700 ± 0.010 | 0.050 ± 0.000 | 0.710 ± 0.010 | 0.610 ± 0.010" in (
        files[0].read_text(encoding="utf-8")
    )
    assert r"early/concat & 3 & 0.710 $\pm$ 0.010 & " in files[1].read_text(encoding="utf-8")
    methods = pd.read_csv(files[2])
    assert list(methods["method"]) == ["unimodal/image", "early/concat", "early/sum", "attention/cross"]
    assert list(methods["accuracy_mean"]) == pytest.approx([0.61, 0.71, 0.81, 0.91])
    runs = pd.read_csv(files[3])
    assert len(runs) == 12
    assert set(runs["run"]) == {folder.name for folder in full_sweep.path.iterdir() if folder.name != "report"}


def test_numbers_in_the_table_can_be_made_again_from_the_runs(full_sweep):
    *_, table, runs = write_report(full_sweep.path, None, split="test")
    again = pd.read_csv(runs).groupby("method")["test.accuracy"].agg(["mean", "std"])
    methods = pd.read_csv(table).set_index("method")
    for method, (mean, deviation) in again.iterrows():
        assert methods.loc[method, "accuracy_mean"] == pytest.approx(mean, abs=1e-15)
        assert methods.loc[method, "accuracy_std"] == pytest.approx(deviation, abs=1e-15)


def test_the_same_runs_give_the_same_bytes(full_sweep, tmp_path: Path):
    full_sweep.finished("early/concat", 0, config={"optimizer": {"lr": 0.5}})
    first = [file.read_bytes() for file in write_report(full_sweep.path, tmp_path / "one", split="test")]
    again = [file.read_bytes() for file in write_report(full_sweep.path, tmp_path / "two", split="test")]
    assert first == again
    assert not any(b"\r" in content for content in first)


def test_a_report_of_validation_does_not_replace_that_of_test(full_sweep):
    test = write_report(full_sweep.path, None, split="test")[0]
    val = write_report(full_sweep.path, None, split="val")[0]
    assert val.parent.name == "report-val"
    assert "val split" in val.read_text(encoding="utf-8")
    assert "test split" in test.read_text(encoding="utf-8")


def test_what_is_missing_is_said_wherever_the_table_goes(full_sweep):
    failed = full_sweep.other("failed", "late/average", 0)
    markdown, latex, *_ = write_report(full_sweep.path, None, split="test")
    for text in (markdown.read_text(encoding="utf-8"), latex.read_text(encoding="utf-8"), shown(full_sweep, 120)):
        assert f"eft out: 1 failed: {failed.name}" in text
        assert "no significance test in this table" in text


def test_a_report_inside_the_sweep_is_no_run(full_sweep):
    write_report(full_sweep.path, None, split="test")
    assert len(report(full_sweep.path, split="test").runs) == 12


def test_nothing_is_written_where_runs_do_not_belong_together(full_sweep):
    full_sweep.finished("late/average", 0, data_fingerprint="other")
    with pytest.raises(RunFolderError, match="data_fingerprint"):
        write_report(full_sweep.path, None, split="test")
    assert not (full_sweep.path / "report").exists()


@pytest.mark.parametrize(
    ("width", "there", "away"), [(120, "redundant", "FLOPs"), (160, "FLOPs", "cost"), (70, "fit", "redundant")]
)
def test_the_terminal_shows_what_fits(full_sweep, width, there, away):
    text = shown(full_sweep, width)
    assert there in text
    assert away not in text
    assert max(map(len, text.splitlines())) <= width
    assert "0.710 ± 0.010" in text


def test_no_winner_is_marked(full_sweep):
    console = Console(width=120, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    made = report(full_sweep.path, split="test")
    console.print(made.rich(console))
    lines = [line for line in console.file.getvalue().splitlines() if " ± " in line and "/" in line]
    styles = {tuple(re.findall(r"\x1b\[\d+m", line)) for line in lines}
    assert len(lines) == 4
    assert len(styles) == 1
    for text in (file.read_text(encoding="utf-8") for file in write_report(full_sweep.path, None, split="test")):
        assert r"\textbf" not in text
        assert "**" not in text


def test_reports_need_neither_torch_nor_wandb():
    code = (
        "import sys, fuselab.reports.report; "
        "print([name for name in ('torch', 'wandb', 'pytorch_lightning', 'hydra') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
