"""A run that is cut off, in whatever way, ends as if it never had been."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from fuselab.execute import work
from fuselab.runs.attempt import attempt
from fuselab.runs.compose import composer, resolved
from fuselab.runs.folder import RunFolder, find_runs
from fuselab.runs.identity import run_folder
from fuselab.runs.status import Status
from fuselab.runs.stop import STOP

from .conftest import TINY

SMALL = [*(one for one in TINY if "max_epochs" not in one), "width=8", "threads=1", "logger=none"]
EPOCHS = 20
LONG = [*SMALL, f"trainer.max_epochs={EPOCHS}", "monitor.patience=1000"]
Compose = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def _one_cache(cache: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUSELAB_CACHE", str(cache))
        yield


@pytest.fixture(autouse=True)
def _nobody_has_asked_to_stop() -> Iterator[None]:
    yield
    STOP.signal = None


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Compose:
    outputs = tmp_path_factory.mktemp("outputs")

    def one(*overrides: str) -> dict[str, Any]:
        with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
            return resolved(hydra.compose([*LONG, f"output_dir={outputs}", *overrides]))

    return one


@pytest.fixture(scope="module")
def whole(compose: Compose) -> RunFolder:
    """A run that nothing has disturbed."""
    return done(compose("name=whole"))


def done(config: dict[str, Any], *, state: str = "finished") -> RunFolder:
    """Do a run in the way that every job does."""
    folder = run_folder(config)
    status = attempt(config, folder, work)
    assert status is not None
    assert status.state == state, (status.error, status.traceback)
    return folder


def wait_until(true: Callable[[], object], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def epoch_of(folder: RunFolder) -> int:
    status = folder.status()
    return 0 if status is None else status.epoch


def status_of(folder: RunFolder) -> Status:
    status = folder.status()
    assert status is not None
    return status


def result_of(folder: RunFolder) -> dict[str, Any]:
    result = folder.result()
    assert result is not None
    return result


def when(true: Callable[[], object], act: Callable[[], object]) -> threading.Thread:
    """Do something as soon as something is true."""

    def watch() -> None:
        wait_until(true)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def assert_same(one: RunFolder, other: RunFolder) -> None:
    """Compare two runs to the bit: what they say of every sample, and of every epoch."""
    left, right = (pd.read_parquet(folder.predictions) for folder in (one, other))
    pd.testing.assert_frame_equal(left, right, check_exact=True)
    assert one.metrics.read_text() == other.metrics.read_text()
    for key in ("val", "test", "epochs", "steps", "identity"):
        assert result_of(one)[key] == result_of(other)[key], key


def test_an_undisturbed_run_went_on_nowhere(whole):
    assert result_of(whole)["resumed_at"] == []
    assert result_of(whole)["epochs"] == EPOCHS


def test_a_run_cut_off_before_its_first_checkpoint_begins_anew(compose, whole):
    config = compose("name=early")
    folder = run_folder(config)
    cut = when(folder.status, lambda: setattr(STOP, "signal", signal.SIGTERM))
    done(config, state="interrupted")
    cut.join()
    assert epoch_of(folder) == 0
    assert not (folder.checkpoints / "last.ckpt").exists()
    STOP.signal = None
    assert_same(done(config), whole)
    assert result_of(folder)["resumed_at"] == []


def test_a_run_killed_between_its_last_epoch_and_its_test_trains_no_more(compose, whole):
    config = compose("name=late")
    folder = done(config)
    for path in (folder.result_file, folder.predictions):
        path.unlink()
    checkpoint = (folder.checkpoints / "last.ckpt").stat().st_mtime_ns
    assert_same(done(config), whole)
    assert (folder.checkpoints / "last.ckpt").stat().st_mtime_ns == checkpoint


def kill_its_process(folder: RunFolder) -> None:
    os.kill(status_of(folder).pid, signal.SIGKILL)


def test_a_run_killed_by_the_system_goes_on_in_the_next_try(compose, whole):
    config = compose("name=retried", "retries=1", "retry_delay=0")
    folder = run_folder(config)
    cut = when(lambda: epoch_of(folder) >= 3, lambda: kill_its_process(folder))
    assert_same(done(config), whole)
    cut.join()
    assert status_of(folder).attempts == 2
    (went_on,) = result_of(folder)["resumed_at"]
    assert 2 <= went_on < EPOCHS


# A random step of each modality, before and behind what the encoder prepares.
AUGMENTED = (
    "+transform/image@transform.image.turn=rotate",
    "+transform/image@transform.image.jitter=torchvision",
    "+transform/audio@transform.audio.noise=noise",
    "+transform/audio@transform.audio.mask=spec_augment",
    "+transform/text@transform.text.clean=clean",
    "+transform/text@transform.text.drop=token_dropout",
)


def test_an_augmented_run_that_was_cut_off_ends_as_if_it_had_not_been(compose, whole):
    undisturbed = done(compose(*AUGMENTED, "name=augmented"))
    config = compose(*AUGMENTED, "name=augmented_retried", "retries=1", "retry_delay=0")
    folder = run_folder(config)
    cut = when(lambda: epoch_of(folder) >= 3, lambda: kill_its_process(folder))
    assert_same(done(config), undisturbed)
    cut.join()
    assert len(result_of(folder)["resumed_at"]) == 1
    assert undisturbed.metrics.read_text() != whole.metrics.read_text()


def launch(cwd: Path, cache: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start `fuselab train …` as a user would, and let it work."""
    environment = {**os.environ, "FUSELAB_CACHE": str(cache), "COLUMNS": "160"}
    return subprocess.Popen(
        [sys.executable, "-m", "fuselab.cli", "train", *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **options,
    )


def wait_for(process: subprocess.Popen[str], true: Callable[[], object]) -> None:
    """Wait for what a launch is to bring about."""
    wait_until(lambda: process.poll() is not None or true())
    assert process.poll() is None, process.communicate()[0]


def working_in(path: Path) -> list[psutil.Process]:
    """Return every process that works in a folder, as all do that a launch from there has started."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.cwd() == str(path) and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
        except psutil.Error:
            continue
    return found


def test_a_run_that_is_terminated_and_then_killed_ends_as_if_nothing_had_been(whole, cache, tmp_path):
    command = [*LONG, "name=cut"]
    process = launch(tmp_path, cache, *command)
    runs = tmp_path / "outputs" / "cut"
    wait_for(process, lambda: [one for one in runs.glob("*/status.json") if epoch_of(RunFolder(one.parent)) >= 2])
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, said
    assert "stopping: runs keep their last epoch" in said
    (folder,) = find_runs(runs)
    assert status_of(folder).state == "interrupted"
    assert f"interrupted at epoch {epoch_of(folder)}" in said
    first = epoch_of(folder)
    wait_until(lambda: working_in(tmp_path) == [], 20)

    process = launch(tmp_path, cache, *command)
    wait_for(process, lambda: epoch_of(folder) >= first + 3)
    process.kill()
    process.communicate()
    # What it had started ends by itself, and nobody needs to wait for it.
    process = launch(tmp_path, cache, *command)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    resumed_at = result_of(folder)["resumed_at"]
    # An epoch is told of before it is kept; one that was told of and not kept is done again.
    assert resumed_at[0] in (first - 1, first)
    assert len(resumed_at) == 2
    assert resumed_at[1] >= first + 2
    assert status_of(folder).attempts == 3
    assert_same(folder, whole)
    wait_until(lambda: working_in(tmp_path) == [], 20)


def with_a_small_disk(path: str) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
    work(path)


def test_a_full_disk_is_said_in_words_and_leaves_nothing_half_written(compose, whole, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    config = compose("name=full", "retries=3")
    folder = run_folder(config)
    status = attempt(config, folder, with_a_small_disk)
    assert status is not None
    assert (status.state, status.attempts) == ("failed", 1)
    assert status.error is not None
    assert "must be writable; free the disk or choose another folder with output_dir=" in status.error
    assert not list(folder.path.rglob("*.ckpt"))
    assert not [one for one in folder.path.rglob(".*") if one.name not in (".lock.guard", ".work.guard")]
    assert_same(done(config), whole)


STRESSED = 4  # runs for each kill, so that there is always one to be killed


def kill_alone(process: subprocess.Popen[str]) -> None:
    process.kill()


def kill_group(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def kill_tree(process: subprocess.Popen[str]) -> None:
    for one in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
        one.kill()


@pytest.mark.slow
@pytest.mark.parametrize("kills", [pytest.param(1, marks=pytest.mark.smoke), 3])
def test_a_sweep_killed_again_and_again_finishes_every_run_once(kills, whole, cache, tmp_path):
    seed = int(os.environ.get("FUSELAB_STRESS", random.SystemRandom().randrange(1000)))
    chance = random.Random(seed)
    ways = [kill_alone, kill_group, kill_tree]
    chance.shuffle(ways)
    number = STRESSED * kills
    command = ["-m", "launcher=joblib", "hydra.launcher.n_jobs=2", *LONG, "name=stress", f"seed=range({number})"]
    sweep = tmp_path / "outputs" / "stress"
    kept: dict[str, int] = {}
    for way in ways[:kills]:
        before = sum(map(epoch_of, find_runs(sweep))) if sweep.exists() else 0
        process = launch(tmp_path, cache, *command)
        wait_for(process, lambda before=before: sweep.exists() and sum(map(epoch_of, find_runs(sweep))) >= before + 4)
        time.sleep(chance.uniform(0, 1.5))
        kept |= {one.path.name: epoch_of(one) for one in find_runs(sweep) if (one.checkpoints / "last.ckpt").exists()}
        way(process)
        process.communicate()
    process = launch(tmp_path, cache, *command)
    said, _ = process.communicate(timeout=300)
    note = f"FUSELAB_STRESS={seed}\n{said}"
    assert process.returncode == 0, note
    folders = list(find_runs(sweep))
    assert [status_of(one).state for one in folders] == ["finished"] * number, note
    for folder in folders:
        result = result_of(folder)
        assert result["epochs"] == EPOCHS, note
        assert pd.read_csv(folder.metrics)["epoch"].tolist() == list(range(EPOCHS)), note
        resumed_at = result["resumed_at"]
        assert len(resumed_at) < status_of(folder).attempts <= kills + 1, note
        assert resumed_at == sorted(resumed_at), note
        if 0 < kept.get(folder.path.name, 0) < EPOCHS:
            assert resumed_at, note
            assert resumed_at[-1] >= kept[folder.path.name] - 1, note
    (same,) = (one for one in folders if result_of(one)["seed"] == 0)
    assert_same(same, whole)
    wait_until(lambda: working_in(tmp_path) == [], 20)
