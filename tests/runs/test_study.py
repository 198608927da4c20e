from __future__ import annotations

from statistics import mean

import pytest

from fuselab.runs.fair import Settings
from fuselab.runs.space import Range
from fuselab.runs.study import Outcome, SearchFile, Trial, suggest

SPACE = {"x": Range(key="x", low=0.0, high=10.0)}


def settings(**changes: object) -> Settings:
    said = {"trials": 40, "batch": 1, "sampler": "tpe", "sampler_seed": 0, "trial_seed": 0, **changes}
    return Settings(**said)  # type: ignore[arg-type]


def searched(number: int, *, maximize: bool, **changes: object) -> list[Trial]:
    """Search for 7, where the value is the largest, or the smallest."""
    trials: list[Trial] = []
    while len(trials) < number:
        drawn = suggest(trials, space=SPACE, settings=settings(**changes), maximize=maximize)
        distance = abs(drawn["x"] - 7)
        value = -distance if maximize else distance
        trials.append(Trial(number=len(trials), drawn=drawn, outcome="done", value=value, run="", identity=""))
    return trials


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize("batch", [1, 4])
def test_what_is_learnt_leads_to_what_is_better(maximize, batch):
    learnt, drawn = (
        mean(abs(one.drawn["x"] - 7) for one in searched(40, maximize=maximize, batch=batch, sampler=sampler)[20:])
        for sampler in ("tpe", "random")
    )
    assert learnt < 0.7 * drawn


def test_a_random_sampler_learns_nothing():
    one, other = (searched(14, maximize=maximize, sampler="random") for maximize in (True, False))
    assert [trial.drawn for trial in one] == [trial.drawn for trial in other]


def test_within_a_batch_no_trial_knows_how_another_ended():
    def last(outcome: Outcome, value: float | None, batch: int) -> dict[str, float]:
        trials = searched(13, maximize=True)
        before = trials[12]
        trials[12] = Trial(number=12, drawn=before.drawn, outcome=outcome, value=value, run="", identity="")
        return suggest(trials, space=SPACE, settings=settings(batch=batch), maximize=True)

    # Number 13 follows number 12 in one batch of 3, and begins a batch of its own where a batch is one.
    within = [last("done", 0.0, 3), last("done", -99.0, 3), last("failed", None, 3), last("asked", None, 3)]
    assert within == [within[0]] * 4
    assert last("done", 0.0, 1) != last("done", -99.0, 1)


def test_a_file_keeps_what_it_is_told(tmp_path):
    def opened() -> SearchFile:
        return SearchFile(tmp_path / "search.db", space=SPACE, maximize=True)

    file = opened()
    assert file.names() == []
    assert file.setup("a") is None
    file.begin("a", {"sampler": "tpe"})
    for x in (0.1, 1 / 3, 1e-7):
        file.add("a", drawn={"x": x}, run=f"run-{x}", identity="id")
    file.tell("a", 0, 0.1 + 0.2)
    file.tell("a", 1, None)
    file.close()
    file = opened()
    assert (file.names(), file.setup("a")) == (["a"], {"sampler": "tpe"})
    assert [(one.number, one.drawn["x"], one.outcome, one.value, one.run) for one in file.trials("a")] == [
        (0, 0.1, "done", 0.1 + 0.2, "run-0.1"),
        (1, 1 / 3, "failed", None, f"run-{1 / 3}"),
        (2, 1e-7, "asked", None, "run-1e-07"),
    ]
    file.forget("a")
    assert file.names() == []
    file.begin("a", {})
    assert file.trials("a") == []
    file.close()
