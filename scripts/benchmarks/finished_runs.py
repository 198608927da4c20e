"""Time `fuselab status` and the launch of a sweep whose runs are all finished.

    python scripts/benchmarks/finished_runs.py --runs 1000

The folders hold what finished runs leave for these commands: config, status, metrics and result of a real run, each
with its own seed and identity.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from fuselab.runs.due import config_digest
from fuselab.runs.folder import RunFolder, find_runs
from fuselab.runs.identity import identity, run_folder

METHODS = ["early/concat", "early/gated", "attention/cross", "late/mean", "unimodal/text"]
TINY = [f"data.source.sizes.{split}=64" for split in ("train", "val", "test")] + ["trainer.max_epochs=1"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000, help="finished runs (default: 1000)")
    seeds = (parser.parse_args().runs + len(METHODS) - 1) // len(METHODS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = ["train", "-m", f"fusion={','.join(METHODS)}", *TINY, "name=many", "logger=none"]
        fuselab(folder, *base, "seed=0")
        for run in list(find_runs(folder / "outputs" / "many")):
            for seed in range(1, seeds):
                copy(run, seed, folder)
        status = fuselab(folder, "status", "many", "--once")
        launch = fuselab(folder, *base, f"seed=range({seeds})")
    print(f"{seeds * len(METHODS)} finished runs")
    print(f"fuselab status --once        {status:5.2f} s")
    print(f"the same sweep launched again {launch:4.2f} s")


def copy(run: RunFolder, seed: int, folder: Path) -> RunFolder:
    """Make a finished run of another seed."""
    config = yaml.safe_load(run.config.read_text()) | {"seed": seed}
    status, result = run.status(), run.result()
    assert status is not None
    assert result is not None
    other = RunFolder(folder / run_folder(config).path)
    other.path.mkdir()
    other.config.write_text(yaml.safe_dump(config, sort_keys=False))
    other.metrics.write_bytes(run.metrics.read_bytes())
    dataclasses.replace(status, seed=seed).write(other.path)
    result |= {"seed": seed, "identity": identity(config), "config_digest": config_digest(other)}
    other.result_file.write_text(json.dumps(result))
    return other


def fuselab(folder: Path, *arguments: str) -> float:
    """Run a command and return the seconds that it took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "fuselab.cli", *arguments]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    print(done.stdout.splitlines()[0] if done.stdout else "")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
