"""Which genes leakage explains in which populations."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.errors import DataError
from dolor.pp.embed import group_means

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

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
    dolor.core.errors.DataError
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
        tables.append(_explained(str(sample), names, n_cells, wanted, observed, leaked, min_share))
    return _together(tables)


def profile_evidence(profiles: AnnData, leaks: pd.DataFrame, *, min_share: float = 0.1) -> pd.DataFrame:
    """Compare what each population holds with what leaks into its droplets, from sums over cells alone.

    Parameters
    ----------
    profiles
        Profiles: reads ``X``, and ``n_cells``, ``sample_id``, ``cell_type`` and, where pooled libraries were split,
        ``library_id`` of ``obs``.
    leaks
        From :meth:`dolor.pp.Ambient.table`: ``library_id``, ``gene``, ``leaked``.
    min_share
        Rows in which leakage explains less than this share are left out.

    Returns
    -------
    As :func:`ambient_evidence` gives for cells; samples whose leakage could not be told have no row.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("nerve", seed=1, n_animals=1, cells_per_sample=100)
    >>> found = dl.pp.ambient(study.cells)
    >>> profiles = dl.tl.profiles(study.cells, groupby="truth_class", genes=["Mpz"])
    >>> set(profile_evidence(profiles, found.table(), min_share=0.5)["richest"])
    {'schwann_cell'}
    """
    samples = profiles.obs["sample_id"].astype(str)
    libraries = profiles.obs["library_id"].astype(str) if "library_id" in profiles.obs.columns else samples
    known = leaks.dropna(subset="leaked")
    tables = []
    for sample, rows in sorted(samples.reset_index(drop=True).groupby(samples.to_numpy()).indices.items()):
        own = known[known["library_id"].astype(str) == libraries.iloc[rows[0]]]
        if own.empty:
            continue
        leaked = own.set_index("gene")["leaked"].reindex(profiles.var_names, fill_value=0.0).to_numpy()
        n_cells = profiles.obs["n_cells"].to_numpy()[rows]
        summed = sparse.csr_matrix(profiles.X[rows]).toarray()
        names = profiles.obs["cell_type"].astype(str).to_numpy(dtype=object)[rows]
        observed = summed / n_cells[:, None]
        tables.append(_explained(str(sample), names, n_cells, profiles.var_names, observed, leaked, min_share))
    return _together(tables)


def _explained(
    sample: str,
    names: NDArray[np.object_],
    n_cells: NDArray[np.int64],
    genes: pd.Index,
    observed: NDArray[np.float64],
    leaked: NDArray[np.float64],
    min_share: float,
) -> pd.DataFrame:
    """Return the rows of one sample, from means of populations × genes and what leaks of each gene."""
    share = np.minimum(np.divide(leaked, observed, out=np.zeros_like(observed), where=observed > 0), 1.0)
    row, column = np.nonzero(share >= max(min_share, np.finfo(float).tiny))
    values = (
        sample, names[row], genes.to_numpy()[column], n_cells[row], observed[row, column], leaked[column],
        share[row, column], names[observed.argmax(axis=0)][column],
    )  # fmt: skip
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def _together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
