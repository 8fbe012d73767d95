"""Tables of differential expression as other tools write them, brought to one form.

Interactions from somebody's own tables of differential expression.

Two questions have a valid p-value without the cells at hand:

* *Do ligand and receptor both change?* The larger of the two p-values: were one of them unchanged, its own p-value
  would already be uniform.
* *Does the interaction change*, that is the sum of the two log changes? Standard errors follow from change and p-value;
  what the two share is unknown, so they are added, as if they were fully correlated. That is never too optimistic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import numpy as np
import pandas as pd
from scipy import special

from dolor.core.errors import DataError, UsageError
from dolor.core.multiple_testing import benjamini_hochberg
from dolor.knowledge import gene_logic
from dolor.knowledge.genes import detect_organism, resolve

__all__ = ["TOOLS", "Tool", "from_de", "read_columns", "recognise", "with_current_genes"]


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
_LARGEST_CHANGE = 10.0
_FEWEST_TELLING = 5
# Spellings, in lower case without punctuation, the surest first.
_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "gene": ("gene", "genes", "symbol", "genesymbol", "genename", "featuredatasymbol", "names"),
    "cell_type": ("celltype", "cluster", "group", "population", "cellclass"),
})  # fmt: skip


def recognise(columns: Sequence[str]) -> Tool:
    """Say which tool wrote a table, by the names of its columns.

    Raises
    ------
    dolor.core.errors.DataError
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
    dolor.core.errors.UsageError
        ``columns`` has a key that is none of the four.
    dolor.core.errors.DataError
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
    # A gene that one group lacks has an infinite change in the tables of scanpy; what is known is that it is large.
    finite = read["change"][np.isfinite(read["change"])].abs().max()
    largest = max(_LARGEST_CHANGE, float(np.nan_to_num(finite)))
    read["change"] = read["change"].clip(-largest, largest)
    read["pvalue"] = read["pvalue"].clip(lower=float(np.finfo(float).tiny))
    return read.assign(gene=read["gene"].astype(str), cell_type=read["cell_type"].astype(str)), tool


def with_current_genes(table: pd.DataFrame, organism: str, column: str = "") -> tuple[pd.DataFrame, dict[str, int]]:
    """Bring the genes of a table to today's symbols of a species.

    Parameters
    ----------
    table
        Differential expression.
    organism
        ``mouse`` or ``human``; empty: only rows without a gene are left out.
    column
        Where the genes are; empty: recognised by its name.

    Returns
    -------
    table : without rows whose gene is blank; an id or a former symbol gives way where today's symbol is in the table
    counted : how many rows were left out or renamed, by reason

    Raises
    ------
    dolor.core.errors.DataError
        The genes are those of the other species.

    Examples
    --------
    >>> table = pd.DataFrame({"gene": ["ENSMUSG00000024621.3", "Scya2", ""], "p": [1, 1, 1]})
    >>> found, counted = with_current_genes(table, "mouse")
    >>> found["gene"].tolist(), counted
    (['Csf1r', 'Ccl2'], {'rows without a gene, left out': 1, 'rows whose gene has another symbol today': 2})
    """
    column = column or _find(table, "gene")
    if column not in table.columns:
        raise DataError(f"the table has no column {column}; it has {', '.join(map(str, table.columns))}")
    written = table[column].astype(str).str.strip()
    blank = table[column].isna() | written.isin(["", "NA", "nan", "None", "-", "---"])
    table, written = table[~blank], written[~blank]
    without = {"rows without a gene, left out": int(blank.sum())} if blank.any() else {}
    if not organism:
        return table, without
    found, share = detect_organism(written.unique())
    if found is not None and found != organism and share * written.nunique() >= _FEWEST_TELLING:
        raise DataError(
            f"the table is said to be of {organism}, but {share:.0%} of its genes are named as in {found} "
            f"(such as {written.iloc[0]!r}); correct the organism"
        )
    names = pd.Index(written.unique(), dtype=object)
    today = resolve(names, organism).set_axis(names)
    change = today["status"].isin(["ensembl", "alias"]) & ~today["symbol"].isin(set(names))
    current = written.map(today["symbol"].where(change, names.to_series()))
    renamed = int((current != written).sum())
    return table.assign(**{column: current}), without | (
        {"rows whose gene has another symbol today": renamed} if renamed else {}
    )


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


def from_de(
    table: pd.DataFrame,
    interactions: pd.DataFrame,
    *,
    by: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    organism: str = "",
) -> pd.DataFrame:
    """Score the change of interactions from a table of differential expression.

    Parameters
    ----------
    table
        One row a (gene, cell type) of one comparison, as Seurat, scanpy, DESeq2, edgeR or limma write it, with a column
        for the cell type. Genes that the table leaves out are not taken as unchanged.
    interactions
        ``interaction_id``, ``ligand``, ``receptor`` in the symbols of the table.
    by
        Further columns that keep comparisons apart, such as the time point.
    columns
        Names of ``gene``, ``cell_type``, ``change``, ``pvalue`` where they are not recognised.
    organism
        ``mouse`` or ``human``: Ensembl ids and former symbols become its symbols of today, genes of the other species
        are refused. Empty: genes are taken as they are written.

    Returns
    -------
    One row a (comparison, sender, receiver, interaction) whose ligand or receptor is in the table: ``effect``, the mean
    of ``ligand_change`` and ``receptor_change`` (log2); ``direction`` (``up``, ``down``, ``opposite``); ``pvalue_both``
    and ``qvalue_both``; ``pvalue_sum`` and ``qvalue_sum``; ``status``, ``reason`` and ``flags``. The flag
    ``cell_level_p`` marks p-values that usually take cells for replicates and are then too small. ``attrs["dropped"]``
    counts rows without a gene and genes that were renamed.

    Raises
    ------
    dolor.core.errors.DataError
        A column is missing or cannot be read, or a gene is duplicated for one cell type and comparison.

    Examples
    --------
    >>> table = pd.DataFrame({"gene": ["TNF", "TNFRSF1A"], "cell_type": ["macrophage", "neuron"],
    ...                       "log2FoldChange": [2.0, 1.0], "pvalue": [1e-6, 0.01]})
    >>> pairs = pd.DataFrame({"interaction_id": ["TNF:TNFRSF1A"], "ligand": ["TNF"], "receptor": ["TNFRSF1A"]})
    >>> found = from_de(table, pairs)
    >>> found.loc[found["status"] == "tested", ["sender", "receiver", "effect", "pvalue_both"]].values.tolist()
    [['macrophage', 'neuron', 1.5, 0.01]]
    """
    read, tool = read_columns(table, columns)
    read, counted = with_current_genes(read, organism, "gene")
    missing = [name for name in by if name not in read.columns]
    if missing:
        raise DataError(f"the table has no column {', '.join(missing)} to keep comparisons apart")
    key = [*by, "cell_type", "gene"]
    twice = read.duplicated(key)
    if twice.any():
        where = ", ".join(str(value) for value in read.loc[twice, key].iloc[0])
        raise DataError(
            f"{int(twice.sum())} row(s) of the table repeat a gene of a cell type ({where}); keep one of each"
        )
    if read.empty:
        raise DataError("the table of differential expression has no rows")
    parts = []
    for name, rows in read.groupby(list(by), sort=True) if by else [((), read)]:
        part = _comparison(rows, interactions)
        for column, value in zip(by, cast("tuple[str, ...]", name), strict=True):
            part[column] = value
        parts.append(part)
    found = pd.concat(parts, ignore_index=True)
    found["flags"] = "cell_level_p" if tool.cells else ""
    first = [*by, "sender", "receiver", "interaction_id", "ligand", "receptor"]
    found = found[[*first, *found.columns.difference(first, sort=False)]]
    found.attrs["dropped"] = counted
    return found


def _comparison(table: pd.DataFrame, interactions: pd.DataFrame) -> pd.DataFrame:
    """Score all interactions between all cell types of one comparison."""
    lookup = {
        str(cell_type): dict(zip(rows["gene"], zip(rows["change"], rows["pvalue"], strict=True), strict=True))
        for cell_type, rows in table.groupby("cell_type", sort=True)
    }
    sides = {
        side: pd.DataFrame(
            [(cell_type, unit, *_unit(genes, unit)) for cell_type, genes in lookup.items()
             for unit in interactions[side].astype(str).unique()],
            columns=["sender" if side == "ligand" else "receiver", side, f"{side}_change", f"{side}_pvalue"],
        )
        for side in ("ligand", "receptor")
    }  # fmt: skip
    pairs = interactions[["interaction_id", "ligand", "receptor"]].astype(str)
    found = pairs.merge(sides["ligand"], on="ligand").merge(sides["receptor"], on="receptor")
    found = found[found["ligand_change"].notna() | found["receptor_change"].notna()]
    return _tests(found.sort_values(["sender", "receiver", "interaction_id"], ignore_index=True))


def _unit(genes: Mapping[str, tuple[float, float]], unit: str) -> tuple[float, float]:
    """Return change and p-value of a ligand or receptor; NaN if the table lacks what it needs.

    Of a complex all subunits must change: the least sure one speaks. Of alternatives one is enough: the surest speaks,
    at the price of the choice.
    """
    alternatives = []
    for subunits in gene_logic.parse(unit):
        if all(gene in genes for gene in subunits):
            alternatives.append(_least_sure([genes[gene] for gene in subunits]))
    if not alternatives:
        return float("nan"), float("nan")
    with_pvalue = [found for found in alternatives if not np.isnan(found[1])]
    if not with_pvalue:
        return alternatives[0]
    change, pvalue = min(with_pvalue, key=lambda found: found[1])
    return change, min(1.0, pvalue * len(alternatives))


def _least_sure(subunits: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the subunit that says least: one without a p-value, else that with the largest."""
    return max(subunits, key=lambda found: np.inf if np.isnan(found[1]) else found[1])


def _tests(found: pd.DataFrame) -> pd.DataFrame:
    changes = found[["ligand_change", "receptor_change"]].to_numpy()
    pvalues = found[["ligand_pvalue", "receptor_pvalue"]].to_numpy()
    effect = changes.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.abs(changes) / -special.ndtri(pvalues / 2)
        statistic = effect / error.mean(axis=1)
    up, down = (changes > 0).all(axis=1), (changes < 0).all(axis=1)
    tested = np.isfinite(pvalues).all(axis=1)
    both = pvalues.max(axis=1)
    of_sum = np.where(tested & np.isfinite(statistic), 2 * special.ndtr(-np.abs(statistic)), np.nan)
    reason = np.select(
        [np.isnan(changes[:, 0]), np.isnan(changes[:, 1]), ~tested],
        ["ligand not in the table for the sender", "receptor not in the table for the receiver", "no p-value"],
        default="",
    )
    return found.assign(
        effect=effect,
        direction=np.select([~tested, up, down], ["", "up", "down"], default="opposite"),
        pvalue_both=both,
        qvalue_both=benjamini_hochberg(both),
        pvalue_sum=of_sum,
        qvalue_sum=benjamini_hochberg(of_sum),
        status=np.where(tested, "tested", "untestable"),
        reason=reason,
    )
