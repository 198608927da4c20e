from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from fuselab.data.tokenizer import WordPiece
from fuselab.errors import ConfigError

TEXTS = ["which digit is larger", "add both digits", "name the spoken digit", "what is the sum"]


def fitted(texts: list[str] = TEXTS, *, vocab_size: int = 80, max_length: int = 8) -> WordPiece:
    pieces = WordPiece(vocab_size=vocab_size, max_length=max_length)
    pieces.fit(np.array(texts))
    return pieces


def tokens(pieces: WordPiece, text: str) -> list[int]:
    ids, mask = pieces(np.array([text]))
    return ids[0][mask[0]].tolist()


def test_a_text_is_its_words_then_padding():
    pieces = fitted()
    ids, mask = pieces(np.array(["which digit", "is", ""]))
    assert ids.dtype == np.int64
    assert mask.dtype == bool
    assert ids.shape == mask.shape == (3, 8)
    assert not ids[~mask].any()
    assert (ids[mask] > 1).all()
    assert (np.diff(mask.astype(int), axis=1) <= 0).all()
    assert not mask[2].any()
    assert ids.max() < 80


def test_each_piece_has_one_number():
    pieces = fitted()
    words = {text: tokens(pieces, text) for text in ("which", "digit", "is", "larger")}
    assert tokens(pieces, "which digit is larger") == list(itertools.chain(*words.values()))
    assert len({str(one) for one in words.values()}) == 4
    assert tokens(pieces, "DIGIT") == words["digit"]


def test_a_text_is_cut_to_its_length():
    long = "which digit is larger add both digits"
    assert tokens(fitted(max_length=3), long) == tokens(fitted(), long)[:3]


def test_what_the_train_split_never_had_is_unknown():
    assert tokens(fitted(), "ζ digit ?") == [1, *tokens(fitted(), "digit"), 1]


def test_how_often_and_in_which_order_texts_come_changes_nothing():
    one, other = fitted(TEXTS), fitted([*reversed(TEXTS), *TEXTS[:2] * 50, ""])
    for text in TEXTS:
        assert tokens(one, text) == tokens(other, text)


def test_the_vocabulary_is_the_same_in_every_process():
    code = """
import json, sys
import numpy as np
from fuselab.data.tokenizer import WordPiece
texts = json.loads(sys.argv[1])
pieces = WordPiece(vocab_size=60, max_length=12)
pieces.fit(np.array(texts))
print(json.dumps(pieces(np.array(texts))[0].tolist()))
"""
    seen = set()
    # Twice with each: not every source of disorder is seeded by Python.
    for seed in ("0", "1") * 2:
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", code, json.dumps(TEXTS)]
        seen.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert seen == {json.dumps(fitted(vocab_size=60, max_length=12)(np.array(TEXTS))[0].tolist()) + "\n"}


def test_a_text_that_spells_padding_out_is_a_text():
    pieces = fitted(["[pad] is padding"])
    parts = [tokens(pieces, one) for one in ("[", "pad", "]", "is")]
    assert tokens(pieces, "[PAD] is") == list(itertools.chain(*parts))


def test_a_word_with_room_for_it_is_one_piece_and_a_new_one_is_several():
    pieces = fitted(["digits digit"], vocab_size=100)
    assert len(tokens(pieces, "digits")) == 1
    several = tokens(pieces, "gits")
    assert len(several) > 1
    assert 1 not in several


def test_a_vocabulary_too_small_for_the_characters_is_refused():
    with pytest.raises(ConfigError, match=r"data\.text\.vocab_size \(10\) must be at least \d+ .* raise it") as refused:
        fitted(vocab_size=10)
    least = int(str(refused.value).split("at least ")[1].split()[0])
    fitted(vocab_size=least)
    with pytest.raises(ConfigError, match=f"at least {least}"):
        fitted(vocab_size=least - 1)
