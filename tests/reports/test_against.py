from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from scipy.stats import ttest_rel

from fuselab.cli import main
from fuselab.errors import RunFolderError
from fuselab.reports.against import compare_all, compare_reports, in_terminal, write_tables
from fuselab.reports.load import load
from fuselab.reports.report import report, report_all
from fuselab.reports.table import Table
from fuselab.reports.terminal import rich_table

from .conftest import SweepFolder, make_layout, make_report, make_settings

BEFORE = {"early/sum": (0.80, 0.82, 0.81, 0.83), "early/concat": (0.70, 0.71, 0.72, 0.70), "late/mean": (0.5,)}
NOW = {"early/sum": (0.70, 0.76, 0.74, 0.72), "early/concat": (0.71, 0.70, 0.73, 0.70), "late/mean": (0.6,)}


def sweep_of(folder: Path, values: dict[str, tuple[float, ...]], **changes: object) -> SweepFolder:
    sweep = SweepFolder(folder)
    sweep_more(sweep, values, **changes)
    return sweep


def sweep_more(sweep: SweepFolder, values: dict[str, tuple[float, ...]], **changes: object) -> None:
    for method, found in values.items():
        for seed, accuracy in enumerate(found):
            sweep.finished(method, seed, accuracy, **changes)


def compared(now: SweepFolder, before: SweepFolder) -> Table:
    return compare_reports(make_report(now.path), make_report(before.path), settings=make_settings())


def test_a_regression_is_marked_and_nothing_else(tmp_path):
    before = sweep_of(tmp_path / "before", BEFORE | {"early/max": (0.1, 0.2)})
    now = sweep_of(tmp_path / "now", NOW | {"early/film": (0.1, 0.2)})
    table = compared(now, before)
    rows = {row.method: row for family in table.families for row in family}
    assert {name: row.cells[-1].text for name, row in rows.items()} == {
        "early/sum": "worse",
        "early/concat": "no change shown",
        "late/mean": "too few seeds to say",
    }
    assert [name for name, row in rows.items() if row.marked] == ["early/sum"]
    # Three methods are tested, the smallest p counts three times.
    expected = 3 * ttest_rel(NOW["early/sum"], BEFORE["early/sum"]).pvalue
    assert float(rows["early/sum"].cells[5].text) == pytest.approx(expected, rel=0.05)
    assert [cell.text for cell in rows["early/sum"].cells[:4]] == ["4", "0.815 ± 0.013", "0.730 ± 0.026", "-8.5"]
    assert table.notes[:2] == ("only in now: early/film", "only in before: early/max")


def test_the_same_runs_are_the_same(tmp_path):
    before, now = (sweep_of(tmp_path / name, BEFORE) for name in ("before", "now"))
    verdicts = [row.cells[-1].text for family in compared(now, before).families for row in family]
    assert verdicts == ["the same"] * 3


def test_settings_that_changed_are_named(tmp_path):
    before = sweep_of(tmp_path / "before", BEFORE)
    now = sweep_of(tmp_path / "now", NOW, config={"optimizer": {"lr": 0.1}})
    assert "settings that changed: optimizer.lr" in compared(now, before).notes


def test_other_data_or_other_methods_are_refused(tmp_path):
    before = sweep_of(tmp_path / "before", BEFORE)
    other = sweep_of(tmp_path / "other", NOW, data_fingerprint="other")
    with pytest.raises(RunFolderError, match="must share one data_fingerprint"):
        compared(other, before)
    alone = sweep_of(tmp_path / "alone", {"early/film": (0.1, 0.2)})
    with pytest.raises(RunFolderError, match="must have a method and a seed in common"):
        compared(alone, before)


def test_the_command_line_writes_it_beside_the_report(tmp_path, capsys):
    sweep_of(tmp_path / "before", BEFORE)
    sweep_of(tmp_path / "now", NOW)
    assert main(["report", "now", "--against", "before", "--output-dir", str(tmp_path)]) == 0
    assert "now against before" in " ".join(capsys.readouterr().out.split())
    text = (tmp_path / "now" / "report" / "against.md").read_text(encoding="utf-8")
    assert "| **worse** |" in text


def test_a_narrow_terminal_cuts_nothing(tmp_path):
    before, now = sweep_of(tmp_path / "before", BEFORE), sweep_of(tmp_path / "now", NOW)
    layouts = in_terminal(compared(now, before))
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    console.print(rich_table(layouts, console=console))
    said = console.file.getvalue()
    assert "…" not in said
    (line,) = (line for line in said.splitlines() if "early/sum" in line)
    assert line.split() == ["early/sum", "4", "0.815", "0.730", "-8.5", "worse"]
    assert [[layout.headings[place] for place in row.marked] for layout in layouts for row in layout.families[1]] == [
        [], ["verdict"], [], ["verdict"],
    ]  # fmt: skip
    wide = Console(width=130, file=io.StringIO(), force_terminal=False)
    wide.print(rich_table(layouts, console=wide))
    assert "0.815 ± 0.013" in wide.file.getvalue()


def test_it_is_written_whole(tmp_path):
    table = compared(*(sweep_of(tmp_path / name, BEFORE) for name in ("now", "before")))
    text = write_tables([table, table], tmp_path / "a.md").read_text(encoding="utf-8")
    assert text.startswith("# now against before")
    assert text.count("\n# now against before") == 1


def test_rows_of_one_sweep_that_differ_are_no_change(tmp_path):
    before = sweep_of(tmp_path / "before", {"early/sum": (0.5, 0.6)})
    now = sweep_of(tmp_path / "now", {"early/sum": (0.5, 0.6)})
    for rate in (0.1, 0.01):
        sweep_more(now, {"late/mean": (0.5, 0.6)}, config={"optimizer": {"lr": rate}})
    assert not [note for note in compared(now, before).notes if "settings" in note]


def test_an_equal_change_in_every_seed_is_said(tmp_path):
    before = sweep_of(tmp_path / "before", {"early/sum": (0.5, 0.5)})
    now = sweep_of(tmp_path / "now", {"early/sum": (0.25, 0.25)})
    (row,) = compared(now, before).families[0]
    assert row.cells[-1].text == "every seed alike: no spread to test"


def test_a_metric_that_one_lacks_is_refused(tmp_path):
    sweeps = [SweepFolder(tmp_path / name) for name in ("now", "before")]
    for sweep, metric in zip(sweeps, ("accuracy", "mae"), strict=True):
        sweep.finished("early/sum", 0, test={metric: 0.5, "loss": 1.0})
    with pytest.raises(RunFolderError, match=r"the metric of now \(accuracy\) must be one that before has too"):
        compared(*sweeps)
    nothing = SweepFolder(tmp_path / "nothing")
    nothing.finished("early/sum", 0, test={"loss": 1.0})
    with pytest.raises(RunFolderError, match=r"the metric of nothing \(none but the loss\)"):
        compared(nothing, sweeps[0])


def test_sweeps_of_one_name_are_told_apart_by_their_folders(tmp_path):
    sweeps = [sweep_of(tmp_path / name / "trio", BEFORE) for name in ("new", "old")]
    assert compared(*sweeps).title.startswith("new/trio against old/trio: ")


def test_what_was_not_compared_is_said(tmp_path):
    before, now = (sweep_of(tmp_path / name, BEFORE) for name in ("before", "now"))
    sweep_more(now, {"early/sum": (0.1,)}, data="other", data_fingerprint="other")
    reports = [report_all(load(one.path, split="test"), split="test", layout=make_layout()) for one in (now, before)]
    (table,) = compare_all(*reports, settings=make_settings())
    assert table.notes[0] == "not in before, and not compared: other"


def test_each_kind_of_runs_is_compared_with_its_own(tmp_path):
    """The budgets of one sweep are two kinds; the earlier one knows only one of them, and other data besides."""
    layout, longer = make_layout(), {"budget": {"max_epochs": 99}}
    before = sweep_of(tmp_path / "before", BEFORE)
    sweep_more(before, {"early/sum": (0.1, 0.2)}, data_fingerprint="other", data="other")
    now = sweep_of(tmp_path / "now", NOW)
    sweep_more(now, {"early/sum": (0.9, 0.9, 0.8)}, **longer)
    reports = [[report(one, split="test", layout=layout) for one in load(s.path, split="test")] for s in (now, before)]
    tables = compare_all(*reports, settings=layout.statistics)
    rows = [next(row for rows in table.families for row in rows if row.method == "early/sum") for table in tables]
    assert [row.cells[1].text for row in rows] == ["0.815 ± 0.013", "0.810 ± 0.010"]
    assert [row.cells[2].text for row in rows] == ["0.730 ± 0.026", "0.867 ± 0.058"]
