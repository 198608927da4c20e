from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import friedmanchisquare

from fuselab.cli import main
from fuselab.errors import ConfigError
from fuselab.reports.across import Across, compare_across
from fuselab.reports.load import load
from fuselab.reports.report import report
from fuselab.reports.terminal import rich_table
from fuselab.reports.write import default_folder, name_folders

from .conftest import SweepFolder, make_layout, write

METHODS = ("early/concat", "early/sum", "late/mean", "unimodal/image")
DATA = ("mosi", "digits", "uci")
MEANS = np.array([[0.9, 0.8, 0.7, 0.5], [0.8, 0.82, 0.6, 0.4], [0.7, 0.6, 0.65, 0.3]])


def write_sweep(path, place: int, *, methods=METHODS, **changes) -> SweepFolder:
    sweep = SweepFolder(path)
    told = {"data": DATA[place], "data_fingerprint": f"data{place}", "split_hash": f"split{place}"} | changes
    for method, mean in zip(METHODS, MEANS[place], strict=True):
        for seed, off in enumerate((-0.01, 0.0, 0.01)):
            if method in methods:
                sweep.finished(method, seed, mean + off, **told)
    return sweep


@pytest.fixture
def sweeps(tmp_path) -> list[SweepFolder]:
    return [write_sweep(tmp_path / "outputs" / DATA[place], place) for place in range(3)]


def across(*sweeps: SweepFolder, **changes) -> Across:
    layout = make_layout(**changes)
    return compare_across(
        [report(one, split="test", layout=layout) for one in load(*(s.path for s in sweeps), split="test")]
    )


def cells(found: Across) -> dict[str, list[str]]:
    return {row.method: [cell.text for cell in row.cells] for rows in found.table.families for row in rows}


def test_each_data_has_a_column_and_methods_their_average_rank(sweeps):
    found = across(*sweeps)
    assert found.table.headings == ("mosi accuracy", "digits accuracy", "uci accuracy", "average rank")
    assert found.table.notes[0] == "mosi, test split, 12 runs with batch_size 128, max_epochs 15, train_samples 4096"
    assert cells(found) == {
        "unimodal/image": ["0.500 ± 0.010", "0.400 ± 0.010", "0.300 ± 0.010", "4.00"],
        "late/mean": ["0.700 ± 0.010", "0.600 ± 0.010", "0.650 ± 0.010", "2.67"],
        "early/concat": ["0.900 ± 0.010", "0.800 ± 0.010", "0.700 ± 0.010", "1.33"],
        "early/sum": ["0.800 ± 0.010", "0.820 ± 0.010", "0.600 ± 0.010", "2.00"],
    }


def test_the_ranks_are_those_of_another_library(sweeps):
    found = across(*sweeps)
    expected = friedmanchisquare(*MEANS.T)
    assert found.ranks.statistic == pytest.approx(expected.statistic)
    assert found.ranks.p == pytest.approx(expected.pvalue)
    assert found.independent
    assert found.claims[0].startswith("the average ranks of 4 methods over 3 sets of data are not shown to differ")
    assert "poor for fewer than 5" in found.claims[-1]


def test_where_nothing_could_ever_be_shown_it_is_said(sweeps):
    (said,) = [claim for claim in across(*sweeps[:2]).claims if "could be told apart" in claim]
    assert said.startswith(
        "with 2 of them no two of 4 methods could be told apart: their ranks would have to differ by 3.32"
    )


def test_a_method_that_a_data_lacks_has_no_rank(sweeps, tmp_path):
    fewer = write_sweep(tmp_path / "outputs" / "fewer", 2, methods=METHODS[:3])
    found = across(*sweeps[:2], fewer)
    assert cells(found)["unimodal/image"] == ["0.500 ± 0.010", "0.400 ± 0.010", "—", "—"]
    assert cells(found)["early/concat"][-1] == "1.33"
    too_few = write_sweep(tmp_path / "outputs" / "too_few", 2, methods=METHODS[:2])
    assert across(*sweeps[:2], too_few).table.headings[-1] == "uci accuracy"
    (said,) = across(*sweeps[:2], too_few).claims
    assert said.startswith("ranks must be of a known metric, of at least 3 methods and of 2 sets of runs")


def test_metrics_that_point_the_other_way_are_ranked_the_other_way(sweeps, tmp_path):
    errors = SweepFolder(tmp_path / "outputs" / "errors")
    for place, method in enumerate(METHODS):
        for seed in range(2):
            test = {"mae": 0.1 + 0.1 * place + 0.01 * seed, "loss": 1.0, "slices": {}}
            found = {"data": "errors", "data_fingerprint": "e", "split_hash": "e", "test": test}
            errors.finished(method, seed, **found)
    found = across(sweeps[0], errors)
    assert found.table.headings[:2] == ("mosi accuracy", "errors MAE")
    assert found.ranks.rank.tolist() == [4.0, 3.0, 1.0, 2.0]
    assert found.ranks.names == ("unimodal/image", "late/mean", "early/concat", "early/sum")


def test_runs_of_one_sweep_that_share_too_little_are_said_at_the_top(sweeps):
    sweeps[0].finished("early/sum", 7, data="mosi", data_fingerprint="data0", split_hash="other")
    found = across(sweeps[0])
    assert found.table.notes[0] == (
        "runs of mosi differ in data, split or budget and never share a column: mosi, split split0, mosi, split other"
    )
    assert found.table.notes[1:] == (
        "mosi, split split0: mosi, test split, 12 runs with batch_size 128, max_epochs 15, train_samples 4096",
        "mosi, split other: mosi, test split, 1 run with batch_size 128, max_epochs 15, train_samples 4096",
    )
    assert not found.independent
    assert found.over[0] == "sets of runs"


def test_what_is_marked_in_one_report_is_marked_here(answered_sweep, sweeps):
    found = across(answered_sweep, sweeps[1])
    marked = {row.key: row.marked for rows in found.table.families for row in rows}
    assert {name for name, places in marked.items() if 0 in places} == {"early/sum", "early/concat"}
    assert "bold: may be the best in that column" in found.table.footnotes[1]
    assert "no bold" in across(*sweeps).table.footnotes[1]


def test_the_files_of_several_reports(sweeps, tmp_path):
    files = write(*(one.path for one in sweeps))
    folder = tmp_path / "outputs" / "mosi+digits+uci" / "report"
    names = [path.relative_to(folder).as_posix() for path in files]
    own = ["table.md", "table.tex", "table.html", "table.csv", "runs.csv", "sources.csv", "pairs.csv"]
    assert set(names) == {
        *(f"{data}/tables/{name}" for data in DATA for name in own),
        *(f"{data}/statistics.md" for data in DATA),
        "tables/table.md", "tables/table.tex", "tables/table.html", "tables/table.csv", "statistics.md", "index.html",
    }  # fmt: skip
    assert "## Average ranks" in (folder / "statistics.md").read_text(encoding="utf-8")
    again = write(*(one.path for one in sweeps), out=tmp_path / "again")
    # Sources are named from where they are written.
    alike = [(one, two) for one, two in zip(files, again, strict=True) if one.name not in ("sources.csv", "index.html")]
    assert all(one.read_bytes() == two.read_bytes() for one, two in alike)


def test_the_command_line_takes_several_sweeps_and_changes(sweeps, tmp_path, capsys):
    command = ["report", "mosi", "digits", "uci", "report=paper", "names.early/sum=Sum", "--output-dir"]
    assert main([*command, str(tmp_path / "outputs")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "3 sets of runs, test split" in said
    text = (tmp_path / "outputs" / "mosi+digits+uci" / "report" / "tables" / "table.md").read_text(encoding="utf-8")
    assert "| Sum | 80.0 ± 1.0 | 82.0 ± 1.0 | 60.0 ± 1.0 | 2.00 |" in text
    figures = tmp_path / "outputs" / "mosi+digits+uci" / "report" / "figures"
    assert {path.name for path in figures.iterdir()} == {"README.md", "ranks.png", "ranks.svg", "ranks.pdf"}
    caption = (figures / "README.md").read_text(encoding="utf-8")
    assert "Average rank of the first metric over 3 sets of data (mosi, digits, uci), 1 is best; " in caption
    assert "; each counts once, however many samples it has; two versions of one corpus would not be" in caption


def test_what_was_written_of_one_set_of_runs_does_not_stay_beside_several(sweeps, tmp_path):
    folder = sweeps[0].path / "report"
    command = ["report", "mosi", "--output-dir", str(tmp_path / "outputs")]
    assert main(command) == 0
    alone = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    sweeps[0].finished("early/sum", 7, data="mosi", data_fingerprint="data0", split_hash="other")
    assert main(command) == 0
    together = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"tables/runs.csv", "tables/pairs.csv", "figures/bars.png"} <= alone - together
    assert {path for path in together if "/" not in path} == {"index.html", "statistics.md"}
    kept = folder / "mosi_split_split0" / "mine.txt"
    kept.write_text("mine")
    (next(sweeps[0].path.glob("early-sum-s7-*")) / "status.json").unlink()
    assert main(command) == 0
    left = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert left == alone | {"mosi_split_split0/mine.txt"}


def test_a_table_of_changes_does_not_outlive_its_report(sweeps, tmp_path):
    command = ["report", "mosi", "--output-dir", str(tmp_path / "outputs")]
    assert main([*command, "--against", "mosi"]) == 0
    assert (sweeps[0].path / "report" / "against.md").is_file()
    assert main(command) == 0
    assert not (sweeps[0].path / "report" / "against.md").exists()


def test_the_table_is_there_as_numbers(sweeps):
    frame = across(*sweeps[:2], columns=("main",)).frame.set_index("method")
    assert frame.loc["early/sum", "digits accuracy_mean"] == pytest.approx(0.82)
    assert frame.loc["early/sum", "digits accuracy_std"] == pytest.approx(0.01)
    assert frame.loc["early/concat", "average_rank"] == 1.5


def test_a_metric_of_unknown_direction_is_not_ranked(tmp_path):
    sweeps = [SweepFolder(tmp_path / name) for name in ("a", "b")]
    for sweep in sweeps:
        for place, method in enumerate(METHODS):
            told = {"data": sweep.path.name, "data_fingerprint": sweep.path.name}
            sweep.finished(method, 0, test={"my_score": 0.1 * place, "loss": 1.0}, **told)
    found = across(*sweeps)
    assert found.ranks is None
    assert "known metric" in found.claims[0]


def test_runs_without_a_metric_make_a_table_without_columns(tmp_path):
    sweeps = [SweepFolder(tmp_path / name) for name in ("a", "b")]
    for sweep in sweeps:
        for method in METHODS:
            told = {"data": sweep.path.name, "data_fingerprint": sweep.path.name}
            sweep.finished(method, 0, test={"loss": 1.0}, **told)
    found = across(*sweeps)
    assert found.table.headings == ()
    assert found.table.footnotes == ("there is no metric but the loss",)


def test_folders_of_reports_are_told_apart(sweeps):
    (made,) = (report(one, split="test", layout=make_layout()) for one in load(sweeps[0].path, split="test"))
    names = ("a", "a_2", "a?", "x" * 300)
    called = [replace(made, loaded=replace(made.loaded, called=name)) for name in names]
    assert name_folders(called) == ["a", "a_2", "a_3", "x" * 120]


def test_an_error_says_of_which_data_it_is(sweeps, tmp_path, capsys):
    fewer = write_sweep(tmp_path / "outputs" / "fewer", 2, methods=METHODS[:1])
    command = ["report", "mosi", fewer.path.name, "--baseline", "early/sum", "--output-dir"]
    assert main([*command, str(tmp_path / "outputs")]) == 2
    assert "uci: the baseline (early/sum) must be a method" in capsys.readouterr().err


def test_a_terminal_shows_it(sweeps):
    console = Console(width=100, file=io.StringIO(), force_terminal=False)
    console.print(rich_table(across(*sweeps).in_terminal(), console=console))
    assert "0.820 ± 0.010" in console.file.getvalue()
    narrow = Console(width=60, file=io.StringIO(), force_terminal=False)
    narrow.print(rich_table(across(*sweeps).in_terminal(), console=narrow))
    (line,) = (line for line in narrow.file.getvalue().splitlines() if "early/sum" in line)
    assert line.split() == ["early/sum", "0.800", "0.820", "0.600", "2.00"]


def test_a_report_of_no_sweep_is_refused(capsys):
    assert main(["report", "report=paper"]) == 2
    assert "the command line (report=paper) must name a sweep" in capsys.readouterr().err


def test_many_sweeps_need_a_folder(tmp_path):
    long = [tmp_path / f"{'long' * 10}{number}" for number in range(4)]
    for sweeps in (long, [tmp_path / "a" / "x", tmp_path / "b" / "x"]):
        with pytest.raises(ConfigError, match=r"must have a short name .*; choose one with --out"):
            default_folder(sweeps, split="test")


def test_a_sweep_that_is_named_by_a_path_has_its_own_name(tmp_path, monkeypatch):
    (tmp_path / "old").mkdir()
    monkeypatch.chdir(tmp_path / "old")
    folder = default_folder([Path(), Path("../new")], split="test")
    assert folder.resolve() == tmp_path / "old+new" / "report"
