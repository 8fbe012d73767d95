"""The graph of nearest neighbours of cells, and its Leiden clusters."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import numpy as np
    from anndata import AnnData
    from numpy.typing import NDArray

_NEIGHBOURS = 12
# Among few cells fewer neighbours: twelve would join fourteen B cells and three plasma cells into one cluster.
_SHARE_THAT_ARE_NEIGHBOURS, _FEWEST_NEIGHBOURS = 0.2, 3
# From so many cells on scanpy would search approximately. Up to as many as are ever looked at the exact search of
# scikit-learn is quicker than pynndescent, whose compilation takes minutes in every process.
_MANY_CELLS = 8192


@contextmanager
def quiet() -> Iterator[None]:
    """Keep back what scanpy and its dependencies announce of their own coming changes; none alters a number here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (FutureWarning, DeprecationWarning))
        yield


def neighbour_graph(embedding: NDArray[np.float32], seed: int, names: pd.Index | None = None) -> AnnData:
    """Return an object that holds nothing but an embedding (``obsm["X"]``) and its graph of nearest neighbours."""
    import anndata
    import scanpy as sc

    obs = pd.DataFrame(index=pd.RangeIndex(len(embedding)).astype(str) if names is None else names)
    work = anndata.AnnData(obs=obs, obsm={"X": embedding})
    search = "sklearn" if work.n_obs >= _MANY_CELLS else None
    with quiet():
        sc.pp.neighbors(work, n_neighbors=_how_many(work.n_obs), use_rep="X", transformer=search, random_state=seed)
    return work


def _how_many(n_cells: int) -> int:
    few = max(_FEWEST_NEIGHBOURS, int(_SHARE_THAT_ARE_NEIGHBOURS * n_cells))
    return min(_NEIGHBOURS, few, n_cells - 1)


def leiden(work: AnnData, resolution: float, seed: int) -> pd.Series:
    """Return the Leiden cluster of each cell of a :func:`neighbour_graph`, as text."""
    import scanpy as sc

    with quiet():
        sc.tl.leiden(work, resolution=resolution, flavor="igraph", n_iterations=2, directed=False, random_state=seed)
    labels: pd.Series = work.obs["leiden"].astype(str)
    return labels
