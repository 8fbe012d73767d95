"""Columns of a table in a form that every h5ad file holds: text, numbers, truth values, and categories of these."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["storable"]

# The name that h5ad files use for the index themselves.
_RESERVED = "_index"


def storable(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose column names are text and whose columns can be written.

    Dates, periods, intervals, lists and mixtures become text; a column ``_index``, as SeuratDisk writes it, is kept as
    ``index_in_file`` where it differs from the index.

    Examples
    --------
    >>> table = storable(pd.DataFrame({7: pd.period_range("2024", periods=2, freq="M")}, index=["a", "b"]))
    >>> table["7"].tolist()
    ['2024-01', '2024-02']
    """
    result = pd.DataFrame(index=pd.Index(table.index.astype(str).to_numpy(dtype=object), dtype=object))
    columns: dict[str, Any] = {}
    for place, name in enumerate(table.columns):
        column = table.iloc[:, place]
        key = str(name)
        if key == _RESERVED:
            if (column.astype(str).to_numpy() == result.index.to_numpy()).all():
                continue
            key = "index_in_file"
        while key in columns:
            key = f"{key}_in_file"
        columns[key] = _column(column)
    return result.assign(**columns)


def _column(column: pd.Series) -> Any:
    """Return the values of a column as they can be stored."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        if pd.api.types.infer_dtype(kind.categories, skipna=True) == "string" or _is_plain(kind.categories.dtype):
            categories = kind.categories
            if isinstance(categories.dtype, pd.StringDtype):
                categories = pd.Index(categories.to_numpy(dtype=object), dtype=object)
            return pd.Categorical.from_codes(column.cat.codes.to_numpy(), categories, ordered=kind.ordered)
        words = pd.Index([str(each) for each in kind.categories], dtype=object)
        return pd.Categorical.from_codes(column.cat.codes.to_numpy(), words, ordered=kind.ordered)
    if _is_plain(kind):
        return column.to_numpy()
    if isinstance(kind, pd.BooleanDtype) or pd.api.types.is_numeric_dtype(kind):
        return column.array
    missing = column.isna().to_numpy()
    values = np.array([str(each) for each in column], dtype=object)
    values[missing] = np.nan
    return values


def _is_plain(kind: object) -> bool:
    return isinstance(kind, np.dtype) and kind.kind in "iufb"
