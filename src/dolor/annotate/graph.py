"""The graph of nearest neighbours of cells, and its Leiden clusters."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import numpy as np
    from anndata import AnnData
    from numpy.typing import NDArray

_NEIGHBOURS = 12
# From so many cells on scanpy would search approximately. Up to the second number the exact search of scikit-learn is
# quicker than pynndescent, whose compilation takes minutes in every process; beyond, its square tells.
_MANY_CELLS = 8192
_TOO_MANY_CELLS = 150_000


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
    search: Any = None
    if work.n_obs >= _MANY_CELLS:
        search = "sklearn" if work.n_obs < _TOO_MANY_CELLS else approximate_search(work.n_obs, seed)
    with quiet():
        sc.pp.neighbors(
            work, n_neighbors=min(_NEIGHBOURS, work.n_obs - 1), use_rep="X", transformer=search, random_state=seed
        )
    return work


def approximate_search(n_cells: int, seed: int) -> Any:
    """Return scanpy's own search of many cells, its answer as the matrix that scanpy asks for.

    pynndescent 0.7 answers with a sparse array, of which scanpy 1.11 knows too little.
    """
    import numpy as np
    import scanpy as sc
    from pynndescent import PyNNDescentTransformer
    from scipy import sparse

    class Search(PyNNDescentTransformer):  # type: ignore[misc]
        def fit_transform(self, X: NDArray[np.float32], y: None = None) -> sparse.csr_matrix:  # noqa: N803
            return sparse.csr_matrix(super().fit_transform(X, y))

    return Search(
        n_neighbors=_NEIGHBOURS,
        n_trees=min(64, 5 + round(n_cells**0.5 / 20)),
        n_iters=max(5, round(np.log2(n_cells))),
        n_jobs=sc.settings.n_jobs,
        random_state=seed,
    )


def leiden(work: AnnData, resolution: float, seed: int) -> pd.Series:
    """Return the Leiden cluster of each cell of a :func:`neighbour_graph`, as text."""
    import scanpy as sc

    with quiet():
        sc.tl.leiden(work, resolution=resolution, flavor="igraph", n_iterations=2, directed=False, random_state=seed)
    labels: pd.Series = work.obs["leiden"].astype(str)
    return labels
