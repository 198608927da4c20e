"""Time the report of a big sweep, and how long its page takes to open in Chromium.

    python scripts/benchmarks/report_scale.py --runs 1000

The runs are real ones, copied under other seeds, with learning curves of 50 epochs and predictions of 2,048 samples.
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from finished_runs import METHODS, copy, fuselab

from fuselab.runs.folder import RunFolder, find_runs

SIZES = [f"data.source.sizes.{split}={size}" for split, size in (("train", 64), ("val", 64), ("test", 2048))]
EPOCHS = 50
# A child of its own: what children took at most is of all of them, and training takes more.
REPORT = """
import resource
from fuselab.cli import main
main(["report", "many"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000, help="finished runs (default: 1000)")
    seeds = (parser.parse_args().runs + len(METHODS) - 1) // len(METHODS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fusions = f"fusion={','.join(METHODS)}"
        fuselab(folder, "train", "-m", fusions, *SIZES, "trainer.max_epochs=1", "name=many", "logger=none", "seed=0")
        for run in list(find_runs(folder / "outputs" / "many")):
            lengthen(run)
            for seed in range(1, seeds):
                shutil.copy(run.predictions, copy(run, seed, folder).predictions)
        seconds, peak = report(folder)
        page = folder / "outputs" / "many" / "report" / "index.html"
        size = page.stat().st_size / 2**20
        shown, drawn = open_page(page)
    print(f"{seeds * len(METHODS)} finished runs")
    print(f"fuselab report       {seconds:5.1f} s, and at most {peak:.2f} GiB")
    print(f"its page             {size:5.1f} MiB")
    print(f"opened in Chromium   {shown:5.2f} s to the table, {drawn:.2f} s to the charts")


def lengthen(run: RunFolder) -> None:
    """Repeat a run's one epoch."""
    head, row = csv.reader(io.StringIO(run.metrics.read_text()))
    lines = [head, *([str(epoch), *row[1:]] for epoch in range(EPOCHS))]
    run.metrics.write_text("".join(f"{','.join(line)}\n" for line in lines))


def report(folder: Path) -> tuple[float, float]:
    """Return the seconds that the report takes, and its GiB of memory at most."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", REPORT], cwd=folder, check=True, capture_output=True, text=True)
    return time.perf_counter() - began, float(done.stdout.splitlines()[-1])


def open_page(page: Path) -> tuple[float, float]:
    """Return the seconds until the table and until the charts are there."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        window = browser.new_page(viewport={"width": 1280, "height": 900})
        window.goto(page.as_uri())
        window.wait_for_selector(".js-plotly-plot .main-svg", state="attached")
        # The page's own marks: milliseconds since the browser began to open it.
        shown, drawn = (
            window.evaluate(f"performance.getEntriesByName('fuselab-{mark}')[0].startTime / 1000")
            for mark in ("shown", "drawn")
        )
        browser.close()
    return shown, drawn


if __name__ == "__main__":
    main()
