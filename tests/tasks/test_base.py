from __future__ import annotations

import pytest
import torch

from fuselab.instantiate import instantiate
from fuselab.runs.compose import composer, resolved
from fuselab.tasks.classification import ClassificationTask

from ..encoders import tiny


def task(*overrides: str) -> ClassificationTask:
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        return ClassificationTask(config=resolved(hydra.compose(list(overrides))))


def test_without_another_rate_the_optimizer_gets_all_parameters_in_one_list():
    plain = task()
    found = plain._in_groups()
    assert all(isinstance(one, torch.nn.Parameter) for one in found)
    assert [id(one) for one in found] == [id(one) for one in plain.parameters()]


def test_layers_of_a_pretrained_encoder_learn_at_the_rate_of_the_formula():
    told = tiny.chosen("text/hf")
    mine = task("encoder/text=hf", f"encoder.text.model={told['model']}", "encoder.text.trained=1", "optimizer.lr=0.5")
    optimizer = instantiate(mine.config["optimizer"], params=mine._in_groups())
    rate = {id(one): group["lr"] for group in optimizer.param_groups for one in group["params"]}
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0.05}
    for name, one in mine.named_parameters():
        if ".module." not in name:
            assert rate[id(one)] == 0.5, name
        elif "layer.1." in name:
            assert rate[id(one)] == pytest.approx(0.5 * 0.01), name
        else:
            assert id(one) not in rate, name
    everything = task("encoder/text=hf", f"encoder.text.model={told['model']}", "encoder.text.trained=all")
    rates = sorted(
        {
            group["lr"]
            for group in instantiate(everything.config["optimizer"], params=everything._in_groups()).param_groups
        }
    )
    assert rates == pytest.approx([0.003 * 0.01 * 0.9**2, 0.003 * 0.01 * 0.9, 0.003 * 0.01, 0.003])
