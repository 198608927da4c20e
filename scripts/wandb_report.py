"""Make a W&B Report of a sweep whose runs and report are there: sentences, and panels over its runs.

    fuselab report SWEEP
    python scripts/wandb_report.py SWEEP --dry-run | less
    WANDB_API_KEY=… python scripts/wandb_report.py SWEEP

With --dry-run it prints what it would send, and needs neither key nor network. Upload offline runs first, with
fuselab sync SWEEP: the panels show what W&B has.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from fuselab.errors import exit_code
from fuselab.runs.folder import find_sweep
from fuselab.wandb_report import build_report, send, sent


def main() -> int:
    """Make the report, or print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", help="a sweep's folder, or its name below outputs/")
    parser.add_argument("--output-dir", type=Path, default=Path("outputs"), help="where names are looked up")
    parser.add_argument("--split", choices=("test", "val"), default="test", help="whose metrics (default: test)")
    parser.add_argument("--entity", help="whose project it is (default: that of the key)")
    parser.add_argument("--project", help="W&B project (default: that of the runs)")
    parser.add_argument("--draft", action="store_true", help="make a draft, which only its author sees")
    parser.add_argument("--dry-run", action="store_true", help="print what would be sent, and send nothing")
    options = parser.parse_args()
    sweep = find_sweep(options.sweep, output_dir=options.output_dir)
    report = build_report(sweep, split=options.split, entity=options.entity, project=options.project)
    if options.dry_run:
        print(json.dumps(sent(report, draft=options.draft), indent=2, ensure_ascii=False))
    else:
        print(send(report, draft=options.draft))
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
