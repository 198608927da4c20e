from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from fuselab.cli import main
from fuselab.reports.report import Report

from .conftest import make_report, write


def made(sweep, *, split: str = "test", **changes) -> Report:
    return make_report(sweep.path, split=split, **changes)


def written(sweep, out: Path | None = None, *, split: str = "test", **changes) -> list[Path]:
    return write(sweep.path, out=out, split=split, **changes)


def shown(sweep, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(made(sweep).rich(console))
    return console.file.getvalue()


def test_the_files_of_a_report(full_sweep):
    files = written(full_sweep)
    assert [file.relative_to(full_sweep.path).as_posix() for file in files] == [
        "report/tables/table.md", "report/tables/table.tex", "report/tables/table.html", "report/tables/table.csv",
        "report/tables/runs.csv", "report/tables/sources.csv", "report/statistics.md", "report/tables/pairs.csv",
        "report/index.html",
    ]  # fmt: skip
    assert "| early/concat | 3 | 0.710 ± 0.010 | 0.700 ± 0.010 | 0.050 ± 0.000 | 0.710 ± 0.010 | 0.610 ± 0.010" in (
        files[0].read_text(encoding="utf-8")
    )
    assert r"early & concat & 3 & 0.710 \pm 0.010 & " in files[1].read_text(encoding="utf-8")
    methods = pd.read_csv(files[3])
    assert list(methods["method"]) == ["unimodal/image", "early/concat", "early/sum", "attention/cross"]
    assert list(methods["accuracy_mean"]) == pytest.approx([0.61, 0.71, 0.81, 0.91])
    runs = pd.read_csv(files[4])
    assert len(runs) == 12
    assert set(runs["run"]) == {folder.name for folder in full_sweep.path.iterdir() if folder.name != "report"}


def test_numbers_in_the_table_can_be_made_again_from_the_runs(full_sweep):
    _, _, _, table, runs, *_ = written(full_sweep)
    again = pd.read_csv(runs).groupby("method")["test.accuracy"].agg(["mean", "std"])
    methods = pd.read_csv(table).set_index("method")
    for method, (mean, deviation) in again.iterrows():
        assert methods.loc[method, "accuracy_mean"] == pytest.approx(mean, abs=1e-15)
        assert methods.loc[method, "accuracy_std"] == pytest.approx(deviation, abs=1e-15)


def test_the_same_runs_give_the_same_bytes(full_sweep, tmp_path: Path):
    full_sweep.finished("early/concat", 0, config={"optimizer": {"lr": 0.5}})
    first = [file.read_bytes() for file in written(full_sweep, tmp_path / "one")]
    again = [file.read_bytes() for file in written(full_sweep, tmp_path / "two")]
    assert first == again
    assert not any(b"\r" in content for content in first)


def test_a_report_of_validation_does_not_replace_that_of_test(full_sweep):
    test = written(full_sweep)[0]
    val = written(full_sweep, split="val")[0]
    assert val.parent.parent.name == "report-val"
    assert "val split" in val.read_text(encoding="utf-8")
    assert "test split" in test.read_text(encoding="utf-8")


def test_what_is_missing_is_said_wherever_the_table_goes(full_sweep):
    failed = full_sweep.other("failed", "late/average", 0)
    markdown, latex, *_ = written(full_sweep)
    for text in (markdown.read_text(encoding="utf-8"), latex.read_text(encoding="utf-8"), shown(full_sweep, 120)):
        assert f"eft out: 1 failed: {failed.name}" in text


def test_a_report_inside_the_sweep_is_no_run(full_sweep):
    written(full_sweep)
    assert len(made(full_sweep).runs) == 12


@pytest.mark.parametrize(
    ("width", "there", "away"), [(120, "redundant", "FLOPs"), (160, "FLOPs", "cost"), (70, "fit", "redundant")]
)
def test_the_terminal_shows_what_fits(full_sweep, width, there, away):
    text = shown(full_sweep, width)
    assert there in text
    assert away not in text
    assert max(map(len, text.splitlines())) <= width
    assert "0.710 ± 0.010" in text


def test_nobody_is_marked_where_nothing_can_be_claimed(full_sweep):
    console = Console(width=120, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(made(full_sweep).rich(console))
    lines = [line for line in console.file.getvalue().splitlines() if " ± " in line and "/" in line]
    styles = {tuple(re.findall(r"\x1b\[\d+m", line)) for line in lines}
    assert len(lines) == 4
    assert len(styles) == 1
    *tables, page = written(full_sweep)
    assert page.name == "index.html"
    for text in (file.read_text(encoding="utf-8") for file in tables):
        assert r"\bfseries" not in text
        assert "font-weight: bold" not in text
        assert "**" not in text


def test_all_that_are_not_shown_to_be_worse_are_marked_alike(answered_sweep):
    """Two methods that are alike and one that is worse, in the overall column and in every slice."""
    markdown, latex = (file.read_text(encoding="utf-8") for file in written(answered_sweep)[:2])
    bold = {line.split(" |")[0][2:]: line.count("**") // 2 for line in markdown.splitlines() if line[:2] == "| "}
    assert bold == {"method": 0, "---": 0, "unimodal/image": 0, "early/concat": 4, "early/sum": 4}
    lines = [
        line
        for line in latex.splitlines()
        if (line.endswith(r"\\") and "concat" in line) or " & sum" in line or "unimodal" in line
    ]
    assert [line.count(r"\bfseries") for line in lines] == [0, 4, 4]
    rule = "over seeds and test samples, 5 seeds, Holm-corrected over 3 methods, alpha 0.05"
    for text in (markdown, latex, " ".join(shown(answered_sweep, 120).split())):
        assert rule in text


def test_the_statistics_are_the_same_for_the_same_runs(answered_sweep, tmp_path: Path):
    first, again = (written(answered_sweep, tmp_path / name, baseline="early/sum") for name in ("one", "two"))
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in again]
    *_, section, pairs, _ = first
    assert len(pd.read_csv(pairs)) == 3
    assert "## Against the baseline early/sum" in section.read_text(encoding="utf-8")


def test_the_command_line_says_how_to_test(answered_sweep, capsys):
    command = ["report", str(answered_sweep.path), "--test", "t", "--alpha", "0.01", "--baseline", "early/sum"]
    assert main([*command, "--correction", "benjamini_hochberg"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "over seeds, for these test samples, 5 seeds, Benjamini-Hochberg-corrected over 3 methods" in said
    assert "alpha 0.01" in said
    text = (answered_sweep.path / "report" / "statistics.md").read_text(encoding="utf-8")
    assert "## Against the baseline early/sum" in text
    assert "99 % interval" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--baseline", "early/som"),
            "the baseline (early/som) must be a method of the table; did you mean 'early/sum'?",
        ),
        (("--alpha", "5"), "alpha (5.0) must lie between 0 and 1"),
    ],
)
def test_the_command_line_refuses_what_cannot_be(answered_sweep, capsys, arguments, words):
    assert main(["report", str(answered_sweep.path), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (answered_sweep.path / "report").exists()


def test_reports_need_neither_torch_nor_wandb(answered_sweep):
    code = (
        "import sys; from fuselab.cli import main; main(sys.argv[1:]); "
        "print([name for name in ('torch', 'wandb', 'pytorch_lightning', 'hydra') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, "report", str(answered_sweep.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "[]"


def test_importing_reports_waits_for_scipy():
    code = "import sys, fuselab.reports.report; print('scipy.stats' in sys.modules, 'matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False False"
