"""What there is to choose from: config groups and their options, read from YAML as text, without Hydra or torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from fuselab.errors import ConfigError, nearest
from fuselab.runs.methods import method

_FAMILIES = ("unimodal", "early", "attention", "late")  # of fusion, in the order of the tables
_TARGET = re.compile(r"""^_target_:\s*["']?([\w.]+)""", re.MULTILINE)
_PACKAGE = re.compile(r"#\s*@package\b")
# A line of a defaults list: `- data: x`, `- override /hydra/launcher: x`, `- /encoder/text@_global_.encoder.text: x`.
_DEFAULT = re.compile(r"^\s*-\s+(?:(?:override|optional)\s+)*/?([\w/-]+)(?:@[\w.]+)?\s*:", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Option:
    """One YAML of a config group.

    Args:
        name: as the command line takes it, such as ``early/concat``
        family: the first folder of the name, or an empty string
        target: what it makes, or None where it makes nothing by itself
        summary: its first comment
    """

    name: str
    family: str
    target: str | None
    summary: str


def groups(folders: Sequence[Path]) -> list[str]:
    """Return the groups that a command line can choose from, such as ``fusion`` and ``encoder/text``.

    A folder inside a group that a defaults list names belongs to that group's options: ``fusion/early`` is no group.

    Args:
        folders: config folders

    Raises:
        ConfigError: no such config folder
    """
    files = [(folder, path) for folder in folders for path in _yamls(folder)]
    holding = {path.parent.relative_to(folder).as_posix() for folder, path in files} - {"."}
    everywhere = holding | {parent for group in holding for parent in _parents(group)}
    named = {name for _, path in files for name in _DEFAULT.findall(_read(path))} & everywhere
    return sorted({group for group in named | holding if named.isdisjoint(_parents(group))})


def options(group: str, folders: Sequence[Path]) -> list[Option]:
    """Return the options of a group, family by family.

    Args:
        group: such as ``fusion`` or ``encoder/text``
        folders: config folders; of two options with one name the earlier folder's is taken, as Hydra does

    Raises:
        ConfigError: no such group or config folder
    """
    found: dict[str, Option] = {}
    for folder in folders:
        for path in _yamls(folder):
            if folder / group != folder and path.is_relative_to(folder / group):
                name = path.relative_to(folder / group).with_suffix("").as_posix()
                found.setdefault(name, _option(name, path))
    if not found:
        raise ConfigError(
            f"the group ({group}) must be a folder of conf with a YAML; {nearest(group, groups(folders))}"
        )
    return sorted(found.values(), key=lambda option: (*_rank(option.family), option.name))


def render(options: Sequence[Option]) -> Table:
    """Return a table of options for the terminal, with a line between families.

    Args:
        options: what to show
    """
    table = Table(box=box.HORIZONTALS, header_style="bold", border_style="dim", pad_edge=False)
    table.add_column("option", no_wrap=True)
    table.add_column("what it is")
    for option, following in zip_longest(options, options[1:]):
        said = Text(option.summary)
        if option.target:
            said.append(f"\n{option.target}" if option.summary else option.target, style="dim")
        table.add_row(Text(option.name), said, end_section=bool(following) and following.family != option.family)
    return table


def render_methods(options: Sequence[Option]) -> Table:
    """Return a table of fusion methods for the terminal: what each is, who described it, and what it costs.

    Args:
        options: of the group ``fusion``
    """
    table = Table(box=box.HORIZONTALS, header_style="bold", border_style="dim", pad_edge=False)
    for heading in ("method", "what it is, and its modality weights (w)", "parameters", "FLOPs"):
        number = heading in ("parameters", "FLOPs")
        table.add_column(heading, no_wrap=number or heading == "method", justify="right" if number else "left")
    for option, following in zip_longest(options, options[1:]):
        known = method(option.name, option.target or "")
        said = Text(option.summary)
        if known.weights:
            said.append(f"\nw: {known.weights}", style="dim")
        if known.reference:
            said.append(f"\n{known.reference}", style="dim")
        costs = ["" if cost is None else f"{cost:,}" for cost in (known.parameters, known.flops)]
        last = bool(following) and following.family != option.family
        table.add_row(Text(option.name), said, *costs, end_section=last)
    return table


def _option(name: str, path: Path) -> Option:
    text = _read(path)
    target = _TARGET.search(text)
    comments = (line for line in text.splitlines() if line.startswith("#") and not _PACKAGE.match(line))
    return Option(
        name=name,
        family=name.rpartition("/")[0].partition("/")[0],
        target=target.group(1) if target else None,
        summary=next(comments, "").lstrip("# ").rstrip(),
    )


def _yamls(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ConfigError(f"the config folder ({folder}) must exist; name a folder that holds such as fusion/mine.yaml")
    return sorted(path for path in folder.rglob("*.yaml") if path.is_file())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the config ({path}) must be readable as UTF-8 text; mend or remove it ({error})") from error


def _parents(group: str) -> set[str]:
    parts = group.split("/")
    return {"/".join(parts[:end]) for end in range(1, len(parts))}


def _rank(family: str) -> tuple[int, str]:
    return (_FAMILIES.index(family) if family in _FAMILIES else len(_FAMILIES), family)
