from __future__ import annotations

from pathlib import Path

from fuselab.reports.stale import TEXTS, remove_earlier


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def left(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written_stays_and_what_was_written_goes(tmp_path):
    write(tmp_path, *TEXTS, "index.html")
    remove_earlier(tmp_path, {"tables/table.md"}, ["."])
    assert left(tmp_path) == {"tables/table.md", "index.html"}


def test_the_folder_of_a_report_that_is_no_longer_among_several_goes(tmp_path):
    figures = [f"gone/figures/{name}" for name in ("bars.png", "bars.svg", "bars.pdf", "README.md")]
    write(tmp_path, *(f"gone/{name}" for name in TEXTS), *figures, "kept/tables/sources.csv")
    remove_earlier(tmp_path, {"kept/tables/sources.csv"}, ["kept"])
    assert left(tmp_path) == {"kept/tables/sources.csv"}
    assert not (tmp_path / "gone").exists()


def test_what_somebody_else_has_put_there_stays(tmp_path):
    own = {"gone/mine.txt", "gone/tables/mine.csv", "gone/figures/mine.png", "notes/statistics.md"}
    write(tmp_path, *own, "gone/tables/sources.csv", "gone/figures/bars.png")
    remove_earlier(tmp_path, set(), ["."])
    assert left(tmp_path) == own


def test_another_report_below_the_same_folder_stays(tmp_path):
    """`--out here/other` and then `--out here`: the other one has a page of its own."""
    other = {"other/index.html", "other/tables/sources.csv", "other/tables/table.md", "other/figures/bars.png"}
    write(tmp_path, *other, "tables/pairs.csv")
    remove_earlier(tmp_path, set(), ["."])
    assert left(tmp_path) == other
