from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from fuselab.errors import ConfigError
from fuselab.models.build import build_model
from fuselab.runs.compose import composer, resolved
from fuselab.schemes.build import build_scheme
from fuselab.tasks.classification import ClassificationTask

SCHEMES = [path.stem for path in sorted((Path(__file__).parents[2] / "conf" / "scheme").glob("*.yaml"))]


@pytest.fixture(scope="module")
def compose():
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        yield lambda *overrides: resolved(hydra.compose(["width=8", *overrides]))


@pytest.fixture(autouse=True)
def _float32() -> None:
    torch.set_default_dtype(torch.float32)


def weights(config: dict[str, Any]) -> dict[str, Tensor]:
    return ClassificationTask(config=config).model.state_dict()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_model_starts_from_the_same_weights_under_every_scheme(scheme, compose):
    one, other = weights(compose("scheme=none")), weights(compose(f"scheme={scheme}"))
    assert one.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_the_stream_outside_is_left_where_it_was(compose):
    config = compose("scheme=auxiliary")
    model = build_model(config)
    state = torch.get_rng_state()
    scheme = build_scheme(config, model)
    assert torch.equal(torch.get_rng_state(), state)
    again, other = build_scheme(config, model), build_scheme(config | {"seed": 1}, model)
    found = [one.state_dict()["heads.image.layers.1.weight"] for one in (scheme, again, other)]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    heads = scheme.state_dict()
    assert not torch.equal(heads["heads.image.layers.4.weight"], heads["heads.audio.layers.4.weight"])


@pytest.mark.parametrize("scheme", [one for one in SCHEMES if one != "none"])
@pytest.mark.parametrize("fusion", ["unimodal/image", "late/stacking", "late/evidential"])
def test_what_does_not_go_together_ends_when_it_is_built(scheme, fusion, compose):
    config = compose(f"scheme={scheme}", f"fusion={fusion}")
    if fusion.startswith("late") and scheme in ("modality_dropout", "pmr"):
        ClassificationTask(config=config)
        return
    with pytest.raises(ConfigError, match="scheme=none"):
        ClassificationTask(config=config)


@pytest.mark.parametrize("scheme", ["ogm_ge", "gradient_blend"])
def test_a_model_in_shares_is_refused(scheme, compose):
    with pytest.raises(ConfigError, match=r"trainer\.strategy \(fsdp\)"):
        ClassificationTask(config=compose(f"scheme={scheme}", "trainer=fsdp"))


def test_a_run_says_by_which_scheme_it_is_trained(compose):
    assert {name: compose(f"scheme={name}")["scheme_name"] for name in SCHEMES} == {name: name for name in SCHEMES}
