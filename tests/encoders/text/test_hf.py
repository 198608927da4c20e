from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModel,
    BertConfig,
    BertForMaskedLM,
    CLIPConfig,
    CLIPModel,
    RobertaConfig,
    RobertaModel,
    T5Config,
    T5Model,
)

from fuselab.encoders.text.hf import Hf
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

from .. import tiny

FLAT = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24, "vocab_size": 60}


def make(folder: Path, **changes: Any) -> Hf:
    parts = {"part": None, "pooling": "none", "trained": 0, "rate": 0.1, "layer_decay": 0.5, "dim": 6}
    return Hf(model=str(folder), **(parts | changes)).eval()


def given(*lengths: int) -> ModalityInput:
    mask = torch.arange(9) < torch.tensor(lengths)[:, None]
    ids = torch.randint(2, 50, mask.shape, generator=torch.Generator().manual_seed(0))
    return ModalityInput(torch.where(mask, ids, 0), mask, torch.ones(len(lengths)).bool())


def test_positions_are_counted_as_the_model_counts_them(tmp_path):
    """RoBERTa begins behind its own padding id, which is 1."""
    torch.manual_seed(0)
    RobertaModel(RobertaConfig(max_position_embeddings=11, pad_token_id=1, **FLAT)).save_pretrained(tmp_path)
    encoder, data = make(tmp_path), given(9, 4)
    model = AutoModel.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        expected = model(data.values[1:, :4]).last_hidden_state[0]
    torch.testing.assert_close(encoder.prepare(data).values[1, :4], expected, rtol=0, atol=1e-5)
    with pytest.raises(
        ConfigError, match=r"data\.text\.max_length \(10\) must be at most 9, the positions that .*lower"
    ):
        encoder.prepare(ModalityInput(torch.ones(1, 10).long(), None, torch.ones(1).bool()))


def test_a_model_that_was_trained_for_something_else_lacks_its_pooler_only(tmp_path):
    torch.manual_seed(0)
    whole = BertForMaskedLM(BertConfig(**FLAT)).eval()
    whole.save_pretrained(tmp_path)
    data = given(9, 4)
    with torch.no_grad():
        expected = whole.bert(data.values, attention_mask=data.mask.long()).last_hidden_state
    found = make(tmp_path).prepare(data)
    torch.testing.assert_close(found.values[data.mask], expected[data.mask], rtol=0, atol=1e-5)


def test_weights_that_lack_are_never_drawn(tmp_path):
    folder = tiny.bert(tmp_path / "bert")
    weights = load_file(folder / "model.safetensors")
    lost = {name: one for name, one in weights.items() if "layer.1.output.dense" not in name}
    save_file(lost, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        ConfigError, match=r"must hold all weights, and lacks 2, such as encoder\.layer\.1\.output\.dense"
    ):
        make(folder).prepare(given(3))


def test_a_damaged_file_is_named(tmp_path):
    folder = tiny.bert(tmp_path / "bert")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ConfigError, match=rf"must hold whole weights; bring {folder} anew"):
        make(folder).prepare(given(3))


def test_code_of_the_model_is_never_run(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "mine", "auto_map": {"AutoConfig": "mine.Mine"}}))
    (tmp_path / "mine.py").write_text("raise SystemExit('run')")
    with pytest.raises(ConfigError, match=r"that transformers knows without code of the model's own; choose another"):
        make(tmp_path)


@pytest.mark.parametrize(("kind", "part"), [("clip", "text_model"), ("t5", "encoder")])
def test_a_part_of_a_model_reads(tmp_path, kind, part):
    torch.manual_seed(0)
    if kind == "clip":
        text = FLAT | {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
        vision = FLAT | {"image_size": 16, "patch_size": 8}
        vision.pop("vocab_size")
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision))
    else:
        model = T5Model(T5Config(vocab_size=60, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2))
    model.save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"encoder\.\*\.part \(null\) must name the part .*set it"):
        make(tmp_path)
    data = given(9, 4)
    with torch.no_grad():
        alone = getattr(model.eval(), part)(input_ids=data.values[1:, :4]).last_hidden_state[0]
    found = make(tmp_path, part=part).prepare(data)
    torch.testing.assert_close(found.values[1, :4], alone, rtol=0, atol=1e-5)
    with pytest.raises(
        ConfigError, match=r"encoder\.\*\.part \(nothing\) must be a part of .*; choose one of: .*" + part
    ):
        make(tmp_path, part="nothing").prepare(data)


def test_ids_of_another_tokenizer_are_refused(tmp_path):
    encoder = make(tiny.bert(tmp_path / "bert", vocab_size=40))
    with pytest.raises(
        ConfigError, match=r"token ids \(up to 40\) must be below the 40 that .*bring its own tokenizer"
    ):
        encoder.prepare(ModalityInput(torch.tensor([[40]]), None, torch.ones(1).bool()))
    with pytest.raises(ConfigError, match=r"must read token ids \(B, T\), and the data gives torch\.float32 of shape"):
        encoder.prepare(ModalityInput(torch.zeros(1, 3), None, torch.ones(1).bool()))


def test_no_text_is_no_token_and_nothing_is_nan(tmp_path):
    for trained in (0, "all"):
        encoder = make(tiny.bert(tmp_path / str(trained)), trained=trained)
        features = encoder(encoder.prepare(given(4, 0)).cleaned())
        assert features.mask.sum(1).tolist() == [4, 0]
        assert features.tokens.isfinite().all()
