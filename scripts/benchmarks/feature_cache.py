"""Time a sweep with a frozen language model: read in every epoch, read once a run, and kept for all runs.

    python scripts/benchmarks/feature_cache.py --epochs 20

The model is a BERT of random weights with more than 5 million parameters, made here: what it says doesn't matter to the
time that it takes. All sweeps go through the command line, one run behind the other, on the same 2,000 samples of
trio_digits (1,400 of them train), and train the same small picture encoder beside it.

- every epoch: a random step that changes nothing stands before the model, so that it reads each batch of training anew
- every run: feature_cache=false
- kept: an empty cache first
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ANEW = ["+transform/text@transform.text.nothing=token_dropout", "transform.text.nothing.probability=0"]
TOKENS = 32


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20, help="epochs of a run (default: 20)")
    parser.add_argument("--runs", type=int, default=2, help="runs of a sweep (default: 2)")
    parser.add_argument("--threads", type=int, default=1, help="of a run (default: 1)")
    parser.add_argument("--layers", type=int, default=7, help="of the model (default: 7)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parameters = make_model(folder / "bert", layers=options.layers)
        sweep = Sweeps(folder, epochs=options.epochs, runs=options.runs, threads=options.threads)
        sweep.do("warm", "trainer.max_epochs=1", "feature_cache=false", "seed=0")  # the data are built before
        shutil.rmtree(folder / "outputs" / "warm")
        anew = sweep.do("anew", *ANEW, "feature_cache=false")
        once = sweep.do("once", "feature_cache=false")
        kept = sweep.do("kept")
        again = sweep.do("again")
        size = sum(one.stat().st_size for one in (folder / "cache").glob("features-*/*.safetensors"))
    print(f"{parameters:,} frozen parameters, {TOKENS} tokens, {options.epochs} epochs; seconds of each run")
    for label, seconds in (("every epoch", anew), ("every run", once), ("kept", kept), ("kept, a later sweep", again)):
        print(f"{label:20}" + "".join(f"{one:9.1f}" for one in seconds))
    print(
        f"second run, kept: {anew[1] / kept[1]:.1f} times as fast as every epoch, {once[1] / kept[1]:.1f} as every run"
    )
    print(
        f"a later sweep's first run: {anew[0] / again[0]:.1f} and {once[0] / again[0]:.1f}; {size / 2**20:.0f} MiB kept"
    )


class Sweeps:
    """Does sweeps in a folder.

    Args:
        folder: for outputs and caches
        epochs: of a run
        runs: of a sweep
        threads: of a run
    """

    def __init__(self, folder: Path, *, epochs: int, runs: int, threads: int) -> None:
        self.folder = folder
        seeds = ",".join(map(str, range(runs)))
        self.common = [
            f"seed={seeds}",
            f"trainer.max_epochs={epochs}",
            "monitor.patience=1000",
            f"threads={threads}",
            "logger=none",
            "data.source.sizes={train: 1400, val: 300, test: 300}",
            "fusion.modalities=[image,text]",
            f"data.text.max_length={TOKENS}",
            "encoder/text=hf",
            f"encoder.text.model={folder / 'bert'}",
            "encoder.text.pooling=mean",
        ]

    def do(self, name: str, *more: str) -> list[float]:
        """Do a sweep and return the seconds of its runs."""
        given = {one.partition("=")[0] for one in more}
        common = [one for one in self.common if one.partition("=")[0] not in given]
        command = [sys.executable, "-m", "fuselab.cli", "train", "-m", f"name={name}", *common, *more]
        environment = {**os.environ, "FUSELAB_CACHE": str(self.folder / "cache")}
        began = time.perf_counter()
        done = subprocess.run(command, cwd=self.folder, check=False, capture_output=True, text=True, env=environment)
        results = sorted((self.folder / "outputs" / name).glob("*/result.json"))
        if done.returncode != 0 or not results:
            sys.exit(done.stdout + done.stderr)
        print(
            f"{name}: {time.perf_counter() - began:.0f} s, with the start of the command", file=sys.stderr, flush=True
        )
        found = [json.loads(one.read_text(encoding="utf-8")) for one in results]
        return [one["seconds"]["total"] for one in sorted(found, key=lambda one: one["seed"])]


def make_model(folder: Path, *, layers: int) -> int:
    """Save a BERT and its tokenizer; return its parameters."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyz?,.'"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{letter}" for letter in letters)]
    sizes = {"hidden_size": 256, "num_attention_heads": 4, "intermediate_size": 1024, "num_hidden_layers": layers}
    model = BertModel(BertConfig(vocab_size=len(words), **sizes), add_pooling_layer=False)
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return sum(one.numel() for one in model.parameters())


if __name__ == "__main__":
    main()
