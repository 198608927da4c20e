"""A WordPiece tokenizer trained on the train split."""

from __future__ import annotations

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from fuselab.data.paired import Array
from fuselab.errors import ConfigError

PADDING, UNKNOWN = "[PAD]", "[UNK]"
CHUNK = 8192  # texts that are encoded at once


class WordPiece:
    """Text → token ids of one length.

    Args:
        vocab_size: most ids that are learned
        max_length: tokens that a text is cut to

    Example:
        >>> pieces = WordPiece(vocab_size=40, max_length=4)
        >>> pieces.fit(np.array(["one two", "two three"]))
        >>> ids, mask = pieces(np.array(["two one"]))
        >>> ids.shape, mask.tolist()
        ((1, 4), [[True, True, False, False]])

    Reference:
        Wu et al. (2016), Google's Neural Machine Translation System, section 4.1.
    """

    def __init__(self, *, vocab_size: int, max_length: int) -> None:
        self.vocab_size = vocab_size
        self.max_length = max_length
        self._tokenizer = _tokenizer({})

    def fit(self, texts: Array) -> None:
        """Learn the pieces; only ever from the train split.

        Raises:
            ConfigError: more different characters than ``vocab_size`` has room for
        """
        # Each text once, in one order: how often a wording was drawn must not change the vocabulary.
        known = sorted({str(text) for text in texts} - {""})
        blank = _tokenizer({})
        # Between spaces, since a million texts have far fewer of them, and no word goes beyond one.
        normal = map(blank.normalizer.normalize_str, {part for text in known for part in text.split(" ")})
        words = {word for text in normal for word, _ in blank.pre_tokenizer.pre_tokenize_str(text)}
        # The trainer numbers what continues a word as it comes upon it, each time in another order, and breaks ties by
        # number: only what it is given first has the same number every time.
        inner = sorted({f"##{character}" for word in words for character in word[1:]})
        trainer = trainers.WordPieceTrainer(
            vocab_size=self.vocab_size, special_tokens=[PADDING, UNKNOWN, *inner], show_progress=False
        )
        blank.train_from_iterator(known, trainer)
        # Anew, because the trained one would find its special tokens in a text that spells them out.
        self._tokenizer = _tokenizer(blank.get_vocab())
        learned = self._tokenizer.get_vocab_size()
        if learned > self.vocab_size:
            raise ConfigError(
                f"data.text.vocab_size ({self.vocab_size}) must be at least {learned} to hold every character of the "
                "train split; raise it"
            )

    def __call__(self, texts: Array) -> tuple[Array, Array]:
        """Tokenise texts.

        Shape:
            - output: ids (S, max_length) int64 and mask (S, max_length) bool
        """
        ids = np.zeros((len(texts), self.max_length), np.int64)
        for begin in range(0, len(texts), CHUNK):
            chunk = [str(text) for text in texts[begin : begin + CHUNK]]
            for row, encoded in enumerate(self._tokenizer.encode_batch(chunk), start=begin):
                pieces = encoded.ids[: self.max_length]
                ids[row, : len(pieces)] = pieces
        return ids, ids != 0


def _tokenizer(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer
