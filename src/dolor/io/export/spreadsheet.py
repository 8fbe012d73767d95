"""Tables for spreadsheets, in which no cell runs as a formula."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dolor.io.atomic import atomic_path

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def neutral(value: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run, and spaces for tabs and line ends.

    Examples
    --------
    >>> neutral("=cmd()"), neutral("CD4+ T"), neutral(-1.5)
    ("'=cmd()", 'CD4+ T', -1.5)
    """
    if not isinstance(value, str):
        return value
    text = f"'{value}" if value.startswith(_FORMULA) else value
    return " ".join(text.replace("\t", " ").splitlines()) if text else text


def write_tsv(frame: pd.DataFrame, target: Path | str) -> None:
    """Write a table as tab-separated text, atomically; the same rows give the same bytes.

    Parameters
    ----------
    frame
        The table; its index is not written.
    target
        The file to write.

    Examples
    --------
    >>> write_tsv(pd.DataFrame({"a": [1]}), "table.tsv")  # doctest: +SKIP
    """
    safe = frame.copy()
    safe.columns = pd.Index([neutral(str(name)) for name in frame.columns])
    for place, kind in enumerate(frame.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            safe.isetitem(place, frame.iloc[:, place].astype(object).map(neutral).to_numpy())
    with atomic_path(target) as temporary:
        safe.to_csv(temporary, sep="\t", index=False, lineterminator="\n", na_rep="")
