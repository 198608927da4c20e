"""A sweep's report at W&B: one run beside those that it is made of, from the report's files alone."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from fuselab.errors import RunFolderError
from fuselab.runs.conf import conf_folder
from fuselab.runs.folder import find_runs
from fuselab.runs.tracking import ORIGIN, quiet_settings, refused, sweep_name, tracking_id

PAGE = "index.html"
# Names that may look like numbers: a commit of digits alone is none, nor is 1e5 of an identity.
NAMES = re.compile(r"run|label|seed_list|config_digest|wandb_id|(versions|pretrained)\..*|" + "|".join(ORIGIN))
ABOUT = ("method", "seed", "data_fingerprint", "split_hash", "git_commit")  # of its runs, what a report is filtered by
# As a report's page of figures gives them: **bars** ([svg](bars.svg), [pdf](bars.pdf)): What it shows.
CAPTION = re.compile(r"^\*\*(\w+)\*\* \(.*?\): (.*)$", re.MULTILINE)
ESCAPED = re.compile(r"\\([\\|`*<>\[\]_])")


def log_report(folder: Path, *, place: Path, project: str, split: str) -> str:
    """Log a report as a W&B run of its sweep's group: tables, figures, the page, and all its files as an artifact.

    A later report in the same place goes on with the same run. Without a key it is written offline, into the sweep's
    folder, where ``fuselab sync`` finds it.

    Args:
        folder: the report's
        place: where a report of this goes, such as ``SWEEP/report``, wherever its files are
        project: W&B project, that of the runs
        split: whose metrics it shows

    Returns:
        the run's address, or its folder where it was written offline

    Raises:
        RunFolderError: the folder holds no report
        FuselabError: W&B doesn't take it
    """
    place = place.resolve()
    sweep = sweep_name(place)
    if not (folder / PAGE).is_file():
        raise RunFolderError(f"the report ({folder}) must hold {PAGE}; make it with fuselab report {sweep}")
    import wandb

    try:
        run = wandb.init(
            project=project,
            dir=str(place.parent),
            id=tracking_id(place),
            name=place.name,
            group=sweep,
            job_type="report",
            resume="allow",
            mode=None if os.environ.get("WANDB_API_KEY") else "offline",
            config=_config(folder, sweep=sweep, split=split),
            settings=quiet_settings(),
        )
        # What W&B calls a run's dir holds some of its files; the folder above has all of them.
        written = Path(run.dir).parent
        with _staged_in(written), run:
            run.log(_tables(folder) | _figures(folder) | {"page": wandb.Html(folder / PAGE, inject=False)})
            run.log_artifact(_artifact(folder, name=f"{place.name}-{run.id}", sweep=sweep))
    except wandb.Error as error:
        instead = "unset WANDB_API_KEY and upload later with fuselab sync"
        raise refused(f"the report of {sweep}", error, instead=instead) from error
    return str(written) if run.offline else str(run.url)


def project_of(sweep: Path) -> str:
    """Return the W&B project of a sweep's runs, or the one that ships where they have none.

    Args:
        sweep: its folder
    """
    shipped = _read(conf_folder() / "logger" / "wandb.yaml")
    first = next(find_runs(sweep), None)
    own = {} if first is None or not first.config.is_file() else _read(first.config).get("logger") or {}
    return str(own.get("project", shipped["project"]))


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def _config(folder: Path, *, sweep: str, split: str) -> dict[str, Any]:
    """Return what tells the report apart, under the names that runs have for it."""
    found: dict[str, dict[Any, None]] = {key: {} for key in ABOUT}
    for path in _files(folder, "tables/runs.csv"):
        columns = _columns(path)
        for key in ABOUT:
            found[key] |= dict.fromkeys(columns.get(key, ()))
    one = {key: next(iter(values)) for key, values in found.items() if len(values) == 1}
    several = {f"{key}s": list(values) for key, values in found.items() if len(values) > 1}
    return {"sweep": sweep, "split": split} | one | several


def _files(folder: Path, *patterns: str) -> list[Path]:
    """Return files of a report, or of several side by side, by their places: its folder may hold others too."""
    found = {path for pattern in patterns for path in (*folder.glob(pattern), *folder.glob(f"*/{pattern}"))}
    return sorted(path for path in found if path.is_file())


def _key(path: Path, folder: Path) -> str:
    """Return what a table or a figure is called at W&B, such as ``tables/runs``."""
    return path.relative_to(folder).with_suffix("").as_posix()


def _tables(folder: Path) -> dict[str, Any]:
    import wandb

    found = {}
    for path in _files(folder, "tables/*.csv"):
        columns = _columns(path)
        rows = [list(row) for row in zip(*columns.values(), strict=True)]
        found[_key(path, folder)] = wandb.Table(columns=list(columns), data=rows)
    return found


def _columns(path: Path) -> dict[str, list[Any]]:
    """Return a table's columns by name, numbers as numbers."""
    with path.open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    return {name: _values(name, [row[place] for row in rows]) for place, name in enumerate(heading)}


def _values(name: str, texts: list[str]) -> list[Any]:
    if not NAMES.fullmatch(name):
        if set(texts) <= {"True", "False"}:
            return [text == "True" for text in texts]
        try:
            return [_number(text) for text in texts]
        except ValueError:
            pass
    return [text or None for text in texts]


def _number(text: str) -> float | int | None:
    if not text:
        return None
    return int(text) if text.removeprefix("-").isdecimal() else float(text)


def _figures(folder: Path) -> dict[str, Any]:
    import wandb

    said = {
        page.parent / name: ESCAPED.sub(r"\1", caption)
        for page in _files(folder, "figures/README.md")
        for name, caption in CAPTION.findall(page.read_text(encoding="utf-8"))
    }
    return {
        _key(path, folder): wandb.Image(str(path), caption=said.get(path.with_suffix("")))
        for path in _files(folder, "figures/*.png")
    }


def _artifact(folder: Path, *, name: str, sweep: str) -> Any:
    import wandb

    artifact = wandb.Artifact(name, type="report", description=f"report of {sweep}")
    for path in _files(folder, PAGE, "*.md", "tables/*", "figures/*"):
        artifact.add_file(str(path), name=path.relative_to(folder).as_posix())
    return artifact


@contextmanager
def _staged_in(folder: Path) -> Iterator[None]:
    """Let W&B keep what waits for its upload beside the run, not in the user's home: the sweep holds all of it."""
    before = os.environ.get("WANDB_DATA_DIR")
    os.environ["WANDB_DATA_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["WANDB_DATA_DIR"]
        else:
            os.environ["WANDB_DATA_DIR"] = before
