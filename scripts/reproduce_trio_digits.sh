#!/usr/bin/env bash
# From nothing to the finished ablation on trio_digits: 37 methods, five seeds each, tables and figures.
#   scripts/reproduce_trio_digits.sh [OVERRIDE…]          such as trainer.max_epochs=40
# Started again after a stop it does what is left. OUTPUT_DIR (default: outputs) is where the runs lie.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${OUTPUT_DIR:-outputs}
uv run fuselab train +sweep=fusion_ablation launcher=joblib output_dir="$out" "$@"
uv run fuselab report fusion_ablation --output-dir "$out"
