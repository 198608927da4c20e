from __future__ import annotations

import pytest

from fuselab.errors import ConfigError

from ..conftest import make_settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"alpha": 0.0}, r"alpha \(0.0\) must lie between 0 and 1"),
        ({"alpha": 5.0}, r"alpha \(5.0\) must lie between 0 and 1"),
        ({"power": 1.0}, r"power \(1.0\) must lie between 0 and 1"),
        ({"test": "wilcoxn"}, r"test \(wilcoxn\) must be one of crossed, t, wilcoxon; did you mean 'wilcoxon'\?"),
        ({"correction": "none"}, r"correction \(none\) must be one of holm, benjamini_hochberg; choose one of"),
        ({"interest": 0.0}, r"interest \(0.0\) must be positive"),
        ({"resamples": 10}, r"resamples \(10\) must be at least 100"),
    ],
)
def test_what_cannot_be_is_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        make_settings(**changes)
