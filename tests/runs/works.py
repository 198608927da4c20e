"""What a run's process may do, said by a script in the run's folder: one line for each attempt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from fuselab.errors import ConfigError
from fuselab.runs.attempt import record_failure
from fuselab.runs.due import config_digest
from fuselab.runs.files import read_json, write_json
from fuselab.runs.folder import RunFolder
from fuselab.runs.leave import LEFT_IN_ORDER, Left, leave_at_sigterm
from fuselab.runs.lock import at_work
from fuselab.runs.process import PRELOAD, die_with_owner


def play(path: str) -> None:
    """Do what the script says for this attempt; its last line goes on."""
    folder = RunFolder(Path(path))
    status = folder.status()
    script = json.loads((folder.path / "script.json").read_text())
    says = script[min(status.attempts if status else 1, len(script)) - 1]
    with at_work(folder.path):
        with (folder.path / "played.txt").open("a") as played:
            played.write(f"{says}\n")
        ACTS[says](folder)


def finish(folder: RunFolder) -> None:
    config = read_json(folder.path / "expected.json") or {}
    write_json(folder.result_file, {"identity": config.get("identity"), "config_digest": config_digest(folder)})


def keep_a_checkpoint_and_leave(folder: RunFolder) -> None:
    folder.checkpoints.mkdir(exist_ok=True)
    (folder.checkpoints / "last.ckpt").touch()
    sys.exit(LEFT_IN_ORDER)


def keep_a_checkpoint_and_die(folder: RunFolder) -> None:
    folder.checkpoints.mkdir(exist_ok=True)
    (folder.checkpoints / "last.ckpt").touch()
    os.kill(os.getpid(), signal.SIGKILL)


def raise_an_error(folder: RunFolder) -> None:
    try:
        raise ValueError("too small\nby far")
    except ValueError as error:
        record_failure(folder, error)
    sys.exit(1)


def refuse(folder: RunFolder) -> None:
    record_failure(folder, ConfigError("width (0) must be larger; set width=1"))
    sys.exit(1)


def exit_with_7(folder: RunFolder) -> None:
    os._exit(7)


def raise_unseen(folder: RunFolder) -> None:
    raise OSError("nobody catches this")


def wait_for_the_end(folder: RunFolder) -> None:
    """Leave in order when asked to, or when nobody waits."""
    leave_at_sigterm()
    die_with_owner(grace=1.0)
    write_json(folder.path / "pid.json", {"pid": os.getpid()})
    try:
        time.sleep(120)
    except Left:
        sys.exit(LEFT_IN_ORDER)


def hear_nothing(folder: RunFolder) -> None:
    """Start a process, and ignore SIGTERM as it does."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    write_json(folder.path / "pid.json", {"pid": os.getpid(), "child": child.pid})
    time.sleep(120)


def write_surroundings(folder: RunFolder) -> None:
    told = {"variable": os.environ.get("FUSELAB_TEST"), "owner": os.environ.get("FUSELAB_OWNER")}
    imported = [name for name in PRELOAD if name in sys.modules]
    write_json(
        folder.path / "surroundings.json",
        {
            **told,
            "parent": os.getppid(),
            "imported": imported,
            "interrupt": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
            "main": getattr(sys.modules["__main__"], "__file__", None),
        },
    )
    os.write(sys.stderr.fileno(), b"said aside\n")


ACTS = {
    act.__name__: act
    for act in (
        finish,
        keep_a_checkpoint_and_leave,
        keep_a_checkpoint_and_die,
        raise_an_error,
        refuse,
        exit_with_7,
        raise_unseen,
        wait_for_the_end,
        hear_nothing,
        write_surroundings,
    )
}
