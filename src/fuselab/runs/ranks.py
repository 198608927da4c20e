"""A run of several processes is handed to torchrun, from inside its job.

The ranks read the run's ``config.yaml`` and never see Hydra, so one job stays one folder and one tracker run under
every launcher.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from fuselab.errors import FuselabError
from fuselab.runs.folder import RunFolder

# The last line of a traceback, not a line of code in it that names an error; torchrun's own come later.
_ERROR = re.compile(r"^(?:\[rank\d+\]: )?(?:\w+\.)*(\w*(?:Error|Exception): .+)$", re.MULTILINE)


def processes(trainer: Mapping[str, Any]) -> int:
    """Return how many processes a trainer config asks for on this machine.

    Example:
        >>> processes({"devices": 2}), processes({"devices": [0, 3, 5]}), processes({"devices": "auto"})
        (2, 3, 1)
    """
    devices = trainer["devices"]
    if isinstance(devices, list):
        return len(devices)
    return devices if isinstance(devices, int) else 1


def run_ranks(folder: RunFolder, *, count: int, threads: int | None) -> None:
    """Start the ranks of a run and wait for them.

    Args:
        folder: the run's, with its ``config.yaml``
        count: number of processes
        threads: CPU threads of each, or None to share the cores out

    Raises:
        FuselabError: a rank failed
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    command += ["-m", "fuselab.execute", str(folder.path)]
    each = threads or max(1, (os.cpu_count() or 1) // count)
    environment = {**os.environ, "OMP_NUM_THREADS": str(each), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as launcher:
        try:
            _, stderr = launcher.communicate()
        except BaseException:
            # Every rank has a session of its own: only torchrun, and only if it is asked, ends them all.
            launcher.terminate()
            launcher.communicate()
            raise
    if launcher.returncode != 0:
        said = stderr.decode(errors="replace")
        with folder.log.open("a", encoding="utf-8") as log:
            log.write(said)
        error = _ERROR.search(said)
        reason = error[1] if error else f"exit code {launcher.returncode}"
        raise FuselabError(
            f"the {count} processes of the run ({folder.path.name}) must all end well; see {folder.log} ({reason})"
        )
