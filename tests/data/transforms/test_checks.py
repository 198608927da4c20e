from __future__ import annotations

import pytest

from fuselab.data.transforms.checks import check_above, check_least, check_range, check_share
from fuselab.errors import ConfigError


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (
            lambda: check_share(probability=-0.1),
            r"transform\.\*\.probability \(-0\.1\) must be between 0 and 1; choose",
        ),
        (lambda: check_share(probability=1.1), r"probability \(1\.1\) must be between 0 and 1"),
        (lambda: check_least(1, size=0), r"transform\.\*\.size \(0\) must be at least 1; raise it"),
        (lambda: check_above(0, seconds=0), r"transform\.\*\.seconds \(0\) must be above 0; raise it"),
        (lambda: check_range(snr_db=[3, 2]), r"transform\.\*\.snr_db \(\[3, 2\]\) must be two numbers, the lower one"),
        (lambda: check_range(snr_db=[3]), r"snr_db \(\[3\]\) must be two numbers"),
    ],
)
def test_what_can_not_be_is_refused(check, message):
    with pytest.raises(ConfigError, match=message):
        check()


def test_bounds_are_legal():
    check_share(low=0, high=1)
    check_least(1, size=1)
    check_above(0, seconds=1e-9)
    check_range(snr_db=[2, 2])
