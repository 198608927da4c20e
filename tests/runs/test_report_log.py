from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb
from PIL import Image

from fuselab.errors import FuselabError, RunFolderError
from fuselab.reports.load import load
from fuselab.reports.plots.figures import gather, write_figures
from fuselab.reports.report import report
from fuselab.runs.report_log import log_report, project_of
from fuselab.runs.summary import summary
from fuselab.runs.sync import offline_runs, sync
from fuselab.runs.tracking import tracking_id

from ..reports.conftest import SweepFolder, make_layout
from ..wandb_server import Kept
from .offline import Recorded, read_offline

RUNS = """\
run,label,method,seed,identity,data_fingerprint,split_hash,git_commit,test.accuracy,warnings
early-sum-s0-1,,early/sum,0,1234567890123456,f00d,1e5,7031444,0.8,[]
early-sum-s1-2,,early/sum,1,12e4,f00d,1e5,7031445,,"[""a, b""]"
"""
PAIRS = "metric,first,second,difference,holds\naccuracy,early/sum,late/mean,-0.5,True\naccuracy,a,b,,False\n"
PAGE = "<!doctype html><title>ünï</title><script>1 < 2</script>\n"


@pytest.fixture(scope="module", autouse=True)
def _without_a_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_DATA_DIR"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


def make_sweep(path: Path) -> Path:
    SweepFolder(path).finished("early/sum", 0, config={"logger": {"project": "mine"}})
    return path


def make_report(folder: Path) -> Path:
    (folder / "tables").mkdir(parents=True)
    (folder / "figures").mkdir()
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "statistics.md").write_text("# Statistics\n")
    (folder / "tables" / "runs.csv").write_text(RUNS)
    (folder / "tables" / "pairs.csv").write_text(PAIRS)
    for name in ("bars", "ranks"):
        Image.new("RGB", (30, 20), "white").save(folder / "figures" / f"{name}.png")
    (folder / "figures" / "bars.svg").write_text("<svg/>")
    (folder / "figures" / "README.md").write_text(
        "# Figures\n\n![bars](bars.png)\n\n"
        "**bars** ([svg](bars.svg), [pdf](bars.pdf)): Mean \\_of\\_ two (small): dots.\n\n"
        "**cost** is not drawn: too few.\n"
    )
    return folder


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return make_sweep(tmp_path / "outputs" / "trio")


@pytest.fixture
def written(sweep: Path) -> Path:
    return make_report(sweep / "report")


def logged(folder: Path, sweep: Path, *, split: str = "test") -> tuple[Path, Recorded]:
    place = sweep / ("report" if split == "test" else f"report-{split}")
    offline = Path(log_report(folder, place=place, project="mine", split=split))
    wandb.teardown()  # W&B's own process may still write, as it may not when a command has ended
    return offline, read_offline(offline)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Recorded]:
    """A report's folder, W&B's folder of it, and what stands there."""
    sweep = make_sweep(tmp_path_factory.mktemp("outputs") / "trio")
    folder = make_report(sweep / "report")
    return folder, *logged(folder, sweep)


def test_a_report_is_one_run_of_the_group_that_says_what_it_is_of(log):
    folder, offline, found = log
    assert offline_runs(folder.parent) == [offline]
    assert (found.group, found.name, found.job_type, found.project) == ("trio", "report", "report", "mine")
    assert {key: value for key, value in found.config.items() if key != "_wandb"} == {
        "sweep": "trio",
        "split": "test",
        "method": "early/sum",
        "seeds": [0, 1],
        "data_fingerprint": "f00d",
        "split_hash": "1e5",
        "git_commits": ["7031444", "7031445"],
    }


def test_tables_have_numbers_as_numbers_and_names_as_names(log):
    _, offline, found = log
    runs, pairs = (
        json.loads((offline / "files" / found.summary[f"tables/{name}/path"]).read_text()) for name in ("runs", "pairs")
    )
    assert runs["columns"] == RUNS.splitlines()[0].split(",")
    assert runs["data"] == [
        ["early-sum-s0-1", None, "early/sum", 0, "1234567890123456", "f00d", "1e5", "7031444", 0.8, "[]"],
        ["early-sum-s1-2", None, "early/sum", 1, "12e4", "f00d", "1e5", "7031445", None, '["a, b"]'],
    ]
    assert pairs["data"] == [["accuracy", "early/sum", "late/mean", -0.5, True], ["accuracy", "a", "b", None, False]]


def test_figures_have_their_captions_and_the_page_is_whole(log):
    folder, offline, found = log
    kinds = {key: value for key, value in found.summary.items() if key.endswith("_type")}
    assert kinds == {
        "tables/runs/_type": "table-file",
        "tables/pairs/_type": "table-file",
        "figures/bars/_type": "image-file",
        "figures/ranks/_type": "image-file",
        "page/_type": "html-file",
    }
    assert found.summary["figures/bars/caption"] == "Mean _of_ two (small): dots."
    assert "figures/ranks/caption" not in found.summary
    for name in ("bars", "ranks"):
        path = offline / "files" / found.summary[f"figures/{name}/path"]
        assert path.read_bytes() == (folder / "figures" / f"{name}.png").read_bytes()
    assert (offline / "files" / found.summary["page/path"]).read_text(encoding="utf-8") == PAGE


def test_the_captions_are_those_of_a_page_of_figures_that_a_report_writes(written, sweep):
    (loaded,) = load(sweep, split="test")
    write_figures(gather(report(loaded, split="test", layout=make_layout())), written / "figures")
    _, found = logged(written, sweep)
    assert found.summary["figures/bars/caption"].startswith("Accuracy on the test split")


def test_all_files_are_an_artifact_that_a_later_report_leaves_as_it_is(written, sweep):
    offline, found = logged(written, sweep)
    entries = {one.path: one for one in found.artifacts["report"].manifest.contents}
    files = {path.relative_to(written).as_posix(): path for path in written.rglob("*") if path.is_file()}
    contents = {name: path.read_bytes() for name, path in files.items()}
    assert set(entries) == set(files)
    for path in files.values():
        path.write_text("another report")
    for name, entry in entries.items():
        kept = Path(entry.local_path)
        assert kept.is_relative_to(offline)
        assert kept.read_bytes() == contents[name]
        assert base64.b64decode(entry.digest) == hashlib.md5(contents[name]).digest()
    assert "WANDB_DATA_DIR" not in os.environ


def test_a_second_report_goes_on_with_the_run_and_one_of_another_split_does_not(written, sweep, tmp_path):
    (_, first), (_, second) = logged(written, sweep), logged(written, sweep)
    moved = written.rename(tmp_path / "elsewhere")
    _, third = logged(moved, sweep)
    assert first.id == second.id == third.id
    _, other = logged(moved, sweep, split="val")
    assert (other.name, other.config["split"]) == ("report-val", "val")
    assert other.id != first.id


def test_the_files_of_wandb_are_no_run(written, sweep):
    before = load(sweep, split="test")
    log_report(written, place=sweep / "report", project="mine", split="test")
    assert (sweep / "wandb").is_dir()
    assert load(sweep, split="test") == before
    assert summary(sweep).total == 1


def test_reports_side_by_side_are_told_apart_by_their_folders(tmp_path):
    folder = tmp_path / "elsewhere"
    for name in ("one", "other"):
        make_report(folder / name)
        (folder / name / "index.html").unlink()
    (folder / "other" / "tables" / "runs.csv").write_text(RUNS.replace("f00d", "beef"))
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    offline, found = logged(folder, tmp_path / "a+b")
    assert offline_runs(tmp_path / "a+b") == [offline]
    kinds = {key.removesuffix("/_type") for key in found.summary if key.endswith("_type")}
    media = ("tables/runs", "tables/pairs", "figures/bars", "figures/ranks")
    assert kinds == {"page", *(f"{name}/{one}" for name in ("one", "other") for one in media)}
    assert found.summary["other/figures/bars/caption"] == "Mean _of_ two (small): dots."
    assert found.config["data_fingerprints"] == ["f00d", "beef"]
    assert found.group == "a+b"


def test_the_project_is_that_of_the_runs_or_the_one_that_ships(tmp_path):
    folder = SweepFolder(tmp_path / "outputs" / "other")
    assert project_of(folder.path) == "fuselab"
    assert project_of(make_sweep(tmp_path / "outputs" / "trio")) == "mine"
    folder.finished("early/sum", 0, config={"logger": {"_target_": "fuselab.runs.tracking.no_logger"}})
    assert project_of(folder.path) == "fuselab"


def test_a_folder_without_a_report(sweep, tmp_path):
    with pytest.raises(
        RunFolderError, match=r"the report \(.*\) must hold index.html; make it with fuselab report trio"
    ):
        log_report(tmp_path, place=sweep / "report", project="mine", split="test")
    assert not (sweep / "wandb").exists()


@pytest.mark.parametrize("key", ["short", "0" * 40])
def test_a_key_that_wandb_does_not_take_is_one_line(key, written, sweep, refusing, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WANDB_API_KEY", key)
    monkeypatch.setenv("WANDB_BASE_URL", refusing)
    with pytest.raises(FuselabError, match=r"trio must reach W&B \(.*\); mend the key .* fuselab sync") as caught:
        log_report(written, place=sweep / "report", project="mine", split="test")
    assert "\n" not in str(caught.value)
    wandb.teardown()


def taken(kept: Kept, folder: Path) -> None:
    """Hold what a server was sent up to the report."""
    (name,) = kept.runs
    assert name == tracking_id(folder)
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path: kept.files[f"artifact/report-{name}/{path}"] for path in files} == files
    media = [content for path, content in kept.files.items() if path.startswith("run/media/")]
    assert all(files[path] in media for path in ("index.html", "figures/bars.png", "figures/ranks.png"))


def test_what_was_written_offline_is_uploaded_whole(written, sweep, accepting, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.delenv("WANDB_API_KEY")
        logged(written, sweep)
    assert not accepting.runs
    assert sync(sweep, dry_run=False) == 0
    taken(accepting, written)


def test_with_a_key_it_is_there_at_once(written, sweep, accepting):
    address = log_report(written, place=sweep / "report", project="mine", split="test")
    wandb.teardown()
    assert address == f"{accepting.url}/me/mine/runs/{tracking_id(sweep / 'report')}"
    taken(accepting, written)
    (run,) = accepting.runs.values()
    assert (run["groupName"], run["jobType"], run["displayName"]) == ("trio", "report", "report")


def test_the_command_line_logs_what_it_has_written_without_torch(sweep):
    code = (
        "import sys; from fuselab.cli import main\n"
        "code = main(['report', sys.argv[1], '--log', 'wandb'])\n"
        "print(code, [name for name in ('torch', 'pytorch_lightning') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(sweep)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *_, said, last = done.stdout.splitlines()
    assert last == "0 []"
    # On a machine that never drew a figure matplotlib says that it looks for fonts; W&B says nothing.
    assert [line for line in done.stderr.splitlines() if "font cache" not in line] == []
    found = read_offline(Path(said))
    assert found.summary["page/_type"] == "html-file"
    tables = {key.split("/")[1] for key in found.summary if key.startswith("tables/")}
    assert {"table", "runs", "sources"} <= tables == {path.stem for path in (sweep / "report" / "tables").glob("*.csv")}
