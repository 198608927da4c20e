"""Reads W&B's own file of an offline run back: records of protobuf in LevelDB's log format."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2

BLOCK, HEAD = 32768, 7
FULL, LAST = 1, 4


@dataclass
class Recorded:
    """What `wandb sync` would upload."""

    id: str = ""
    name: str = ""
    group: str = ""
    job_type: str = ""
    project: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)  # by their type


def read_offline(folder: Path) -> Recorded:
    """Return what the folder `offline-run-…` holds, values of nested keys under `a/b`."""
    found = Recorded()
    (path,) = folder.glob("*.wandb")
    for record in _records(path.read_bytes()):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
            found.id, found.name, found.group = run.run_id, run.display_name, run.run_group
            found.job_type, found.project = run.job_type, run.project
            found.config |= _items(run.config.update)
        elif kind == "config":
            found.config |= _items(record.config.update)
        elif kind == "summary":
            found.summary |= _items(record.summary.update)
        elif kind == "artifact":
            found.artifacts[record.artifact.type] = record.artifact
    return found


def _items(updates: Any) -> dict[str, Any]:
    return {one.key or "/".join(one.nested_key): json.loads(one.value_json) for one in updates}


def _records(data: bytes) -> Iterator[Any]:
    assert data[:4] == b":W&B"
    at, parts = HEAD, []
    while at + HEAD <= len(data):
        if BLOCK - at % BLOCK < HEAD:  # the rest of a block that no head fits into
            at += BLOCK - at % BLOCK
            continue
        _, size, kind = struct.unpack("<IHB", data[at : at + HEAD])
        parts.append(data[at + HEAD : at + HEAD + size])
        at += HEAD + size
        if kind in (FULL, LAST):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(b"".join(parts))
            parts = []
            yield record
