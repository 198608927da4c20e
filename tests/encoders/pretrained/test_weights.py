from __future__ import annotations

import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from fuselab.encoders.pretrained.weights import read_weights, with_weights
from fuselab.errors import ConfigError


class Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('unpickled')",))


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_tensors_are_read_from_either_kind(tmp_path, suffix):
    file = tmp_path / f"weights{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)({"a": torch.arange(3.0)}, file)
    assert read_weights(file)["a"].tolist() == [0, 1, 2]
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ConfigError, match=rf"the weights \({file}\) must be a whole file of tensors and nothing else"):
        read_weights(file)


def test_nothing_that_a_file_says_is_run(tmp_path):
    file = tmp_path / "evil.pth"
    file.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ConfigError, match="a whole file of tensors and nothing else"):
        read_weights(file)
    torch.save({"a": Evil()}, file)
    with pytest.raises(ConfigError, match="a whole file of tensors and nothing else"):
        read_weights(file)


def test_a_classifier_is_left_out_and_nothing_may_lack():
    weights = {"weight": torch.ones(2, 3), "bias": torch.zeros(2), "head.weight": torch.ones(1)}
    assert with_weights(nn.Linear(3, 2), weights, name="small").weight.eq(1).all()
    for wrong in ({"weight": torch.ones(2, 3)}, weights | {"bias": torch.zeros(3)}):
        with pytest.raises(ConfigError, match=r"and 1 of 2 are missing or of another shape, such as bias; choose"):
            with_weights(nn.Linear(3, 2), wrong, name="small")
