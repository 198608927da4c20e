from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from fuselab.errors import RunFolderError
from fuselab.reports.labels import differences_between_methods, flatten, label_runs
from fuselab.reports.load import Run
from fuselab.runs.folder import RunFolder
from fuselab.runs.identity import NEUTRAL

NUMBERS = count()


def run(method: str, seed: int, **config: object) -> Run:
    name = f"{method}-s{seed}-{next(NUMBERS)}"
    return Run(
        RunFolder(Path(name)),
        {"method": method, "seed": seed, **config},
        {"method": method, "family": "early", "seed": seed},
    )


def labels_of(*runs: Run) -> list[str]:
    labels = label_runs(runs)
    return [labels[one.name] for one in runs]


def test_runs_that_differ_in_the_seed_alone_have_no_label():
    assert labels_of(run("a", 0, optimizer={"lr": 0.1}), run("a", 1, optimizer={"lr": 0.1})) == ["", ""]


def test_runs_of_one_method_that_differ_are_told_apart():
    runs = [run("a", 0, optimizer={"lr": 0.1, "name": "adam"}), run("a", 0, optimizer={"lr": 0.01, "name": "adam"})]
    assert labels_of(*runs) == ["optimizer.lr=0.1", "optimizer.lr=0.01"]


def test_settings_of_the_fusion_tell_runs_of_one_method_apart():
    # Two widths of one fusion are two things; their mean would be the mean of neither.
    assert labels_of(run("a", 0, fusion={"dim": 64}), run("a", 0, fusion={"dim": 128})) == [
        "fusion.dim=64",
        "fusion.dim=128",
    ]


def test_a_key_that_one_run_lacks_is_called_absent():
    assert labels_of(run("a", 0, head={"dropout": None}), run("a", 0, head={"width": 3})) == [
        "head.dropout=null, head.width=absent",
        "head.dropout=absent, head.width=3",
    ]


def test_differences_between_methods_label_nothing():
    assert labels_of(run("a", 0, optimizer={"lr": 0.1}), run("b", 0, optimizer={"lr": 0.01})) == ["", ""]


def test_keys_that_cannot_change_a_result_label_nothing():
    assert "output_dir" in NEUTRAL
    runs = [run("a", seed, **{key: {"some": seed} for key in NEUTRAL}) for seed in (0, 1)]
    assert labels_of(*runs) == ["", ""]


def test_a_key_that_repeats_the_seed_labels_nothing():
    runs = [run("a", seed, data={"noise_seed": seed}) for seed in (3, 4)]
    assert labels_of(*runs) == ["", ""]


def test_a_seed_key_that_goes_its_own_way_is_a_label():
    runs = [
        run("a", 0, data={"noise_seed": 0}),
        run("a", 1, data={"noise_seed": 0}),
        run("a", 1, data={"noise_seed": 7}),
    ]
    assert labels_of(*runs) == ["data.noise_seed=0", "data.noise_seed=0", "data.noise_seed=7"]


def test_a_number_that_happens_to_be_the_seed_is_a_label():
    runs = [run("a", 0, head={"layers": 0, "bias": False}), run("a", 1, head={"layers": 1, "bias": True})]
    assert labels_of(*runs) == ["head.bias=false, head.layers=0", "head.bias=true, head.layers=1"]


def test_lists_are_one_value():
    assert flatten({"a": {"b": [1, {"c": 2}]}, "d": {}}) == {"a.b": [1, {"c": 2}], "d": {}}


FLIP, CROP = {"_target_": "fuselab.x.Flip", "probability": 0.5}, {"_target_": "fuselab.x.Crop", "padding": 2}


def test_steps_on_a_modality_are_one_value_in_their_order():
    chosen = [
        {"image": {"a": FLIP, "b": CROP}},
        {"image": {"b": CROP, "a": FLIP}},
        {"image": {"a": FLIP, "b": None}},
        {},
    ]
    runs = [run("a", 0, transform=one) for one in chosen]
    assert labels_of(*runs) == [
        "transform.image=Flip(probability=0.5) Crop(padding=2)",
        "transform.image=Crop(padding=2) Flip(probability=0.5)",
        "transform.image=Flip(probability=0.5)",
        "transform.image=absent",
    ]
    inner = {"_target_": "a.Torchvision", "transform": {"_target_": "b.Jitter", "hue": [0, 0.1]}}
    assert flatten({"transform": {"image": {"a": inner}}}) == {
        "transform.image": "Torchvision(transform=Jitter(hue=[0, 0.1]))"
    }


def test_a_run_without_a_place_for_steps_is_one_without_steps():
    assert labels_of(run("a", 0), run("a", 1, transform={})) == ["", ""]


def test_two_runs_of_the_same_experiment_are_refused():
    first, second = run("a", 0, name="x"), run("a", 0, name="y")
    with pytest.raises(RunFolderError, match=rf"{first.name} and {second.name} .* \(a, seed 0\)"):
        label_runs([first, second])


def test_keys_outside_the_fusion_in_which_methods_differ_are_found():
    runs = [
        run("a", 0, fusion={"dim": 1}, optimizer={"lr": 0.1}, encoder={"image": {"dim": 8}, "text": {"dim": 8}}),
        run("b", 0, fusion={"dim": 2}, optimizer={"lr": 0.2}, encoder={"image": {"dim": 8}}),
    ]
    assert differences_between_methods(runs) == ["optimizer.lr"]


def test_what_differs_within_a_method_is_in_its_labels_already():
    runs = [run("a", 0, lr=0.1), run("a", 0, lr=0.2), run("b", 0, lr=0.1)]
    assert differences_between_methods(runs) == []


def test_methods_with_different_seeds_do_not_differ_in_keys_that_repeat_the_seed():
    assert differences_between_methods([run("a", 0, data={"seed": 0}), run("b", 1, data={"seed": 1})]) == []


def scheme(name: str, **settings: object) -> dict[str, object]:
    return {"scheme_name": name, "scheme": {"_target_": f"fuselab.{name}", **settings}}


def test_a_training_scheme_is_called_by_its_name():
    runs = [run("a", 0, **scheme("none")), run("a", 0, **scheme("ogm_ge", alpha=0.5))]
    assert labels_of(*runs) == ["scheme=none", "scheme=ogm_ge"]
    between = [run("a", 0, **scheme("none")), run("b", 0, **scheme("ogm_ge", alpha=0.5))]
    assert differences_between_methods(between) == ["scheme"]


def test_settings_of_one_scheme_tell_its_runs_apart():
    runs = [run("a", 0, **scheme("ogm_ge", alpha=alpha)) for alpha in (0.5, 1.0)]
    assert labels_of(*runs) == ["scheme.alpha=0.5", "scheme.alpha=1.0"]
    three = labels_of(*runs, run("a", 0, **scheme("none")))
    assert len(set(three)) == 3
    assert "scheme.alpha=0.5" in three[0]
