"""Texts without markup, addresses and other spellings of one character."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Literal

from fuselab.data.transforms.base import TextTransform
from fuselab.errors import ConfigError

FORMS = ("NFC", "NFD", "NFKC", "NFKD")
_TAG = re.compile(r"<!--.*?-->|<[/!]?[A-Za-z][^<>]*>", re.DOTALL)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\S+")


class Clean(TextTransform):
    """Cleans a text; white space within becomes one space, and at both ends none, in any case.

    Args:
        form: of Unicode, such as ``NFKC``, which writes each character in one way, or None
        markup: take away HTML tags and comments, and write ``&amp;`` as the character that it means
        addresses: what stands for web and mail addresses, or None to leave them
        lower: write everything small

    Raises:
        ConfigError: another form

    Example:
        >>> clean = Clean(form="NFKC", markup=True, addresses="url", lower=True)
        >>> clean("<p>Fish &amp;  ﬁsh</p> at https://example.org/a")
        'fish & fish at url'
    """

    def __init__(
        self,
        *,
        form: Literal["NFC", "NFD", "NFKC", "NFKD"] | None,
        markup: bool,
        addresses: str | None,
        lower: bool,
    ) -> None:
        if form not in (None, *FORMS):
            raise ConfigError(f"transform.*.form ({form}) must be one of {', '.join(FORMS)}, or null; choose one")
        self.form = form
        self.markup = markup
        self.addresses = addresses
        self.lower = lower

    def __call__(self, text: str) -> str:
        """Return the text cleaned."""
        if self.markup:
            text = html.unescape(_TAG.sub(" ", text))
        if self.addresses is not None:
            replacement = f" {self.addresses} "
            text = _ADDRESS.sub(lambda _: replacement, text)
        if self.form is not None:
            text = unicodedata.normalize(self.form, text)
        text = " ".join(text.split())
        return text.lower() if self.lower else text
