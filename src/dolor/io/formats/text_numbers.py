"""Numbers out of a line of text: the plain ones by a compiled scan, all others by numpy."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

# Shorter rows are not worth waiting for the compiler.
_WORTH_COMPILING = 256


def filled(text: str, separator: str) -> tuple[int, np.ndarray[Any, Any], np.ndarray[Any, Any]] | None:
    """Read the numbers of a line that are not zero.

    Parameters
    ----------
    text
        Numbers with separators between them.
    separator
        One character.

    Returns
    -------
    How many numbers there are; places and values of those that are not zero. None if anything else stands there.

    Examples
    --------
    >>> number, places, values = filled("0,3,0,1.5", ",")
    >>> number, places.tolist(), values.tolist()
    (4, [1, 3], [3.0, 1.5])
    """
    if len(text) > _WORTH_COMPILING and separator != " ":
        line = np.frombuffer(text.encode(), dtype=np.uint8)
        width = text.count(separator) + 1
        places, values = np.empty(width, np.int32), np.empty(width, np.float32)
        kept = _scan()(line, ord(separator), places, values)
        if kept >= 0:
            return width, places[:kept], values[:kept]
    row = numbers(text, separator)
    if row is None:
        return None
    where = np.flatnonzero(row)
    return len(row), where.astype(np.int32), row[where].astype(np.float32)


def numbers(text: str, separator: str) -> np.ndarray[Any, Any] | None:
    """Read all numbers of a line, in any form that C knows; None if anything else stands there."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            row = np.fromstring(text, dtype=np.float64, sep=separator)
        except (DeprecationWarning, ValueError):
            return None
    return row if len(row) == text.count(separator) + 1 or separator == " " else None


@lru_cache(maxsize=1)
def _scan() -> Callable[..., int]:
    """Compile the scan, once; numba keeps it on disk."""
    import numba

    return numba.njit(cache=True)(_plain_numbers)  # type: ignore[no-any-return]


def _plain_numbers(line: Any, separator: int, places: Any, values: Any) -> int:
    """Read digits with or without a decimal point; -1 as soon as anything else stands there."""
    kept, field, value, scale, digits = 0, 0, 0.0, 0.0, 0
    for position in range(len(line) + 1):
        character = line[position] if position < len(line) else separator
        if 48 <= character <= 57:
            digits += 1
            if digits > 15:
                return -1
            if scale == 0.0:
                value = value * 10.0 + (character - 48)
            else:
                value += (character - 48) * scale
                scale *= 0.1
        elif character == separator:
            if digits == 0:
                return -1
            if value != 0.0:
                places[kept] = field
                values[kept] = value
                kept += 1
            field, value, scale, digits = field + 1, 0.0, 0.0, 0
        elif character == 46 and scale == 0.0 and digits > 0:
            scale = 0.1
        else:
            return -1
    return kept
