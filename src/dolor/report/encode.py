"""Tables as small text inside the page: by column, repeated words once, numbers packed.

A packed array is its bytes, regrouped so that alike bytes lie together, deflated, in base64. A browser undoes this
with what it has built in (``static/js/islands.js``), so that a hundred thousand rows travel in a few megabytes.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["island", "numbers", "table", "two_digits", "words"]

# Bits of the mantissa of a 32-bit float that are kept: what is cut off is noise that would not deflate. Twelve hold
# more than three significant digits, nine more than two.
_MANTISSA_BITS = 12
_TWO_DIGITS_BITS = 9
# Where signals count as found: no p- or q-value changes sides of it by being shortened.
_EDGE = 0.05


def table(frame: pd.DataFrame, coarse: Collection[str] = ()) -> dict[str, Any]:
    """Encode a table by columns.

    Parameters
    ----------
    frame
        Text columns (any type that is not numeric; missing is empty text), integers or floats.
    coarse
        Names of columns that are shown with two digits, such as p- and q-values; of the others three are kept.

    Returns
    -------
    ``rows`` and ``columns``, ready for JSON.

    Examples
    --------
    >>> encoded = table(pd.DataFrame({"sender": ["macrophage", "macrophage"]}))
    >>> encoded["rows"], encoded["columns"]["sender"]["words"]
    (2, ['macrophage'])
    """
    columns = {str(name): _column(frame[name], name in coarse) for name in frame.columns}
    return {"rows": len(frame), "columns": columns}


def words(values: pd.Series) -> dict[str, Any]:
    """Encode text: the distinct words, and for each row the number of its word."""
    category = pd.Categorical(values.astype(str) if values.dtype != "category" else values)
    codes = np.asarray(category.codes)
    names = [str(name) for name in category.categories]
    if (codes < 0).any():
        codes = np.where(codes < 0, len(names), codes)
        names.append("")
    kind = np.uint8 if len(names) <= 2**8 else np.uint16 if len(names) <= 2**16 else np.uint32
    return {"words": names, "codes": _pack(codes.astype(kind))}


def numbers(values: NDArray[Any]) -> dict[str, Any]:
    """Encode integers, or floats to more than three significant digits."""
    if np.issubdtype(values.dtype, np.floating):
        return {"numbers": _pack(_shorten(values.astype(np.float32), _MANTISSA_BITS))}
    return {"numbers": _pack(values.astype(np.int32))}


def two_digits(values: NDArray[Any]) -> dict[str, Any]:
    """Encode floats to more than two significant digits, each on the side of 0.05 on which it is."""
    step = np.uint32(1 << 23 - _TWO_DIGITS_BITS)
    last_below = np.float32(_EDGE).view(np.uint32) & ~(step - np.uint32(1))
    short = _shorten(values.astype(np.float32), _TWO_DIGITS_BITS)
    strayed = (values < _EDGE) != (short < _EDGE)
    short[strayed] = np.where(values[strayed] < _EDGE, last_below, last_below + step).view(np.float32)
    return {"numbers": _pack(short)}


def island(content: Any) -> str:
    """Write JSON that may stand inside a ``<script>`` element: nothing in it can end the element."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def records(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make rows of few plain values fit for JSON: a number that is missing becomes null."""
    return [
        {key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in row.items()}
        for row in rows
    ]


def _column(values: pd.Series, coarse: bool) -> dict[str, Any]:
    if isinstance(values.dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(values):
        return words(values)
    return two_digits(values.to_numpy(dtype=float)) if coarse else numbers(values.to_numpy())


def _shorten(values: NDArray[np.float32], mantissa: int) -> NDArray[np.float32]:
    """Round the mantissa to so many bits, half away from zero; a missing or infinite value stays what it is."""
    cut = np.uint32(23 - mantissa)
    bits = values.view(np.uint32)
    rounded = (bits + (np.uint32(1) << (cut - np.uint32(1)))) & ~np.uint32((1 << int(cut)) - 1)
    return np.where(np.isfinite(values), rounded, bits).astype(np.uint32).view(np.float32)


def _pack(values: NDArray[Any]) -> dict[str, Any]:
    kind = values.dtype.newbyteorder("<")
    planes = np.ascontiguousarray(values.astype(kind)).view(np.uint8).reshape(-1, kind.itemsize).T
    deflated = zlib.compress(planes.tobytes(), 9)
    return {"type": f"{kind.kind}{kind.itemsize}", "data": base64.b64encode(deflated).decode("ascii")}
