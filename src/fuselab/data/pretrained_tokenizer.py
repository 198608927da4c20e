"""The tokenizer of a pretrained language model."""

from __future__ import annotations

import numpy as np

from fuselab.data.paired import Array
from fuselab.errors import ConfigError
from fuselab.hub import model_folder

CHUNK = 8192  # texts that are encoded at once


class PretrainedTokenizer:
    """Text → token ids of one length, as the model that reads them was trained.

    Args:
        model: a folder, or a name on the hub
        max_length: tokens that a text is cut to, the model's own marks of beginning and end among them

    Raises:
        ConfigError: a model that can't be had, or that has no tokenizer
    """

    def __init__(self, *, model: str, max_length: int) -> None:
        from transformers import AutoTokenizer

        self.model = model
        self.max_length = max_length
        folder = model_folder(model, key="encoder.*.model")
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_fast=True, padding_side="right"
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"encoder.*.tokenizer.model ({model}) must hold the tokenizer of its model, such as tokenizer.json; "
                f"bring it into {folder} ({next(iter(str(error).splitlines()), '')})"
            ) from error
        if self._tokenizer.pad_token is None:  # of models that were trained without padding; the mask keeps it out
            self._tokenizer.pad_token = self._tokenizer.eos_token or self._tokenizer.unk_token

    def fit(self, texts: Array) -> None:
        """Learn nothing: the pieces are the model's."""

    def __call__(self, texts: Array) -> tuple[Array, Array]:
        """Tokenise texts; an empty one has no token, not even the marks of beginning and end.

        Shape:
            - output: ids (S, max_length) int64 and mask (S, max_length) bool
        """
        ids = np.zeros((len(texts), self.max_length), np.int64)
        mask = np.zeros((len(texts), self.max_length), np.bool_)
        for begin in range(0, len(texts), CHUNK):
            chunk = [str(text) for text in texts[begin : begin + CHUNK]]
            encoded = self._tokenizer(
                chunk, padding="max_length", truncation=True, max_length=self.max_length, return_tensors="np"
            )
            rows = slice(begin, begin + len(chunk))
            ids[rows] = encoded["input_ids"]
            mask[rows] = encoded["attention_mask"].astype(np.bool_) & np.array([bool(text) for text in chunk])[:, None]
        return np.where(mask, ids, 0), mask
