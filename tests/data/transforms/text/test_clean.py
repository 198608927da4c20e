from __future__ import annotations

from typing import Any

import pytest

from fuselab.data.transforms.text.clean import Clean
from fuselab.errors import ConfigError


def clean(text: str, **changes: Any) -> str:
    return Clean(**({"form": None, "markup": False, "addresses": None, "lower": False} | changes))(text)


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("  one \t two\n\u00a0three ", {}, "one two three"),
        ("<p class='a'>One</p> & <br/>two<!-- no -->", {"markup": True}, "One & two"),
        ("1 < 2 and 3 > 2", {"markup": True}, "1 < 2 and 3 > 2"),
        ("fish &amp; chips &#8364;", {"markup": True}, "fish & chips €"),
        ("<b>left</b>", {}, "<b>left</b>"),
        ("see https://a.org/b?c=d, or www.e.f", {"addresses": "url"}, "see url or url"),
        ("mail me@here.org now", {"addresses": ""}, "mail now"),
        ("see https://a.org", {}, "see https://a.org"),
        ("ﬁne ①", {"form": "NFKC"}, "fine 1"),
        ("e\u0301", {"form": "NFC"}, "\u00e9"),
        ("One", {"lower": True}, "one"),
        ("", {"form": "NFKC", "markup": True, "addresses": "url", "lower": True}, ""),
    ],
)
def test_a_text_is_cleaned_of_what_is_asked_for(text, changes, expected):
    assert clean(text, **changes) == expected


def test_another_form_is_refused():
    with pytest.raises(ConfigError, match=r"transform\.\*\.form \(NFX\) must be one of NFC, NFD, NFKC, NFKD, or null"):
        clean("", form="NFX")
