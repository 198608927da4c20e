from __future__ import annotations

import torch

from fuselab.data.transforms.draws import Draws, times_before

CPU = torch.device("cpu")


def test_a_stream_is_a_function_of_its_name_alone():
    names = [f"0/0/{row}/0/image/flip" for row in range(50)]
    together = Draws(names, device=CPU).uniform(3)
    apart = torch.cat([Draws([name], device=CPU).uniform(3) for name in reversed(names)]).flip(0)
    assert together.shape == (50, 3)
    assert torch.equal(together, apart)
    assert len({str(one) for one in together}) == 50


def test_the_numbers_are_the_same_on_every_machine():
    draws = Draws(["0/1/2/0/audio/noise"], device=CPU)
    assert draws.uniform(2).tolist() == [[0.3877947926521301, 0.16445136070251465]]
    assert draws.normal(2).tolist() == [[0.195902481675148, -0.30480897426605225]]


def test_a_stream_goes_on_and_more_of_it_begins_with_less_of_it():
    one, other = Draws(["a"], device=CPU), Draws(["a"], device=CPU)
    assert not torch.equal(one.uniform(), one.uniform())
    for draw in ("uniform", "normal"):
        few, many = (getattr(Draws(["a", "b"], device=CPU), draw)(count) for count in (5, 500))
        assert torch.equal(few, many[:, :5])
    assert other.uniform().shape == (1,)


def test_what_is_drawn_is_distributed_as_its_name_says():
    draws = Draws([str(row) for row in range(4000)], device=CPU)
    uniform, normal = draws.uniform(5), draws.normal(5)
    assert uniform.min() >= 0
    assert uniform.max() < 1
    # 20,000 numbers: four standard errors
    assert abs(uniform.mean() - 0.5) < 4 * (1 / 12 / 20_000) ** 0.5
    assert abs(normal.mean()) < 4 / 20_000**0.5
    assert abs(normal.var() - 1) < 4 * (2 / 20_000) ** 0.5
    between = draws.between(-2.0, 3.0)
    assert between.min() >= -2
    assert between.max() <= 3
    assert between.max() - between.min() > 4.9
    counts = torch.bincount(draws.whole(torch.full((4000,), 3)))
    assert len(counts) == 4
    assert counts.min() > 1000 - 4 * 750**0.5
    assert draws.whole(torch.zeros(4000)).tolist() == [0] * 4000


def test_each_time_that_a_row_comes_again_has_a_number():
    order = torch.tensor([2, 0, 2, 1, 0, 2])
    assert times_before(order).tolist() == [0, 0, 1, 0, 1, 2]
    assert times_before(torch.randperm(100)).tolist() == [0] * 100
