"""A user's own recordings, from his config to a result."""

from __future__ import annotations

import json
from pathlib import Path

from ...conftest import Shell

DATA = """
# @package _global_
defaults:
  - streams
  - /stream@data.source.modalities.gaze: numbers
  - /encoder/sequence@encoder.gaze: gru
  - /stream@data.source.modalities.voice: audio
  - /encoder/audio@encoder.voice: logmel_cnn
  - /column@data.source.modalities.words: text
  - /encoder/text@encoder.words: transformer
  - _self_
data:
  name: talks
  folder: talks
  outputs: 2
  batch_size: 8
  audio: {sample_rate: 8000, seconds: 0.8}
  text: {vocab_size: 64, max_length: 8}
  tokenizers: {words: "${data.tokenizer}"}
  source:
    intervals: {file: words.csv, recording: talk, begin: from, end: to}
    modalities:
      gaze: {file: "gaze/{recording}.csv", columns: [x, who], times: seconds, size: 2, offset_column: late, parts: 3}
      voice: {file: "sound/{recording}.wav"}
      words: {column: text}
    target: {column: stance, classes: ["no", "yes"]}
encoder:
  gaze: {size: 2}
"""
TRAIN = ("train", "--config-dir", "conf", "data=talks", "trainer.max_epochs=1", "logger=none", "progress=false")


def test_recordings_of_ones_own_train_and_the_doctor_looks_at_them(rows, write, shell: Shell, tmp_path: Path):
    write(rows)
    (tmp_path / "talks" / "sound" / "t3.wav").unlink()
    (tmp_path / "conf" / "data").mkdir(parents=True)
    (tmp_path / "conf" / "data" / "talks.yaml").write_text(DATA)
    done = shell("doctor", "--config-dir", "conf", "data=talks", cwd=tmp_path)
    shown = " ".join(done.stdout.split())
    assert "note 80 samples of 8 recordings, 0.4 to 0.8 s long" in shown
    assert "note gaze: there in 80 of 80 samples; -0.5 to 0.25 s added to its clock" in shown
    assert "warning voice has no file for 1 recording (t3): missing in 10 samples" in shown
    shell(*TRAIN, cwd=tmp_path)
    (run,) = (tmp_path / "outputs" / "talks").glob("early-concat-*")
    assert json.loads((run / "result.json").read_text())["data"] == "talks"
    assert "voice has no file for 1 recording (t3)" in (run / "run.log").read_text()


def test_overlapping_windows_at_random_end_before_any_training(rows, write, shell: Shell, tmp_path: Path):
    write(rows)
    (tmp_path / "conf" / "data").mkdir(parents=True)
    (tmp_path / "conf" / "data" / "talks.yaml").write_text(DATA)
    windows = "data.source.windows={length: 1.0, stride: 0.5, cover: 0.2}"
    done = shell(*TRAIN, windows, "split@data.source.split=random", cwd=tmp_path, code=2)
    assert "must not have the same seconds in two splits" in " ".join((done.stdout + done.stderr).split())
