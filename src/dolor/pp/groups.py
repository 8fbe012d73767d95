"""Coarse groups of cells and what they hold, before anything is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from dolor.pp.components import every_nth, log_normalised, principal_components, variable_genes

_GROUPS = 15
_COMPONENTS = 15
_CELLS_A_GROUP = 30
_GENES = 2000


def coarse_groups(counts: sparse.csr_matrix, seed: int) -> NDArray[np.object_]:
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
    counts = sparse.csr_matrix(counts)
    genes = variable_genes(log_normalised(every_nth(counts)), _GENES)
    if counts.shape[0] < 2 * _CELLS_A_GROUP or genes.sum() <= _COMPONENTS:
        return np.full(counts.shape[0], "0", dtype=object)
    components = principal_components(log_normalised(counts, genes), _COMPONENTS, scale=False)
    found = MiniBatchKMeans(size, n_init=3, random_state=seed).fit_predict(components)
    return np.asarray(found.astype(str), dtype=object)


def group_means(
    counts: sparse.csr_matrix, groups: NDArray[np.object_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the mean counts of a cell of each group (groups × genes), and the cells of each, in sorted order."""
    code, names = pd.factorize(groups, sort=True)
    numbers = np.bincount(code, minlength=len(names))
    members = sparse.csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))), shape=(len(names), len(code)))
    return np.asarray((members @ counts).todense(), dtype=float) / numbers[:, None], numbers
