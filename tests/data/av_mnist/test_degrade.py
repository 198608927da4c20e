from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from fuselab.data.av_mnist.degrade import degrade, fit

IMAGES = (load_digits().images * 15).astype(np.uint8)
FEW = """
import hashlib
import numpy as np
from sklearn.datasets import load_digits
from fuselab.data.av_mnist.degrade import degrade, fit
images = (load_digits().images * 15).astype(np.uint8)
print(hashlib.sha256(degrade(images, fit(images, energy=0.5)).tobytes()).hexdigest())
"""


@pytest.mark.parametrize("energy", [0.1, 0.25, 0.6, 0.9])
def test_it_is_the_pca_of_scikit_learn(energy: float):
    train, other = IMAGES[:1000], IMAGES[1000:]
    reference = PCA(n_components=energy, svd_solver="full").fit(train.reshape(1000, -1))
    components = fit(train, energy=energy)
    assert components.axes.shape == (64, reference.n_components_)
    assert components.kept == pytest.approx(reference.explained_variance_ratio_.sum())
    assert components.kept >= energy
    shown = reference.inverse_transform(reference.transform(other.reshape(len(other), -1))) / 255
    degraded = degrade(other, components)
    assert degraded.dtype == np.float32
    assert degraded.shape == other.shape
    np.testing.assert_allclose(degraded.reshape(len(other), -1), shown, atol=1 / 2048 + 1e-6)


def test_the_mean_is_kept():
    components = fit(IMAGES, energy=0.05)
    np.testing.assert_allclose(degrade(IMAGES, components).mean(0), IMAGES.mean(0) / 255, atol=1 / 2048)
    assert np.allclose(components.axes.T @ components.axes, np.eye(components.axes.shape[1]))


def test_all_energy_is_the_image_itself():
    np.testing.assert_allclose(degrade(IMAGES, fit(IMAGES, energy=1.0)), IMAGES / 255, atol=1 / 2048 + 1e-6)


def test_images_that_are_all_alike_keep_their_mean():
    alike = np.repeat(IMAGES[:1], 5, 0)
    np.testing.assert_allclose(degrade(alike, fit(alike, energy=0.5)), alike / 255, atol=1 / 2048 + 1e-6)


def test_values_stand_on_a_coarse_grid():
    steps = degrade(IMAGES, fit(IMAGES, energy=0.5)).astype(np.float64) * 1024
    np.testing.assert_array_equal(steps, np.rint(steps))


def test_bytes_do_not_hang_on_threads_or_the_order_of_images():
    backwards = degrade(IMAGES, fit(IMAGES[::-1], energy=0.5))
    assert backwards.tobytes() == degrade(IMAGES, fit(IMAGES, energy=0.5)).tobytes()
    told = set()
    for threads in ("1", "4"):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        told.add(subprocess.run([sys.executable, "-c", FEW], env=environment, capture_output=True, check=True).stdout)
    assert len(told) == 1


def test_there_is_one_zero():
    images = np.array([[[0, 0], [0, 0]], [[0, 255], [0, 0]], [[0, 254], [1, 0]]], np.uint8)
    degraded = degrade(images, fit(images, energy=0.5))
    assert (degraded == 0).any()
    assert not np.signbit(degraded[degraded == 0]).any()
