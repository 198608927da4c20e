"""What holds for every pretrained encoder, shown on a BERT."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoModel

from fuselab.encoders.pretrained.encoder import BATCH
from fuselab.encoders.text.hf import Hf
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

from .. import tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bert(tmp_path_factory.mktemp("models") / "bert")


def make(folder: Path, **changes: Any) -> Hf:
    parts = {"part": None, "pooling": "none", "trained": 0, "rate": 0.1, "layer_decay": 0.5, "dim": 6}
    torch.manual_seed(0)
    return Hf(model=str(folder), **(parts | changes))


def texts(samples: int = 5) -> ModalityInput:
    draw = torch.Generator().manual_seed(1)
    lengths = torch.arange(samples) % 6 + 1
    mask = torch.arange(7) < lengths[:, None]
    ids = torch.randint(2, 50, (samples, 7), generator=draw)
    return ModalityInput(torch.where(mask, ids, 0), mask, torch.ones(samples).bool())


def slow(folder: Path, given: ModalityInput) -> list[Tensor]:
    """Read one text after the other, without padding."""
    model = AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        return [model(ids[mask][None]).last_hidden_state[0] for ids, mask in zip(given.values, given.mask, strict=True)]


def train(encoder: Hf, given: ModalityInput, steps: int = 3) -> None:
    encoder.train()
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=0.1)
    prepared = encoder.prepare(given)
    for _ in range(steps):
        optimizer.zero_grad()
        encoder(prepared).cleaned().tokens.square().sum().backward()
        optimizer.step()


@pytest.mark.parametrize("trained", [0, 1, "all"])
@pytest.mark.parametrize("pooling", ["none", "mean", "first"])
def test_tokens_are_those_of_the_model_pooled_and_mapped(folder, pooling, trained):
    given = texts()
    encoder = make(folder, pooling=pooling, trained=trained).eval()
    features = encoder(encoder.prepare(given).cleaned())
    for row, expected in enumerate(slow(folder, given)):
        pooled = {"none": expected, "mean": expected.mean(0, keepdim=True), "first": expected[:1]}[pooling]
        torch.testing.assert_close(features.tokens[row][features.mask[row]], encoder.project(pooled), rtol=0, atol=1e-5)


def test_a_frozen_model_reads_in_batches_and_no_batch_changes_a_sample(folder):
    encoder, given = make(folder), texts(BATCH + 9)
    found = encoder.prepare(given)
    expected = slow(folder, given)
    assert len(found.values) == BATCH + 9
    for row in (0, BATCH - 1, BATCH, BATCH + 8):
        torch.testing.assert_close(found.values[row][found.mask[row]], expected[row], rtol=0, atol=1e-5)


def test_a_frozen_model_stays_to_the_bit_and_gets_no_gradient(folder):
    encoder = make(folder)
    encoder.prepare(texts())
    before = {name: one.clone() for name, one in encoder._asleep.module.state_dict().items()}
    train(encoder, texts())
    after = encoder._asleep.module
    assert all(torch.equal(one, before[name]) for name, one in after.state_dict().items())
    assert all(one.grad is None and not one.requires_grad for one in after.parameters())
    assert not after.training


def test_a_frozen_model_stands_in_no_checkpoint(folder):
    encoder = make(folder)
    encoder.prepare(texts())
    assert {name for name, _ in encoder.named_parameters()} == {"project.weight", "project.bias"}
    assert set(encoder.state_dict()) == {"project.weight", "project.bias", "_extra_state"}
    assert encoder.frozen_parameters() == sum(one.numel() for one in encoder._asleep.module.parameters())
    encoder.release()
    assert encoder._asleep.module is None


def test_copies_share_a_frozen_model(folder):
    encoder = make(folder)
    encoder.prepare(texts())
    assert copy.deepcopy(encoder)._asleep.module is encoder._asleep.module


@pytest.mark.parametrize(("trained", "moving"), [(1, ("layer.1",)), (2, ("layer.0", "layer.1")), ("all", ("",))])
def test_exactly_the_layers_that_are_named_move(folder, trained, moving):
    encoder = make(folder, trained=trained)
    before = {name: one.clone() for name, one in encoder.named_parameters()}
    given = texts()
    train(encoder, given)
    moved = {name for name, one in encoder.named_parameters() if not torch.equal(one, before[name])}
    expected = {name for name in before if name.startswith("project") or any(one in name for one in moving)}
    # The key's bias shifts all attention scores of a query alike: it has no gradient but that of rounding.
    uncertain = {name for name in before if name.endswith("key.bias")}
    assert moved - uncertain == expected - uncertain
    assert all(encoder.get_parameter(name).grad is None for name in set(before) - expected)


def test_what_is_not_trained_knows_no_dropout(folder):
    encoder, given = make(folder, trained=1).train(), texts()
    below = encoder.module.encoder.layer[0]
    assert not below.training
    assert not encoder.module.embeddings.training
    assert encoder.module.encoder.layer[1].training
    assert not encoder.eval().module.encoder.layer[1].training
    encoder.train()
    seen = []
    below.register_forward_hook(lambda *told: seen.append(told[-1]))
    for _ in range(2):
        encoder(encoder.prepare(given))
    assert torch.equal(seen[0], seen[1])


def test_rates_are_those_of_the_formula(folder):
    rates = {
        name: factor
        for encoder in [make(folder, trained="all")]
        for factor, parameters in encoder.rates()
        for name, one in encoder.named_parameters()
        if any(one is other for other in parameters)
    }
    assert rates["module.embeddings.word_embeddings.weight"] == pytest.approx(0.1 * 0.5**2)
    assert rates["module.encoder.layer.0.output.dense.weight"] == pytest.approx(0.1 * 0.5)
    assert rates["module.encoder.layer.1.output.dense.weight"] == pytest.approx(0.1)
    assert not any(name.startswith("project") for name in rates)
    assert make(folder).rates() == []


def test_the_map_starts_alike_whatever_is_trained(folder):
    one, other = make(folder), make(folder, trained="all")
    assert torch.equal(one.project.weight, other.project.weight)
    before = torch.get_rng_state()
    one.prepare(texts())
    assert torch.equal(before, torch.get_rng_state())


def test_a_checkpoint_of_other_weights_is_refused(folder, tmp_path):
    other = make(tiny.bert(tmp_path / "other", seed=1))
    saved = io.BytesIO()
    torch.save(make(folder).state_dict(), saved)
    saved.seek(0)
    state = torch.load(saved, weights_only=True)
    make(folder).load_state_dict(state)
    with pytest.raises(
        ConfigError, match=r"must hold the weights that the checkpoint was made with; their SHA-256 was"
    ):
        other.load_state_dict(state)
    # What is trained comes from the checkpoint in any case.
    make(tmp_path / "other", trained=1).load_state_dict(make(folder, trained=1).state_dict())


def test_the_origin_changes_with_weights_config_pooling_and_nothing_else(folder, tmp_path):
    one = make(folder).origin()
    assert one == make(folder, rate=1.0, dim=3).origin()
    assert one.frozen
    assert not make(folder, trained=1).origin().frozen
    assert one.settings != make(folder, pooling="mean").origin().settings
    assert one.sha256 != make(tiny.bert(tmp_path / "other", seed=1)).origin().sha256
    assert one.sha256 == make(tiny.bert(tmp_path / "same")).origin().sha256
    config = tmp_path / "same" / "config.json"
    config.write_text(config.read_text().replace('"gelu"', '"relu"'))
    assert one.sha256 != make(tmp_path / "same").origin().sha256


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pooling": "max"}, r"encoder\.\*\.pooling \(max\) must be one of none, mean, first; choose one"),
        ({"rate": 0}, r"encoder\.\*\.rate \(0\) must be above 0"),
        ({"layer_decay": 1.5}, r"layer_decay \(1\.5\) above 0 and at most 1; set rate=0\.01"),
        ({"trained": 3}, r"encoder\.\*\.trained \(3\) must be 0, a number of last layers \(at most 2 of this model\)"),
    ],
)
def test_choices_that_can_not_be_are_refused(folder, changes, message):
    with pytest.raises(ConfigError, match=message):
        make(folder, **changes)
