"""Time one sweep under launcher=basic and under launcher=joblib, and print how many times as fast joblib is.

    python scripts/benchmarks/sweep_throughput.py --runs 8

Both do the same runs with one thread each, start-up included, from nothing but the data.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=8, help="runs of the sweep (default: 8)")
    parser.add_argument("--workers", type=int, default=2, help="joblib's workers (default: 2)")
    parser.add_argument("--epochs", type=int, default=6, help="epochs of a run (default: 6)")
    parser.add_argument(
        "--threads", default="1", help="of a run under basic; null lets it take every core (default: 1)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # The data are built before either is timed.
        sweep(Path(folder), "warm", runs=1, epochs=1, threads="1", launcher=["launcher=basic"])
        size = {"runs": options.runs, "epochs": options.epochs}
        basic = sweep(Path(folder), "basic", **size, threads=options.threads, launcher=["launcher=basic"])
        workers = ["launcher=joblib", f"hydra.launcher.n_jobs={options.workers}"]
        joblib = sweep(Path(folder), "joblib", **size, threads="1", launcher=workers)
    print(f"basic   {basic:6.1f} s for {options.runs} runs")
    print(f"joblib  {joblib:6.1f} s for {options.runs} runs, {options.workers} workers")
    print(f"ratio   {basic / joblib:6.2f}")


def sweep(folder: Path, name: str, *, runs: int, epochs: int, threads: str, launcher: list[str]) -> float:
    """Do a sweep and return the seconds that it took."""
    command = [sys.executable, "-m", "fuselab.cli", "train", "-m", f"name={name}", f"seed=range({runs})"]
    command += [*launcher, f"threads={threads}", f"trainer.max_epochs={epochs}", "logger=none"]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
