"""What a fusion method says of itself, read from its docstring without importing it, and what it costs."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

COSTS = Path(__file__).parents[1] / "fusion" / "costs.json"  # made by scripts/fusion_table.py
_AUTHORS = re.compile(r"^(.+?)\s*\((\d{4})\)\s*,\s*([^.;:]+?)\s*[,.;:]")
_WEIGHTS = re.compile(r"weights \(B, M\)(?:[:,]\s*(.+?))?(?=;|\.\s|$)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Method:
    """A fusion method as its docstring and its measured costs show it.

    Args:
        reference: authors and year in short, such as ``Zadeh et al. 2017``
        citation: the whole reference
        weights: what its modality weights are; None where it reports none
        parameters: of the fusion with the default widths; None where nobody has measured it
        flops: of one sample, for the same
    """

    reference: str = ""
    citation: str = ""
    weights: str | None = None
    parameters: int | None = None
    flops: int | None = None


def method(name: str, target: str) -> Method:
    """Return what is known of a fusion method.

    Args:
        name: such as ``early/gated``
        target: the class's whole path

    Example:
        >>> method("early/gated", "fuselab.fusion.early.gated.Gated").reference
        'Arevalo et al. 2017'
    """
    text = _docstring(target)
    citation = _section(text, "Reference")
    said = _WEIGHTS.search(_section(text, "Shape"))
    costs = _costs().get(name, {})
    return Method(
        reference=_short(citation),
        citation=citation,
        weights=None if said is None else " ".join((said[1] or "one for each modality").split()),
        parameters=costs.get("parameters"),
        flops=costs.get("flops"),
    )


def _costs() -> Mapping[str, Any]:
    return json.loads(COSTS.read_text(encoding="utf-8")) if COSTS.exists() else {}


def _docstring(target: str) -> str:
    module, _, name = target.rpartition(".")
    source = _source(module)
    if source is None:
        return ""
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return ast.get_docstring(node) or ""
    return ""


def _source(module: str) -> Path | None:
    # Our own packages hold no code, so finding a module in them imports nothing; another's may.
    if not module.startswith("fuselab."):
        return None
    spec = find_spec(module)
    return Path(spec.origin) if spec is not None and spec.origin else None


def _section(text: str, title: str) -> str:
    found = re.search(rf"^{title}:\n((?:[ ]{{4}}.*\n?|\n)+)", text, re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def _short(citation: str) -> str:
    """Return authors and year as a text would cite them.

    Example:
        >>> _short("Kiela, Wang, Cho (2018), Dynamic Meta-Embeddings, equation 1.")
        'Kiela et al. 2018'
        >>> _short("Hinton (2002), Training Products of Experts.")
        'Hinton 2002'
    """
    found = _AUTHORS.match(citation)
    if found is None:
        return ""
    authors = [one.strip() for one in found[1].replace(" et al.", ", et al.").split(",")]
    if len(authors) == 1:
        return f"{authors[0]} {found[2]}"
    if len(authors) == 2 and authors[1] != "et al.":
        return f"{authors[0]} and {authors[1]} {found[2]}"
    return f"{authors[0]} et al. {found[2]}"
