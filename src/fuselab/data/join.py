"""Rows of several tables that belong to one sample, found by a key, with an account of what matched.

Shapes: S samples, R rows of a table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from fuselab.data.paired import Array
from fuselab.errors import ConfigError, DataError, nearest

How = Literal["inner", "outer", "left"]
Duplicates = Literal["raise", "first"]
SHOWN = 5  # keys, or rows, that a message names
_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Which row of each table a sample has.

    Args:
        keys: (S,) of the samples, an Arrow array of text
        rows: for each table (S,), -1 where it lacks the sample
        account: what matched, in one line
        notes: what did not, a line each
    """

    keys: Any
    rows: Mapping[str, _Numbers]
    account: str
    notes: tuple[str, ...]


def join(keys: Mapping[str, Any], *, how: How, left: str | None, duplicates: Duplicates, key: str) -> Joined:
    """Find the rows of each key.

    Keys are compared as text without white space around it, so 1, 1.0 and " 1" are one key; "01" is another. Samples
    stand in the order of the ``left`` table, or of the first one, and then of those that have what it lacks.

    Args:
        keys: of each table's rows, (R,): NumPy or Arrow arrays of text or numbers
        how: which keys become samples: ``inner``, those of every table; ``outer``, all; ``left``, those of one table
        left: that table
        duplicates: of a key that a table has twice: ``raise``, or take the ``first`` row
        key: of the config that says these, for errors

    Raises:
        ConfigError: another way, or a left table that is none
        DataError: an empty key, a key twice, or a table that shares no key with any other

    Example:
        >>> ids = {"a": np.array(["x", "y"]), "b": np.array(["y", "z"])}
        >>> joined = join(ids, how="left", left="a", duplicates="raise", key="data.source")
        >>> joined.keys.to_pylist(), joined.rows["b"].tolist()
        (['x', 'y'], [-1, 0])
        >>> print(joined.account, *joined.notes, sep="; ")
        left join to a: 2 samples, 1 in both a (2 keys) and b (2 keys); 1 of the samples lacks a row in b: x; \
1 key of b is left out: z
    """
    check_how(how, left, duplicates, keys, key=key)
    tables = {name: _Keys(name, given, duplicates, key=key) for name, given in keys.items()}
    _check_related(tables)
    if how == "left":
        if left is None:
            raise ConfigError(f"{key}.left (null) must name the table whose rows are kept; {nearest('', keys)}")
        wanted = tables[left].unique
    elif how == "outer":
        wanted = _concatenated([one.unique for one in tables.values()]).unique()
    else:
        first, *others = tables.values()
        wanted = first.unique
        for other in others:
            wanted = wanted.filter(other.has(wanted))
    if not len(wanted):
        raise DataError(f"the tables ({', '.join(tables)}) must share a key; write their keys alike, or join outer")
    rows = {name: one.rows_of(wanted) for name, one in tables.items()}
    return Joined(keys=wanted, rows=rows, account=_account(tables, rows, how, left), notes=_notes(tables, rows, wanted))


def check_how(how: str, left: str | None, duplicates: str, tables: Mapping[str, Any], *, key: str) -> None:
    """Refuse a way to join that can't be.

    Raises:
        ConfigError: a word that means none, or a left table that is none
    """
    for name, given, known in (("how", how, get_args(How)), ("duplicates", duplicates, get_args(Duplicates))):
        if given not in known:
            raise ConfigError(f"{key}.{name} ({given}) must be one of {', '.join(known)}; choose one")
    if left is not None and left not in tables:
        raise ConfigError(f"{key}.left ({left}) must name the table whose rows are kept; {nearest(left, tables)}")


class _Keys:
    """The keys of a table.

    Args:
        name: of the table
        given: (R,) keys
        duplicates: what becomes of a key that is there twice
        key: of the config, for errors
    """

    def __init__(self, name: str, given: Any, duplicates: Duplicates, *, key: str) -> None:
        self.name = name
        text = as_text(given)
        blank = np.flatnonzero(_blank(text))
        if len(blank):
            raise DataError(
                f"the keys of {name} (empty in {_some(blank.tolist(), 'row')}) must be given for each row; fill them "
                "in, or remove these rows"
            )
        encoded = text.dictionary_encode()
        self.unique = encoded.dictionary
        # Codes are numbered as keys come, so the first row of each is where its code is new.
        self._codes = encoded.indices.to_numpy(zero_copy_only=False)
        _, self._first = np.unique(self._codes, return_index=True)
        self.again = len(text) - len(self.unique)
        if self.again and duplicates == "raise":
            raise DataError(
                f"the keys of {name} ({self.repeated()}) must be there once; remove the rows that repeat one, or take "
                f"the first of each with {key}.duplicates=first"
            )

    def repeated(self) -> str:
        """Name the keys that are there twice, with their rows."""
        order = np.argsort(self._codes, kind="stable")
        codes, begin, count = np.unique(self._codes[order], return_index=True, return_counts=True)
        twice = np.flatnonzero(count > 1)
        told = []
        for one in twice[:SHOWN].tolist():
            rows = order[begin[one] : begin[one] + count[one]].tolist()
            told.append(f"'{self.unique[int(codes[one])].as_py()}' in {_some(rows, 'row')}")
        return _some(told, "", total=len(twice))

    def has(self, keys: Any) -> Any:
        """Say of each key whether the table has it."""
        import pyarrow.compute as pc

        return pc.is_in(keys, value_set=self.unique)

    def rows_of(self, keys: Any) -> _Numbers:
        """Return the row of each key, -1 where there is none."""
        import pyarrow.compute as pc

        place = pc.fill_null(pc.index_in(keys, value_set=self.unique), -1).to_numpy(zero_copy_only=False)
        return np.where(place < 0, -1, self._first[place]).astype(np.int64)


def as_text(keys: Any) -> Any:
    """Return keys as an Arrow array of text without white space around it; whole numbers without a point.

    Example:
        >>> as_text(np.array([1.0, 2.5])).to_pylist()
        ['1', '2.5']
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    array = keys if isinstance(keys, pa.Array | pa.ChunkedArray) else pa.array(keys)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    if pa.types.is_floating(array.type):
        # A whole-number column with an empty cell comes as floats; what has a fraction stays as it is.
        numbers = array.to_numpy(zero_copy_only=False)
        array = pa.array([_number(one) for one in numbers.tolist()], pa.large_string())
    return pc.utf8_trim_whitespace(array.cast(pa.large_string()))


def _number(one: float) -> str | None:
    if math.isnan(one):
        return None
    return f"{one:.0f}" if one.is_integer() else repr(one)


def _blank(text: Any) -> Array:
    import pyarrow.compute as pc

    return np.asarray(pc.fill_null(pc.equal(text, ""), True).to_numpy(zero_copy_only=False), np.bool_)


def _concatenated(arrays: Sequence[Any]) -> Any:
    import pyarrow as pa

    return pa.concat_arrays(arrays)


def _check_related(tables: Mapping[str, _Keys]) -> None:
    """Refuse a table that has nothing to do with the others: its keys are written in another way."""
    import pyarrow.compute as pc

    for name, one in tables.items():
        others = {other: keys for other, keys in tables.items() if other != name}
        if others and not any(pc.any(keys.has(one.unique)).as_py() for keys in others.values()):
            other, keys = next(iter(others.items()))
            raise DataError(
                f"the keys of {name} (such as {_samples(one)}) must be found in another table; write them as in "
                f"{other} (such as {_samples(keys)})"
            )


def _samples(keys: _Keys) -> str:
    return ", ".join(f"'{one}'" for one in keys.unique[:2].to_pylist()) or "none"


def _account(tables: Mapping[str, _Keys], rows: Mapping[str, _Numbers], how: str, left: str | None) -> str:
    everywhere = int(np.logical_and.reduce([one >= 0 for one in rows.values()]).sum())
    names = [f"{name} ({_count(len(one.unique), 'key')})" for name, one in tables.items()]
    of = f"both {names[0]} and {names[1]}" if len(names) == 2 else f"all of {', '.join(names)}"
    samples = len(next(iter(rows.values())))
    to = f" to {left}" if how == "left" else ""
    return f"{how} join{to}: {_count(samples, 'sample')}, {everywhere:,} in {of}"


def _notes(tables: Mapping[str, _Keys], rows: Mapping[str, _Numbers], wanted: Any) -> tuple[str, ...]:
    import pyarrow.compute as pc

    notes = []
    for name, one in tables.items():
        lacking = np.flatnonzero(rows[name] < 0)
        if len(lacking):
            verb = "lacks" if len(lacking) == 1 else "lack"
            some = _some(wanted.take(lacking[:SHOWN]).to_pylist(), "", total=len(lacking))
            notes.append(f"{len(lacking):,} of the samples {verb} a row in {name}: {some}")
        out = one.unique.filter(pc.invert(pc.is_in(one.unique, value_set=wanted)))
        if len(out):
            verb = "is" if len(out) == 1 else "are"
            some = _some(out[:SHOWN].to_pylist(), "", total=len(out))
            notes.append(f"{_count(len(out), 'key')} of {name} {verb} left out: {some}")
        if one.again:
            notes.append(f"{_count(one.again, 'row')} of {name} repeat a key and count for nothing: {one.repeated()}")
    if len(tables) > 2:
        for name, one in tables.items():
            alone = one.unique
            for other in tables.values():
                alone = alone if other is one else alone.filter(pc.invert(other.has(alone)))
            if len(alone):
                some = _some(alone[:SHOWN].to_pylist(), "", total=len(alone))
                notes.append(f"{_count(len(alone), 'key')} only in {name}: {some}")
    return tuple(notes)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _some(given: Sequence[Any], what: str, *, total: int | None = None) -> str:
    total = len(given) if total is None else total
    lead = f"{what}{'s' if total > 1 else ''} " if what else ""
    more = f" and {total - SHOWN:,} more" if total > SHOWN else ""
    return lead + ", ".join(str(one) for one in given[:SHOWN]) + more
