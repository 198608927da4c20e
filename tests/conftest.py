"""What tests of the command line share: one cache, small data, commands as a user types them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

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


class Refuse(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_error(401)

    def log_message(self, *_: object) -> None:
        """Leave the screen to pytest."""


@pytest.fixture
def refusing() -> Iterator[str]:
    """The address of a server that takes nobody's key."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
