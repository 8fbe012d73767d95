"""Which genes leakage explains in which populations."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.errors import DataError
from dolor.pp.groups import group_means

if TYPE_CHECKING:
    from anndata import AnnData

    from dolor.pp.ambient import Ambient

COLUMNS = ("sample_id", "population", "gene", "n_cells", "observed", "leaked", "ambient_share", "richest")


def ambient_evidence(
    adata: AnnData,
    found: Ambient,
    groupby: str = "cell_type",
    *,
    genes: Collection[str] | None = None,
    min_share: float = 0.1,
) -> pd.DataFrame:
    """Compare what each population holds of each gene with what leaks into its droplets.

    Parameters
    ----------
    adata
        Cells that ``found`` was estimated on; reads ``layers["counts"]``, ``obs["sample_id"]`` and ``groupby``.
    found
        From :func:`ambient`.
    groupby
        Column of ``obs`` with the populations.
    genes
        Genes wanted, such as ligands; default all. Those that the cells lack are passed over.
    min_share
        Rows in which leakage explains less than this share are left out.

    Returns
    -------
    One row a (sample, population, gene) that is seen there: ``sample_id``, ``population``, ``gene``, ``n_cells``;
    ``observed`` and ``leaked`` (mean transcripts a cell, seen and expected from leakage); ``ambient_share``
    (``leaked / observed``, at most 1: near 1, leakage alone explains the gene here); ``richest`` (the population of the
    sample with most of the gene a cell, from which it may leak). Samples whose leakage could not be told have no row.

    Raises
    ------
    dolor.errors.DataError
        ``groupby`` is no column, or ``found`` lacks a sample or gene of the cells.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("nerve", seed=1, n_animals=1, cells_per_sample=100)
    >>> found = dl.pp.ambient(study.cells)
    >>> table = ambient_evidence(study.cells, found, "truth_class", genes=["Mpz"], min_share=0.5)
    >>> set(table["richest"])
    {'schwann_cell'}
    """
    if groupby not in adata.obs.columns:
        raise DataError(f"obs has no column '{groupby}'; there are {', '.join(map(str, adata.obs.columns))}")
    wanted = adata.var_names if genes is None else adata.var_names[adata.var_names.isin(list(genes))]
    missing = wanted.difference(found.profiles.columns)
    lost = set(adata.obs["sample_id"].astype(str)) - set(found.profiles.index)
    if len(missing) or lost:
        raise DataError(
            f"the ambient profiles lack {len(missing)} genes and {len(lost)} samples of these cells: "
            "estimate them on the same cells"
        )
    counts = sparse.csr_matrix(adata.layers["counts"])[:, adata.var_names.get_indexer(wanted)]
    populations = adata.obs[groupby].astype(str).to_numpy(dtype=object)
    leaks = found.samples.set_index("sample_id")["leaked_per_cell"].dropna()
    tables = []
    for sample, cells in sorted(adata.obs.groupby("sample_id", observed=True).indices.items()):
        if str(sample) not in leaks.index:
            continue
        observed, n_cells = group_means(counts[cells], populations[cells])
        names = np.array(sorted(set(populations[cells])), dtype=object)
        leaked = float(leaks[str(sample)]) * found.profiles.loc[str(sample), wanted].to_numpy(dtype=float)
        share = np.minimum(np.divide(leaked, observed, out=np.zeros_like(observed), where=observed > 0), 1.0)
        row, column = np.nonzero(share >= max(min_share, np.finfo(float).tiny))
        values = (
            str(sample), names[row], wanted.to_numpy()[column], n_cells[row], observed[row, column], leaked[column],
            share[row, column], names[observed.argmax(axis=0)][column],
        )  # fmt: skip
        tables.append(pd.DataFrame(dict(zip(COLUMNS, values, strict=True))))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
