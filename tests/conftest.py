"""What tests of the command line share: one cache, small data, commands as a user types them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .wandb_server import Kept, serving

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores among themselves, and what they start does too; torch reads this when it is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# As small as trio_digits can be and still have every kind of question in every split.
TINY = (
    "data.source.sizes.train=64",
    "data.source.sizes.val=32",
    "data.source.sizes.test=48",
    "data.batch_size=32",
    "trainer.max_epochs=1",
)
Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def shell(cache: Path) -> Shell:
    """Run `fuselab …` in a folder as a user would, and return what it printed."""

    def run(*arguments: str, cwd: Path, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "FUSELAB_CACHE": str(cache), "COLUMNS": "160", "WANDB_MODE": "offline"}
        environment.pop("WANDB_API_KEY", None)
        done = subprocess.run(
            [sys.executable, "-m", "fuselab.cli", *arguments],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def refusing() -> Iterator[str]:
    """The address of a server that takes nobody's key for W&B."""
    with serving(refuse=True) as kept:
        yield kept.url


@pytest.fixture
def accepting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """What a server in the place of W&B's has been sent."""
    with serving() as kept:
        monkeypatch.setenv("WANDB_BASE_URL", kept.url)
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
        yield kept
        import wandb

        wandb.teardown()
