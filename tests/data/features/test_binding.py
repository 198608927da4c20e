from __future__ import annotations

import numpy as np
import pytest

from fuselab.data.features.binding import Place, places
from fuselab.errors import ConfigError


def test_a_role_is_an_array_of_the_same_file_or_of_another():
    config = {"file": "a.npz", "array": "x", "lengths": "n", "ids": {"file": "b.npy"}}
    assert places("key", config, ("ids", "lengths", "mask")) == {
        "values": Place(file="a.npz", array="x"),
        "lengths": Place(file="a.npz", array="n"),
        "ids": Place(file="b.npy", array=None),
    }


def test_it_reads_below_the_folder(tmp_path):
    np.save(tmp_path / "b.npy", np.arange(3))
    assert Place(file="b.npy", array=None).read(tmp_path).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("a.npz", r"data\.x \('a\.npz'\) must say where it stands; write data\.x=\{file: FILE, array: NAME\}"),
        ({"array": "x"}, r"data\.x \(.*\) must say where it stands"),
        (
            {"file": "a.npz", "lenghts": "n"},
            r"data\.x\.lenghts must be one of file, array, lengths; did you mean 'lengths'",
        ),
        ({"file": "a.npz", "lengths": {"file": "a", "ids": "i"}}, r"data\.x\.lengths\.ids must be one of file, array"),
    ],
)
def test_a_binding_that_means_nothing_is_refused(config, message):
    with pytest.raises(ConfigError, match=message):
        places("data.x", config, ("lengths",))
