"""How a report tests: what a reader has to be told with every number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from fuselab.errors import ConfigError, nearest

Test = Literal["crossed", "t", "wilcoxon"]
Correction = Literal["holm", "benjamini_hochberg"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How methods are compared.

    Args:
        alpha: share of false claims that is put up with, over all comparisons of a table together
        correction: for many comparisons: ``holm`` keeps the chance of a single false claim at alpha,
            ``benjamini_hochberg`` the share of false ones among all claims
        test: ``crossed`` asks whether a difference would be there for other seeds and other test samples, ``t`` and
            ``wilcoxon`` for other seeds alone
        baseline: the method that all others are compared with; None for no such one
        power: chance of seeing a difference that is there, when seeds are counted
        interest: the difference that is worth seeing, in the metric's own unit
        resamples: of the bootstrap
        seed: of the bootstrap

    Raises:
        ConfigError: a value that can't be
    """

    alpha: float
    correction: Correction
    test: Test
    baseline: str | None
    power: float
    interest: float
    resamples: int
    seed: int

    def __post_init__(self) -> None:
        for name, number in (("alpha", self.alpha), ("power", self.power), ("interest", self.interest)):
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise ConfigError(f"{name} ({number}) must be a number; such as 0.05")
        for name, whole in (("resamples", self.resamples), ("seed", self.seed)):
            if isinstance(whole, bool) or not isinstance(whole, int) or whole < 0:
                raise ConfigError(f"{name} ({whole}) must be a whole number that is not negative; such as 2000")
        if self.baseline is not None and not isinstance(self.baseline, str):
            raise ConfigError(f"baseline ({self.baseline}) must be the name of a method; such as early/concat")
        for name, share in (("alpha", self.alpha), ("power", self.power)):
            if not 0 < share < 1:
                raise ConfigError(f"{name} ({share}) must lie between 0 and 1; alpha is usually 0.05, power 0.8")
        for name, chosen, known in (("test", self.test, Test), ("correction", self.correction, Correction)):
            if chosen not in get_args(known):
                hint = nearest(str(chosen), get_args(known))
                raise ConfigError(f"{name} ({chosen}) must be one of {', '.join(get_args(known))}; {hint}")
        if not self.interest > 0:
            raise ConfigError(f"interest ({self.interest}) must be positive; 0.01 is a point of accuracy")
        if self.resamples < 100:
            raise ConfigError(f"resamples ({self.resamples}) must be at least 100; 2000 give an interval two digits")
