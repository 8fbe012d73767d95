"""How much of each marker gene a cluster has; neither few transcripts a cell nor few cells prove more than they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# Log-normalised expression counts transcripts among so many.
_AMONG = 1e4
# A gene is held to be in so many cells fewer than show it: of five cells one shows almost any gene by chance.
_DOUBTED_CELL = 1.0


def cluster_levels(
    logged: sparse.csr_matrix, clusters: pd.Series, library: float
) -> tuple[list[str], NDArray[np.float64]]:
    """Return the level of each gene in each cluster.

    Cells are averaged as logarithms, so that one cell with a great many transcripts does not speak for all. What is
    added before the logarithm is one transcript of a typical cell. Were it one among 10,000, a single transcript would
    count as hundreds on a panel of which a cell shows twenty, and a gene that every fifth cell of a population happens
    to show would all but vanish.

    Parameters
    ----------
    logged
        Cells × genes: log-normalised expression, log(1 + transcripts among 10,000).
    clusters
        The cluster of each cell.
    library
        Transcripts of a typical cell.

    Returns
    -------
    names
        The clusters.
    levels
        Clusters × genes: transcripts among 10,000. A gene that n cells show has n / (n + 1) of what they hold.
    """
    names = sorted(clusters.unique(), key=lambda name: (len(name), name))
    code = clusters.map({name: number for number, name in enumerate(names)}).to_numpy(dtype=np.int64)
    members = sparse.csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))), shape=(len(names), len(code)))
    share = min(library, _AMONG) / _AMONG
    values = np.log1p(np.expm1(logged.data.astype(np.float64)) * share)
    means = members @ sparse.csr_matrix((values, logged.indices, logged.indptr), shape=logged.shape)
    means = np.asarray(means.todense()) / np.bincount(code, minlength=len(names))[:, None]
    shown = sparse.csr_matrix((np.ones(logged.nnz), logged.indices, logged.indptr), shape=logged.shape)
    n_shown = np.asarray((members @ shown).todense())
    return names, np.expm1(means) / share * n_shown / (n_shown + _DOUBTED_CELL)
