"""A user's own table, from his config to a result."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from ...conftest import Shell
from .conftest import FAULTS

DATA = """
# @package _global_
defaults:
  - manifest
  - /column@data.source.modalities.photo: image
  - /encoder/image@encoder.photo: cnn
  - /column@data.source.modalities.voice: audio
  - /encoder/audio@encoder.voice: logmel_cnn
  - /column@data.source.modalities.note: text
  - /encoder/text@encoder.note: transformer
  - _self_
data:
  name: people
  outputs: 2
  image: {channels: 3, size: 16}
  audio: {sample_rate: 8000, seconds: 0.3}
  text: {vocab_size: 64, max_length: 8}
  batch_size: 8
  tokenizers: {note: "${data.tokenizer}"}
  source:
    file: people/people.csv
    modalities:
      photo: {column: picture}
      voice: {column: clip}
      note: {column: remark}
    target: {column: label, classes: ["no", "yes"]}
"""


def test_a_table_of_ones_own_trains(rows, write, shell: Shell, tmp_path: Path):
    rows[7]["remark"] = ""
    rows[8]["clip"] = ""
    write(rows)
    (tmp_path / "conf" / "data").mkdir(parents=True)
    (tmp_path / "conf" / "data" / "people.yaml").write_text(DATA)
    command = ("train", "--config-dir", "conf", "data=people", "trainer.max_epochs=1", "logger=none", "progress=false")
    shell(*command, cwd=tmp_path)
    (run,) = (tmp_path / "outputs" / "people").glob("early-concat-*")
    result = json.loads((run / "result.json").read_text())
    assert result["data"] == "people"
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["fusion"]["modalities"] == ["photo", "voice", "note"]


def test_a_broken_cell_ends_it_before_any_training(rows, write, shell: Shell, tmp_path: Path):
    (tmp_path / "people" / "pictures" / "3.jpg").write_bytes(b"no picture")
    write(rows)
    (tmp_path / "conf" / "data").mkdir(parents=True)
    (tmp_path / "conf" / "data" / "people.yaml").write_text(DATA)
    command = ("train", "--config-dir", "conf", "data=people", "trainer.max_epochs=1", "logger=none")
    done = shell(*command, cwd=tmp_path, code=2)
    assert "row 3, photo: isn't a whole image (pictures/3.jpg" in done.stdout + done.stderr
    shell(*command, "data.source.on_error=skip", "name=skipped", cwd=tmp_path)
    (log,) = (tmp_path / "outputs" / "skipped").glob("*/run.log")
    assert "cells that can't be used: 1; rows left out: 1 of 60" in log.read_text()


def test_the_doctor_names_every_broken_cell(rows, write, broken, shell: Shell, tmp_path: Path):
    write(rows)
    (tmp_path / "conf" / "data").mkdir(parents=True)
    (tmp_path / "conf" / "data" / "people.yaml").write_text(DATA)
    done = shell("doctor", "--config-dir", "conf", "data=people", "--html", "people.html", cwd=tmp_path)
    shown = " ".join(done.stdout.split())
    here = [fault for fault in FAULTS if fault not in ("no number", "NaN", "pickle", "other shape")]  # not bound here
    names = {"image": "photo", "audio": "voice", "text": "note", "target": "target"}
    for fault in here:
        where, _, reason = FAULTS[fault][1].partition(": ")
        assert f"row {broken[fault]}, {names[where]}: {reason}" in shown, fault
    assert "things to look at: training can go on" in shown
    assert (tmp_path / "people.html").read_text().count(">warning: row ") == len(here)
