"""Kill a sweep of twelve runs again and again, let it finish, and compare it with one that nobody disturbed.

    python scripts/kill_stress.py --kills 5

Each kill -9 strikes the launching process, its process group or its whole tree at a random moment. Then every run must
have finished once, with the epochs and measures of its twin, none begun anew after its first checkpoint, and with test
predictions that are equal to the bit. The exit code says whether it was so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil

RUNS = 12
WAYS = ("alone", "group", "tree")


def main() -> None:
    """Disturb one sweep, leave another alone, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=5, help="how many (default: 5)")
    parser.add_argument("--epochs", type=int, default=30, help="of a run, at most (default: 30)")
    parser.add_argument("--after", type=float, nargs=2, default=(15.0, 40.0), help="seconds, at least and at most")
    parser.add_argument("--seed", type=int, default=None, help="of the moments (default: drawn)")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1000) if options.seed is None else options.seed
    chance = random.Random(seed)
    print(f"kills drawn with seed {seed}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = [disturb(folder, options.epochs, chance, options.after) for _ in range(options.kills)]
        finish(folder, "killed", options.epochs)
        finish(folder, "undisturbed", options.epochs)
        wrong = compare(folder, kept)
    for one in wrong:
        print("WRONG ", one)
    print("all well" if not wrong else f"{len(wrong)} wrong")
    sys.exit(bool(wrong))


def launch(folder: Path, name: str, epochs: int) -> subprocess.Popen[bytes]:
    """Start a sweep in a process group of its own."""
    command = [sys.executable, "-m", "fuselab.cli", "train", "-m", f"name={name}", "launcher=joblib", "logger=none"]
    command += ["fusion=early/concat,early/gated,late/mean", "seed=0,1,2,3", f"trainer.max_epochs={epochs}"]
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)


def finish(folder: Path, name: str, epochs: int) -> None:
    """Let a sweep end."""
    if launch(folder, name, epochs).wait() != 0:
        sys.exit((folder / f"{name}.log").read_text())


def disturb(folder: Path, epochs: int, chance: random.Random, after: tuple[float, float]) -> dict[str, int]:
    """Kill a sweep at a random moment; return the epochs that each run had kept just before."""
    way = chance.choice(WAYS)
    process = launch(folder, "killed", epochs)
    time.sleep(chance.uniform(*after))
    if process.poll() is not None:
        print("the sweep had ended before the kill; take more epochs or kill earlier")
        return {}
    kept = {run.name: read(run, "status")["epoch"] for run in runs(folder, "killed") if checkpointed(run)}
    tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    if way == "alone":
        process.kill()
    elif way == "group":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        for one in tree:
            one.kill()
    process.wait()
    done = sum((run / "result.json").exists() for run in runs(folder, "killed"))
    at_work = sorted(
        epoch for run, epoch in kept.items() if not (folder / "outputs/killed" / run / "result.json").exists()
    )
    print(f"killed {way:5}  {done:2} runs done, others with a checkpoint at epochs {at_work}")
    return kept


def runs(folder: Path, name: str) -> list[Path]:
    """Return a sweep's run folders."""
    return sorted(path.parent for path in (folder / "outputs" / name).glob("*/status.json"))


def checkpointed(run: Path) -> bool:
    """Say whether a run has something to go on from."""
    return (run / "checkpoints" / "last.ckpt").exists()


def read(run: Path, what: str) -> dict:
    """Return the content of a run's status or result."""
    return json.loads((run / f"{what}.json").read_text())


def compare(folder: Path, kept: list[dict[str, int]]) -> list[str]:
    """Return what is not as it must be."""
    wrong = []
    killed, undisturbed = runs(folder, "killed"), runs(folder, "undisturbed")
    if not len(killed) == len(undisturbed) == RUNS:
        wrong.append(f"{len(killed)} and {len(undisturbed)} runs, not {RUNS}")
    resumptions = 0
    for run, other in zip(killed, undisturbed, strict=False):
        result = read(run, "result")
        resumptions += len(result["resumed_at"])
        if read(run, "status")["state"] != "finished":
            wrong.append(f"{run.name} has not finished")
        # Early stopping may end a run; it must end the other at the same epoch.
        if (run / "metrics.csv").read_text() != (other / "metrics.csv").read_text():
            wrong.append(f"{run.name} has other epochs than {other.name}, or measured otherwise")
        # It went on at the last boundary that it had kept when it was killed, or at a later one, never at 0.
        for had in (one[run.name] for one in kept if 0 < one.get(run.name, 0) < result["epochs"]):
            if not any(at >= had - 1 for at in result["resumed_at"]):
                wrong.append(f"{run.name} had {had} epochs and went on at {result['resumed_at']}")
        ours, theirs = (pd.read_parquet(one / "predictions.parquet") for one in (run, other))
        if read(other, "result")["resumed_at"] or not ours.equals(theirs):
            wrong.append(f"{run.name} predicts otherwise than {other.name}")
    print(f"{len(killed)} runs finished, {resumptions} resumptions")
    return wrong


if __name__ == "__main__":
    main()
