from __future__ import annotations

import io

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
from fuselab.reports.write import default_folder

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
    assert across(*sweeps[:2], too_few).claims == (
        "ranks need at least 3 methods that all sets of runs have: nothing is said of methods over all of them",
    )


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
        "tables/table.md", "tables/table.tex", "tables/table.html", "statistics.md", "index.html",
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


def test_a_terminal_shows_it(sweeps):
    console = Console(width=100, file=io.StringIO(), force_terminal=False)
    console.print(rich_table([across(*sweeps).table], console=console))
    assert "0.820 ± 0.010" in console.file.getvalue()


def test_a_report_of_no_sweep_is_refused(capsys):
    assert main(["report", "report=paper"]) == 2
    assert "the command line (report=paper) must name a sweep" in capsys.readouterr().err


def test_many_sweeps_need_a_folder(tmp_path):
    with pytest.raises(ConfigError, match=r"must have a shorter name; choose one with --out"):
        default_folder([tmp_path / f"{'long' * 10}{number}" for number in range(4)], split="test")
