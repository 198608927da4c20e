"""A search with objective functions in the place of training: what is asked for, told, chosen and refitted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from fuselab.errors import ConfigError, RunFolderError
from fuselab.runs.due import config_digest
from fuselab.runs.fair import read_asked
from fuselab.runs.files import write_json
from fuselab.runs.identity import identity, run_folder
from fuselab.runs.lines import parse
from fuselab.runs.lock import BusyError
from fuselab.runs.plan import Planned
from fuselab.runs.record import say_record
from fuselab.runs.search import search, show
from fuselab.runs.status import Status
from fuselab.runs.stop import STOP
from fuselab.runs.study import SearchFile
from fuselab.runs.sweep import Outcome
from fuselab.runs.trials import Goal, SearchPlan

Config = Mapping[str, Any]
SWEEPER = {
    "params": {"fusion": "early/a,late/b"},
    "compare": ["fusion"],
    "space": {"optimizer.lr": {"low": 1e-4, "high": 1e-1, "log": True}, "width": [16, 32, 64]},
    "trials": 5,
    "batch": 2,
    "sampler": "tpe",
    "sampler_seed": 0,
    "trial_seed": 1000,
    "seeds": [0, 1],
}


# From the eleventh trial on, the sampler learns from those before.
LEARNS = {"trials": 14, "batch": 3}


class KilledError(BaseException):
    """As if the process were gone."""


def objective(config: Config) -> float:
    """Have the two compared values like different settings."""
    wanted = {"early/a": -2.0, "late/b": -3.5}.get(config["method"], -3.0)
    return 1 - abs(math.log10(config["optimizer"]["lr"]) - wanted) / 10 - config["width"] / 1000


class Fake:
    """Plans as a sweep would, and finishes runs with a function."""

    def __init__(self, output_dir: Path, score: Callable[[Config], float | str | None] = objective) -> None:
        self.output_dir = output_dir
        self.score = score
        self.launched: list[Config] = []
        self.killed_after: int | None = None
        self.backwards = False

    def plan(self, jobs: Sequence[tuple[str, ...]]) -> list[Planned]:
        found = {}
        for job in jobs:
            config: dict[str, Any] = {
                "method": "none",
                "name": "sweep",
                "output_dir": str(self.output_dir),
                "rerun": "failed",
                "test": True,
                "monitor": {"metric": "val/score", "mode": "max"},
                "optimizer": {"weight_decay": 0.0},
            }
            for line in job:
                key, _, value = line.partition("=")
                *parents, last = ("method" if key == "fusion" else key).split(".")
                node = config
                for parent in parents:
                    node = node[parent]
                node[last] = yaml.safe_load(value)
            found[str(run_folder(config).path)] = Planned(
                overrides=job, config=config, folder=run_folder(config), due="new"
            )
        return [one.looked_up() for one in found.values()]

    def finish(self, planned: Sequence[Planned], *, folder: Path) -> Outcome:
        todo = [one for one in planned if one.is_to_do]
        for one in reversed(todo) if self.backwards else todo:
            if STOP.asked():
                break
            if self.killed_after is not None and len(self.launched) >= self.killed_after:
                raise KilledError
            assert one.folder.path.parent == folder
            self.launched.append(one.config)
            self._do(one)
        return Outcome([one.looked_up() for one in planned])

    def _do(self, one: Planned) -> None:
        folder, score = one.folder, self.score(one.config)
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.config.write_text(yaml.safe_dump(dict(one.config)))
        failed = isinstance(score, str)
        status = Status(
            state="failed" if failed else "finished",
            method=one.config["method"],
            seed=one.config["seed"],
            max_epochs=1,
            monitor="val/score",
            mode="max",
            error=str(score) if failed else None,
            traceback="…" if failed else None,
        )
        status.write(folder.path)
        if not failed:
            found = {"val": {"score": score, "slices": {"easy": {"score": 0.25}}}}
            written = {"identity": identity(one.config), "config_digest": config_digest(folder)}
            write_json(folder.result_file, {**found, **written, "seconds": {"total": 1.0}})


def make(fake: Fake, *command: str, rerun: str = "failed", goal: str = "val/score", **changes: Any) -> SearchPlan:
    def read(line: str) -> Any:
        return parse([line])[0]

    asked = read_asked({**SWEEPER, **changes}, command, parse=read, seed=0)
    return SearchPlan(
        asked=asked,
        values=asked.values(read),
        goal=Goal(metric=goal, mode="max"),
        runner=fake,
        name="sweep",
        folder=fake.output_dir / "sweep",
        rerun=rerun,
    )


def record(fake: Fake) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((fake.output_dir / "sweep" / "search.json").read_text())
    return content


def tried(fake: Fake, **changes: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the file says of each trial."""
    plan = make(fake, **changes)
    file = SearchFile(plan.folder / "search.db", space=plan.asked.space, maximize=True)
    try:
        return {
            name: [(one.number, one.drawn, one.outcome, one.value, one.run) for one in file.trials(name)]
            for name in file.names()
        }
    finally:
        file.close()


def same(one: Fake, other: Fake) -> bool:
    return tried(one) == tried(other) and record(one) == record(other)


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    (tmp_path / "sweep").mkdir()
    return Fake(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Fake:
    """Return a search that learns and that nothing has interrupted."""
    done = Fake(tmp_path_factory.mktemp("whole"))
    (done.output_dir / "sweep").mkdir(parents=True)
    search(make(done, **LEARNS))
    return done


@pytest.fixture(autouse=True)
def _nobody_has_asked_to_stop():
    yield
    STOP.signal = None


def test_each_compared_value_has_as_many_trials_and_only_then_are_refits(fake):
    outcome = search(make(fake))
    assert {name: len(trials) for name, trials in tried(fake).items()} == {"early/a": 5, "late/b": 5}
    tested = [config["test"] for config in fake.launched]
    assert tested == [False] * 10 + [True] * 4
    trials, refits = fake.launched[:10], fake.launched[10:]
    assert {config["seed"] for config in trials} == {1000}
    assert {config["name"] for config in trials} == {"sweep/trials"}
    expected = [("early/a", 0), ("early/a", 1), ("late/b", 0), ("late/b", 1)]
    assert [(config["method"], config["seed"]) for config in refits] == expected
    assert [one.due for one in outcome.planned] == ["done"] * 4


def test_what_is_refitted_is_each_values_own_best(whole):
    for found in record(whole)["values"]:
        of_it = [config for config in whole.launched if config["method"] == found["value"]]
        best = max(map(objective, of_it[:14]))
        assert found["best"]["value"] == best
        for config in of_it[14:]:
            assert config["test"]
            assert {"optimizer.lr": config["optimizer"]["lr"], "width": config["width"]} == found["best"]["setting"]
            assert objective(config) == best


def test_the_random_sampler_asks_the_same_of_every_compared_value(fake):
    search(make(fake, sampler="random"))
    first, second = ([drawn for _, drawn, *_ in trials] for trials in tried(fake, sampler="random").values())
    assert first == second
    assert len({drawn["optimizer.lr"] for drawn in first}) == 5
    assert all(1e-4 <= drawn["optimizer.lr"] <= 1e-1 for drawn in first)


def test_the_model_based_sampler_begins_alike_and_then_learns(whole):
    first, second = ([drawn for _, drawn, *_ in trials] for trials in tried(whole).values())
    # Ten trials at random, and no trial knows of another of its batch: the first batch that learns begins with 12.
    assert first[:12] == second[:12]
    assert first[12:] != second[12:]


def test_another_sampler_seed_asks_for_others(fake, whole):
    search(make(fake, sampler_seed=1))
    assert tried(fake, sampler_seed=1)["early/a"][0][1] != tried(whole)["early/a"][0][1]


def test_the_order_in_which_runs_end_changes_nothing(fake, whole):
    fake.backwards = True
    search(make(fake, **LEARNS))
    assert same(fake, whole)


@pytest.mark.parametrize("killed_after", [1, 6, 27, 30])
def test_a_killed_search_goes_on_as_if_it_had_not_been(killed_after, fake, whole):
    fake.killed_after = killed_after
    with pytest.raises(KilledError):
        search(make(fake, **LEARNS))
    fake.killed_after = None
    search(make(fake, **LEARNS))
    assert same(fake, whole)
    assert len(fake.launched) == len(whole.launched) == 28 + 4


@pytest.mark.parametrize(("method", "times"), [("begin", 2), ("add", 2), ("add", 17), ("tell", 2), ("tell", 17)])
def test_a_search_killed_while_it_writes_goes_on_as_if_it_had_not_been(method, times, fake, whole, monkeypatch):
    write, calls = getattr(SearchFile, method), []

    def until_killed(self: SearchFile, *args: Any, **kwargs: Any) -> None:
        calls.append(1)
        if len(calls) == times:
            raise KilledError
        write(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(SearchFile, method, until_killed)
        with pytest.raises(KilledError):
            search(make(fake, **LEARNS))
    search(make(fake, **LEARNS))
    assert same(fake, whole)
    assert len(fake.launched) == 28 + 4


def test_again_is_nothing(fake):
    search(make(fake))
    before, launched = record(fake), len(fake.launched)
    outcome = search(make(fake))
    assert (record(fake), len(fake.launched)) == (before, launched)
    assert [one.due for one in outcome.planned] == ["done"] * 4


def test_more_trials_go_on_as_if_they_had_been_asked_for_at_first(fake, whole):
    search(make(fake, trials=13, batch=3))
    search(make(fake, **LEARNS))
    assert tried(fake) == tried(whole)
    assert len([config for config in fake.launched if not config["test"]]) == 28


def test_a_better_setting_replaces_the_refits_of_an_earlier_one_and_says_so(fake):
    search(make(fake, trials=1))
    assert record(fake)["replaced"] == []
    first = {found["value"]: found for found in record(fake)["values"]}
    search(make(fake))
    changed = [one for one in record(fake)["values"] if one["best"] != first[one["value"]]["best"]]
    assert changed
    replaced = [refit["run"] for one in changed for refit in first[one["value"]]["refits"]]
    assert record(fake)["replaced"] == replaced
    sweep = fake.output_dir / "sweep"
    there = {path.parent.name for path in sweep.glob("*/result.json")}
    assert there == {refit["run"] for found in record(fake)["values"] for refit in found["refits"]}
    kept = {path.parent.name.rpartition(".")[0] for path in sweep.glob(".replaced/*/result.json")}
    assert kept == set(replaced)
    assert any("the search went on after the test set had been opened" in line for line in say_record(record(fake)))


def test_an_end_between_the_record_and_the_refits_leaves_no_earlier_refit_in_the_table(fake, monkeypatch):
    search(make(fake, trials=1))
    with monkeypatch.context() as patch:
        patch.setattr("fuselab.runs.search.set_aside", killed)
        with pytest.raises(KilledError):
            search(make(fake))
    search(make(fake))
    there = {path.parent.name for path in (fake.output_dir / "sweep").glob("*/result.json")}
    assert there == {refit["run"] for found in record(fake)["values"] for refit in found["refits"]}
    assert len(record(fake)["replaced"]) == 2


def killed(*_: object) -> None:
    raise KilledError


def test_more_seeds_train_only_those(fake):
    search(make(fake))
    launched = len(fake.launched)
    search(make(fake, seeds=[2]))
    assert [(config["method"], config["seed"]) for config in fake.launched[launched:]] == [
        ("early/a", 2),
        ("late/b", 2),
    ]
    assert [[refit["seed"] for refit in found["refits"]] for found in record(fake)["values"]] == [[0, 1, 2]] * 2


def test_a_value_added_later_gets_the_same_and_the_others_nothing(fake):
    search(make(fake))
    before, launched = record(fake), len(fake.launched)
    search(make(fake, "fusion=early/a,late/b,late/c"))
    assert {config["method"] for config in fake.launched[launched:]} == {"late/c"}
    assert len(fake.launched) - launched == 5 + 2
    assert record(fake)["values"][:2] == before["values"]


def test_the_record_is_what_the_files_say(fake):
    search(make(fake))
    found = record(fake)
    assert found["compare"] == ["fusion"]
    assert found["space"] == {
        "optimizer.lr": {"low": 1e-4, "high": 1e-1, "log": True, "step": None},
        "width": {"choices": [16, 32, 64]},
    }
    keys = ("trials", "sampler", "sampler_seed", "trial_seed", "metric", "mode")
    assert [found[key] for key in keys] == [5, "tpe", 0, 1000, "val/score", "max"]
    for one in found["values"]:
        values = [
            json.loads((fake.output_dir / "sweep" / "trials" / trial["run"] / "result.json").read_text())["val"][
                "score"
            ]
            for trial in one["trials"]
        ]
        assert [trial["value"] for trial in one["trials"]] == values
        ordered = sorted(values)
        assert one["spread"] == {"min": ordered[0], "median": ordered[2], "max": ordered[4]}
        assert one["best"]["trial"] == values.index(max(values))
        for refit in one["refits"]:
            assert (fake.output_dir / "sweep" / refit["run"]).name.endswith(refit["identity"][:8])


def test_less_is_better_where_the_mode_says_so(fake):
    fake.score = lambda config: 1 - objective(config)
    plan = make(fake)
    with pytest.raises(ConfigError, match="another than val/score, min"):
        search(replace(plan, goal=Goal(metric="val/score", mode="min")))
    planned = fake.plan
    fake.plan = lambda jobs: planned([(*job, "monitor.mode=min") for job in jobs])  # type: ignore[method-assign]
    search(replace(plan, goal=Goal(metric="val/score", mode="min")))
    for one in record(fake)["values"]:
        assert one["best"]["value"] == one["spread"]["min"] < one["spread"]["max"]


def test_a_failed_trial_counts(fake):
    fake.score = lambda config: "too wide" if config["width"] == 64 else objective(config)
    search(make(fake))
    for one in record(fake)["values"]:
        failed = [trial for trial in one["trials"] if trial["setting"]["width"] == 64]
        assert one["failed"] == len(failed) > 0
        assert all((trial["state"], trial["value"]) == ("failed", None) for trial in failed)
        assert len(one["trials"]) == 5
    launched = len(fake.launched)
    search(make(fake))
    assert len(fake.launched) == launched


def test_a_trial_without_a_finite_value_has_failed(fake):
    fake.score = lambda config: math.nan if config["width"] == 64 else objective(config)
    search(make(fake))
    assert all(one["failed"] > 0 for one in record(fake)["values"])


def test_where_all_trials_of_a_value_failed_no_test_set_is_opened_and_they_are_repeated(fake):
    fake.score = lambda config: "a bug" if config["method"] == "late/b" else objective(config)
    with pytest.raises(RunFolderError, match=r"late/b must have a trial that finished; all 5 failed.*a bug; mend it"):
        search(make(fake))
    assert not any(config["test"] for config in fake.launched)
    launched = len(fake.launched)
    fake.score = objective
    with pytest.raises(RunFolderError, match="late/b must have"):
        search(make(fake, rerun="none"))
    search(make(fake))
    assert len(fake.launched) == launched + 5 + 4
    assert [one["failed"] for one in record(fake)["values"]] == [0, 0]


def test_a_stop_keeps_the_test_set_shut(fake):
    def stopping(config: Config) -> float:
        if len(fake.launched) == 6:
            STOP.signal = 2
        return objective(config)

    fake.score = stopping
    outcome = search(make(fake))
    assert len(outcome.unfinished()) == 2  # of the second batch: two trials for each of two values
    assert not (fake.output_dir / "sweep" / "search.json").exists()
    STOP.signal, fake.score = None, objective
    search(make(fake))
    assert len(fake.launched) == 10 + 4


def test_the_same_setting_twice_is_one_run_and_two_trials(fake):
    fake.score = lambda config: float(config["width"])
    search(make(fake, space={"width": [16, 32]}, batch=5))
    assert [len(one["trials"]) for one in record(fake)["values"]] == [5, 5]
    assert [one["best"]["setting"] for one in record(fake)["values"]] == [{"width": 32}] * 2
    assert len([config for config in fake.launched if not config["test"]]) == 4


def test_rerun_all_begins_anew_and_keeps_what_was_there(fake):
    search(make(fake))
    search(make(fake, rerun="all"))
    assert len(fake.launched) == 2 * (10 + 4)
    kept = fake.output_dir / "sweep" / ".replaced" / "search.1"
    assert {path.name for path in kept.iterdir()} == {"search.db", "search.json"}
    assert record(fake)["replaced"] == []


def test_a_metric_of_a_slice(fake):
    fake_plan = fake.plan
    fake.plan = lambda jobs: fake_plan([(*job, "monitor.metric=val/score/easy") for job in jobs])  # type: ignore[method-assign]
    search(make(fake, goal="val/score/easy"))
    assert {one["best"]["value"] for one in record(fake)["values"]} == {0.25}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"space": {**SWEEPER["space"], "width": [16, 32]}}, "the space had width 16, 32 or 64"),
        ({"space": {"width": [16, 32, 64]}}, r"the space had optimizer.lr 0.0001 to 0.1 \(log\)"),
        ({"space": {**SWEEPER["space"], "depth": [1, 2]}}, "the space had no depth"),
        ({"sampler_seed": 3}, "sampler_seed was 0, not 3"),
        ({"sampler": "random"}, "sampler was tpe, not random"),
        ({"batch": 4}, "batch was 2, not 4"),
        ({"trial_seed": 7}, "trial_seed was 1000, not 7"),
        ({"trials": 4}, r"trials \(4\) must be at least 5, as many as early/a has"),
        (
            {"params": {"fusion": "early/a"}, "trials": 6},
            r"as many trials as late/b in .* 5 of 6; launch late/b too",
        ),
        (
            {"params": {**SWEEPER["params"], "optimizer.weight_decay": 0.5}},
            r"early/a differs in optimizer.weight_decay",
        ),
    ],
)
def test_a_search_goes_on_as_it_began_or_not_at_all(changes, said, fake):
    search(make(fake))
    launched, before = len(fake.launched), tried(fake)
    with pytest.raises(ConfigError, match=said):
        search(make(fake, **changes))
    with pytest.raises(ConfigError, match=said):
        show(make(fake, **changes))
    assert (len(fake.launched), tried(fake)) == (launched, before)


def test_a_search_has_one_owner(fake):
    with FileLock(fake.output_dir / "sweep" / ".search.lock"), pytest.raises(BusyError, match="must have one owner"):
        search(make(fake))


def test_a_file_that_is_no_search(fake):
    (fake.output_dir / "sweep" / "search.db").write_text("nonsense" * 200)
    with pytest.raises(RunFolderError, match=r"search.db\) must be a search's own"):
        search(make(fake))


def test_a_run_that_cannot_be_used_is_said_and_its_trial_stays(fake):
    fake.killed_after = 0
    with pytest.raises(KilledError):
        search(make(fake))
    fake.killed_after = None
    _, _, outcome, _, run = tried(fake)["early/a"][0]
    assert outcome == "asked"
    write_json(fake.output_dir / "sweep" / "trials" / run / "result.json", {"identity": "another"})
    with pytest.raises(RunFolderError, match=r"trial 0 of early/a can't be run: the result in .* must be that of its"):
        search(make(fake))
    assert tried(fake)["early/a"][0][2] == "asked"


def test_show_says_what_is_left_and_does_nothing(fake, capsys):
    show(make(fake))
    assert not list((fake.output_dir / "sweep").iterdir())
    out = capsys.readouterr().out
    assert "5 trials (tpe, sampler seed 0) for each of 2 compared values" in out
    assert "then 4 refits" in out
    fake.killed_after = 6
    with pytest.raises(KilledError):
        search(make(fake))
    capsys.readouterr()
    show(make(fake))
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()[1:3]] == [
        ["early/a", "5", "2"],
        ["late/b", "5", "2"],
    ]
