#!/usr/bin/env bash
# From the publishers' features to the tables on CMU-MOSI: by utterance and in dialogue, with and without audio.
#   FUSELAB_DATA=/folder scripts/reproduce_mosi.sh [OVERRIDE…]
# The folder holds cmu_mosi_utterance_features.npz. Started again after a stop it does what is left. OUTPUT_DIR
# (default: outputs) is where the runs lie.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${OUTPUT_DIR:-outputs}
for sweep in mosi_table mosi_text_video_table mosi_dialogue_table mosi_dialogue_text_video_table; do
  uv run fuselab train +sweep="$sweep" launcher=joblib output_dir="$out" "$@"
  uv run fuselab report "$sweep" --output-dir "$out"
done
