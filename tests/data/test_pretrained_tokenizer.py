from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from transformers import BertTokenizerFast

from fuselab.data.pretrained_tokenizer import PretrainedTokenizer
from fuselab.errors import ConfigError

from ..encoders import tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bert(tmp_path_factory.mktemp("models") / "bert")


def test_ids_are_the_models_own(folder):
    texts = np.array(["abc", "a b c d e f g h"])
    tokenizer = PretrainedTokenizer(model=str(folder), max_length=6)
    tokenizer.fit(np.array(["zzz"]))
    ids, mask = tokenizer(texts)
    own = BertTokenizerFast.from_pretrained(folder)
    for row, text in enumerate(texts):
        assert ids[row][mask[row]].tolist() == own(text, truncation=True, max_length=6)["input_ids"]
    assert ids.dtype == np.int64
    assert mask.sum(1).tolist() == [5, 6]
    assert not ids[~mask].any()


def test_an_empty_text_has_no_token(folder):
    ids, mask = PretrainedTokenizer(model=str(folder), max_length=6)(np.array(["", "a"]))
    assert mask.sum(1).tolist() == [0, 3]
    assert not ids[0].any()


def test_without_texts_there_are_no_ids(folder):
    ids, mask = PretrainedTokenizer(model=str(folder), max_length=6)(np.array([], dtype=str))
    assert ids.shape == mask.shape == (0, 6)


def test_a_model_without_a_tokenizer_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    with pytest.raises(ConfigError, match=r"tokenizer\.model .* must hold the tokenizer of its model, .*bring it into"):
        PretrainedTokenizer(model=str(tmp_path), max_length=6)
