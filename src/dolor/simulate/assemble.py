"""Bringing libraries together into Cells.

A simulated study under human gene symbols: the levels stay those of the mouse, only the names change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.contracts import check_cells
from dolor.core.normalize import log_values
from dolor.knowledge import genes as gene_table
from dolor.simulate.gene_set import INVENTED

if TYPE_CHECKING:
    from anndata import AnnData

    from dolor.simulate.parameters import Study

__all__ = ["as_human", "human_names", "make_cells", "rename_counts", "rename_table"]


def make_cells(counts: sparse.csr_matrix, obs: pd.DataFrame, genes: Sequence[str], title: str) -> AnnData:
    """Bring counts and fields into one object and check that it is Cells.

    Parameters
    ----------
    counts
        Cells × genes.
    obs
        Fields of the cells.
    genes
        The genes.
    title
        What it is; it must say that it is simulated.

    Returns
    -------
    Cells with ``uns["simulated"] = True``; ``X`` holds log-normalised expression.
    """
    import anndata

    obs = obs.copy()
    for name in obs.select_dtypes(object):
        obs[name] = pd.Categorical(obs[name])
    cells = anndata.AnnData(obs=obs, var=pd.DataFrame(index=list(genes)), layers={"counts": counts})
    cells.X = log_values(sparse.csr_matrix(cells.layers["counts"]))
    cells.uns["simulated"] = True
    cells.uns["title"] = title
    return check_cells(cells, source=title)


# The Y chromosome of humans has no Eif2s3y; another of its genes that all tissues express stands in.
_STAND_INS = MappingProxyType({"Eif2s3y": "RPS4Y1"})


def human_names(genes: Sequence[str]) -> dict[str, str]:
    """Name the human counterpart of each simulated gene; genes that humans do not have are left out.

    Examples
    --------
    >>> human_names(["Trpv1", "Hba-a2", "Ly6g", "Eif2s3y", "Sim0001"])
    {'Trpv1': 'TRPV1', 'Hba-a2': 'HBA1', 'Eif2s3y': 'RPS4Y1', 'Sim0001': 'Sim0001'}
    """
    real = [gene for gene in genes if not gene.startswith(INVENTED)]
    found = gene_table.to_human(real).drop_duplicates("input").set_index("input")["human"].to_dict()
    named = {gene: _STAND_INS.get(gene, found.get(gene, gene)) for gene in genes}
    return {gene: name for gene, name in named.items() if name}


def rename_counts(
    counts: sparse.csr_matrix, genes: Sequence[str], names: Mapping[str, str]
) -> tuple[sparse.csr_matrix, list[str]]:
    """Rename the genes of a count matrix; those that share a new name are summed.

    Parameters
    ----------
    counts
        Cells × genes.
    genes
        The genes.
    names
        New name of each gene; genes without one are dropped.

    Returns
    -------
    Counts under the new names, and the names, sorted.

    Examples
    --------
    >>> from scipy import sparse
    >>> summed, names = rename_counts(sparse.csr_matrix([[1, 2, 4]]), ["a", "b", "c"], {"a": "X", "b": "X"})
    >>> summed.toarray().tolist(), names
    ([[3]], ['X'])
    """
    new = sorted(set(names.values()))
    column = {name: place for place, name in enumerate(new)}
    kept = [(place, column[names[gene]]) for place, gene in enumerate(genes) if gene in names]
    rows, columns = np.array(kept).T
    to_new = sparse.csr_matrix((np.ones(len(rows), dtype=counts.dtype), (rows, columns)), (len(genes), len(new)))
    return sparse.csr_matrix(counts @ to_new), new


def rename_table(table: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Rename the columns of a table of genes as :func:`rename_counts` does."""
    kept = table[[gene for gene in table.columns if gene in names]]
    return kept.T.groupby(kept.columns.map(names)).sum().T.rename_axis(columns=None)


def as_human(made: Study) -> Study:
    """Give a study in mouse symbols the human ones, in its cells, truth, levels and ambient profiles.

    Examples
    --------
    >>> from dolor.simulate import study
    >>> made = study("nerve", organism="human", n_animals=1, cells_per_sample=40)
    >>> "MPZ" in made.cells.var_names, set(made.cells.obs["organism"])
    (True, {'human'})
    """
    cells = made.cells
    names = human_names(list(cells.var_names))
    counts, genes = rename_counts(cells.layers["counts"], list(cells.var_names), names)
    title = f"{cells.uns['title']}; levels of the mouse under human gene symbols"
    truth = made.truth[(made.truth["gene"] == "") | made.truth["gene"].isin(names)].reset_index(drop=True)
    return replace(
        made,
        cells=make_cells(counts, cells.obs.assign(organism="human"), genes, title),
        truth=truth.assign(gene=truth["gene"].map(names).fillna("")),
        levels=rename_table(made.levels, names),
        ambient=rename_table(made.ambient, names),
    )
