#!/usr/bin/env bash
# From the publishers' files to the table on AV-MNIST, split by speaker.
#   FUSELAB_DATA=/folder scripts/reproduce_av_mnist.sh [OVERRIDE…]
# What the folder (default: data) lacks is downloaded and checked. Started again after a stop it does what is left.
# OUTPUT_DIR (default: outputs) is where the runs lie.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${OUTPUT_DIR:-outputs}
uv run python scripts/prepare_av_mnist.py --folder "${FUSELAB_DATA:-data}" --download
uv run fuselab train +sweep=av_mnist_table launcher=joblib output_dir="$out" "$@"
uv run fuselab report av_mnist_table --output-dir "$out"
