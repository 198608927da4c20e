from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from fuselab.errors import ConfigError
from fuselab.hub import model_folder, sha256_of, torch_file, weight_files


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A hub at a port where nobody listens, and empty caches."""
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "torch"))


def write(folder: Path, **files: bytes) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name.replace("_dot_", ".")).write_bytes(content)
    return folder


def test_a_folder_is_taken_as_it_is(tmp_path, monkeypatch):
    folder = write(tmp_path / "mine", config_dot_json=b"{}")
    assert model_folder(str(folder), key="encoder.text.model") == folder
    monkeypatch.setenv("HOME", str(tmp_path))
    assert model_folder("~/mine", key="encoder.text.model") == folder


def test_the_cache_is_read_without_a_network(tmp_path):
    repository = tmp_path / "hub" / "models--org--small"
    commit = "0" * 40
    folder = write(repository / "snapshots" / commit, config_dot_json=b"{}", model_dot_safetensors=b"x")
    write(repository / "refs", main=commit.encode())
    assert model_folder("org/small", key="encoder.text.model") == folder


def test_without_a_network_the_error_names_model_cache_and_way(tmp_path):
    began = time.monotonic()
    with pytest.raises(ConfigError) as refused:
        model_folder("org/small", key="encoder.text.model")
    assert time.monotonic() - began < 30
    said = str(refused.value)
    assert said.startswith(f"encoder.text.model (org/small) must be a folder, or lie in the cache ({tmp_path / 'hub'})")
    assert (
        "do `hf download org/small --local-dir small`, copy that folder here and set encoder.text.model=/path" in said
    )
    assert "\n" not in said


def test_a_half_brought_model_is_not_taken(tmp_path):
    repository = tmp_path / "hub" / "models--org--small"
    write(repository / "snapshots" / ("0" * 40), config_dot_json=b"{}")
    write(repository / "refs", main=b"0" * 40)
    with pytest.raises(ConfigError, match=r"\(org/small\) must"):
        model_folder("org/small", key="encoder.text.model")


@pytest.mark.parametrize("name", ["/no/such/folder", "a b/c d", "a/b/c"])
def test_what_is_neither_a_folder_nor_a_name_is_said_to_be_so(name):
    with pytest.raises(ConfigError, match=r"must be a folder that is there, or a name on the hub; mend it"):
        model_folder(name, key="encoder.text.model")


def test_safetensors_come_before_what_torch_wrote(tmp_path):
    folder = write(tmp_path / "both", pytorch_model_dot_bin=b"x", model_dot_safetensors=b"y")
    assert weight_files(folder) == [folder / "model.safetensors"]
    (folder / "model.safetensors").unlink()
    assert weight_files(folder) == [folder / "pytorch_model.bin"]


def test_the_hash_is_of_names_and_bytes(tmp_path):
    folder = write(tmp_path / "some", a=b"1", b=b"2")
    expected = hashlib.sha256()
    for name, content in (("a", b"1"), ("b", b"2")):
        expected.update(name.encode() + hashlib.sha256(content).digest())
    assert sha256_of([folder / "a", folder / "b"]) == expected.hexdigest()
    (folder / "b").write_bytes(b"3")
    assert sha256_of([folder / "a", folder / "b"]) != expected.hexdigest()


def test_a_file_in_torchs_cache_is_taken(tmp_path):
    there = write(tmp_path / "torch" / "checkpoints", weights_dot_pth=b"x") / "weights.pth"
    keys = {"key": "encoder.*.weights", "value": "DEFAULT of resnet18", "local_key": "encoder.*.weights"}
    assert torch_file("http://127.0.0.1:9/models/weights.pth", **keys) == there
    there.unlink()
    with pytest.raises(ConfigError) as refused:
        torch_file("http://127.0.0.1:9/models/weights.pth", **keys)
    said = str(refused.value)
    assert f"encoder.*.weights (DEFAULT of resnet18) must lie in the cache ({there.parent}, below TORCH_HOME)" in said
    assert "fetch http://127.0.0.1:9/models/weights.pth, copy it into that folder or set encoder.*.weights=" in said
    assert list(there.parent.iterdir()) == []
