"""Coarse groups of cells and what they hold, before anything is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from dolor.io.cell_rows import CellRows, RowsInMemory
from dolor.pp.components import every_nth, log_normalised, logged_rows, principal_components, variable_genes

_GROUPS = 15
_COMPONENTS = 15
_CELLS_A_GROUP = 30
_GENES = 2000
# Larger blocks than elsewhere: each costs a table of groups × genes.
_CELLS_TO_SUM = 32_768


def coarse_groups(counts: CellRows, seed: int) -> NDArray[np.object_]:
    """Group cells by k-means on principal components of the log-normalised counts of variable genes.

    Parameters
    ----------
    counts
        Cells × genes, raw.
    seed
        Seed of the start.

    Returns
    -------
    The name of each cell's group.
    """
    from sklearn.cluster import MiniBatchKMeans

    size = max(2, min(_GROUPS, counts.shape[0] // _CELLS_A_GROUP))
    genes = variable_genes(log_normalised(every_nth(counts)), _GENES)
    if counts.shape[0] < 2 * _CELLS_A_GROUP or genes.sum() <= _COMPONENTS:
        return np.full(counts.shape[0], "0", dtype=object)
    components = principal_components(logged_rows(counts, genes), _COMPONENTS, scale=False)
    found = MiniBatchKMeans(size, n_init=3, random_state=seed).fit_predict(components)
    return np.asarray(found.astype(str), dtype=object)


def group_means(
    counts: CellRows | sparse.csr_matrix, groups: NDArray[np.object_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the mean counts of a cell of each group (groups × genes), and the cells of each, in sorted order."""
    rows = counts if isinstance(counts, CellRows) else RowsInMemory(counts)
    code, names = pd.factorize(groups, sort=True)
    numbers = np.bincount(code, minlength=len(names))
    sums = np.zeros((len(names), rows.shape[1]))
    for place, block in rows.blocks(_CELLS_TO_SUM):
        own = code[place]
        members = sparse.csr_matrix((np.ones(len(own)), (own, np.arange(len(own)))), shape=(len(names), len(own)))
        sums += (members @ block).toarray()
    return sums / numbers[:, None], numbers
