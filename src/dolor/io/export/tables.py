"""Tables for spreadsheets, in which no cell runs as a formula.

Interactions as a graph of populations, for Cytoscape, Gephi and networkx.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pandas as pd

from dolor.core.errors import DataError
from dolor.io.write import atomic_path, write_text

__all__ = ["neutral", "write_graphml", "write_tsv"]

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


# XML 1.0 allows no control characters but tab and line ends, and no half of a pair.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'


def write_graphml(table: pd.DataFrame, target: Path | str) -> None:
    """Write a table of interactions as a directed graph: populations as nodes, one edge a row.

    Parameters
    ----------
    table
        With the columns ``sender`` and ``receiver``; all others become attributes of the edges.
    target
        The file to write.

    Raises
    ------
    dolor.core.errors.DataError
        A column is missing.

    Examples
    --------
    >>> write_graphml(scores, "signals.graphml")  # doctest: +SKIP
    """
    missing = {"sender", "receiver"} - set(table.columns)
    if missing:
        raise DataError(
            f"{target}: the table has no column {' or '.join(sorted(missing))}; give interactions or contrasts"
        )
    columns = [str(name) for name in table.columns if name not in ("sender", "receiver")]
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in columns]
    lines = [
        f'<key id="e{place}" for="edge" attr.name={_quoted(name)} attr.type="{"double" if is_number else "string"}"/>'
        for place, (name, is_number) in enumerate(zip(columns, numeric, strict=True))
    ]
    lines.append('<graph edgedefault="directed">')
    populations = sorted(set(table["sender"].astype(str)) | set(table["receiver"].astype(str)))
    lines += [f"<node id={_quoted(name)}/>" for name in populations]
    for place, row in enumerate(table.to_dict("records")):
        lines.append(f'<edge id="{place}" source={_quoted(row["sender"])} target={_quoted(row["receiver"])}>')
        lines += [
            f'<data key="e{key}">{escape(_clean(row[name]))}</data>'
            for key, name in enumerate(columns)
            if not pd.isna(row[name])
        ]
        lines.append("</edge>")
    write_text(target, _HEAD + "\n".join([*lines, "</graph>", "</graphml>"]) + "\n")


def _clean(value: object) -> str:
    return _FORBIDDEN.sub("", str(value))


def _quoted(value: object) -> str:
    return quoteattr(_clean(value))
