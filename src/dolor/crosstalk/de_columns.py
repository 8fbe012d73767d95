"""Tables of differential expression as other tools write them, brought to one form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from dolor.errors import DataError, UsageError

__all__ = ["TOOLS", "Tool", "read_columns", "recognise"]


@dataclass(frozen=True)
class Tool:
    """How a tool names its columns.

    ``log_base`` of its fold change; ``cells`` if its p-values usually take cells as replicates.
    """

    name: str
    change: str
    pvalue: str
    log_base: float = 2.0
    cells: bool = False


TOOLS = (
    Tool("seurat", "avg_log2FC", "p_val", cells=True),
    Tool("seurat", "avg_logFC", "p_val", log_base=float(np.e), cells=True),
    Tool("scanpy", "logfoldchanges", "pvals", cells=True),
    Tool("deseq2", "log2FoldChange", "pvalue"),
    Tool("edger", "logFC", "PValue"),
    Tool("limma", "logFC", "P.Value"),
)
# Spellings, in lower case without punctuation, the surest first.
_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "gene": ("gene", "genes", "symbol", "genesymbol", "genename", "featuredatasymbol", "names"),
    "cell_type": ("celltype", "cluster", "group", "population", "cellclass"),
})  # fmt: skip


def recognise(columns: Sequence[str]) -> Tool:
    """Say which tool wrote a table, by the names of its columns.

    Raises
    ------
    dolor.errors.DataError
        None of the known tools did.

    Examples
    --------
    >>> recognise(["gene", "baseMean", "log2FoldChange", "pvalue"]).name
    'deseq2'
    """
    for tool in TOOLS:
        if {tool.change, tool.pvalue} <= set(columns):
            return tool
    known = "; ".join(f"{tool.name}: {tool.change}, {tool.pvalue}" for tool in TOOLS)
    raise DataError(
        f"the table has the columns {', '.join(map(str, columns))}, which no known tool writes ({known}); "
        "name them: columns={'change': ..., 'pvalue': ...}"
    )


def read_columns(table: pd.DataFrame, columns: Mapping[str, str] | None = None) -> tuple[pd.DataFrame, Tool]:
    """Bring a table to the columns ``gene cell_type change pvalue``; its other columns stay.

    Parameters
    ----------
    table
        Differential expression, one row a (gene, cell type).
    columns
        Names of ``gene``, ``cell_type``, ``change`` (log2) and ``pvalue`` in the table, where they are not recognised.

    Returns
    -------
    table : log2 changes, and p-values that are never 0 (the smallest positive number stands for an underflow)
    tool : who wrote it, ``named`` if ``columns`` named the change

    Raises
    ------
    dolor.errors.UsageError
        ``columns`` has a key that is none of the four.
    dolor.errors.DataError
        A column cannot be found or is not numeric, or a p-value is outside of 0 to 1.
    """
    given = dict(columns or {})
    unknown = sorted(set(given) - {"gene", "cell_type", "change", "pvalue"})
    if unknown:
        raise UsageError(f"columns: {', '.join(unknown)} is none of gene, cell_type, change, pvalue")
    tool = Tool("named", given["change"], given["pvalue"]) if {"change", "pvalue"} <= set(given) else recognise(
        list(map(str, table.columns))
    )  # fmt: skip
    names = {role: given.get(role) or _find(table, role) for role in _WORDS}
    names |= {"change": tool.change, "pvalue": tool.pvalue}
    lacking = [name for name in names.values() if name not in table.columns]
    if lacking:
        raise DataError(f"the table has no column {', '.join(lacking)}; it has {', '.join(map(str, table.columns))}")
    read = table.rename(columns={name: role for role, name in names.items()})
    for role in ("change", "pvalue"):
        read[role] = _numbers(read[role], names[role])
    outside = (read["pvalue"] < 0) | (read["pvalue"] > 1)
    if outside.any():
        raise DataError(
            f"the column '{names['pvalue']}' holds {read.loc[outside, 'pvalue'].iloc[0]:.4g}, which is no p-value"
        )
    read["change"] *= np.log2(tool.log_base)
    read["pvalue"] = read["pvalue"].clip(lower=float(np.finfo(float).tiny))
    return read.assign(gene=read["gene"].astype(str), cell_type=read["cell_type"].astype(str)), tool


def _find(table: pd.DataFrame, role: str) -> str:
    plain = {"".join(c for c in str(name).lower() if c.isalnum()): str(name) for name in table.columns}
    for word in _WORDS[role]:
        if word in plain:
            return plain[word]
    raise DataError(
        f"no column of the table is known to hold the {role.replace('_', ' ')} "
        f"(it has {', '.join(map(str, table.columns))}); name it: columns={{'{role}': ...}}"
    )


def _numbers(column: pd.Series, name: str) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    broken = numbers.isna() & column.notna() & (column.astype(str).str.upper() != "NA")
    if broken.any():
        raise DataError(f"the column '{name}' holds {column[broken].iloc[0]!r:.60}, which is no number")
    return numbers.astype(float)
