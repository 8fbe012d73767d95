"""How stable clusters are: whether they come out the same with other cells and with another start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.annotate.graph import leiden, neighbour_graph

__all__ = ["stability"]

# So many cells are looked at: neighbours are then found exactly and fast, and stability needs no more.
_MOST_CELLS = 4000
_SHARE = 0.8
_FEWEST_CELLS = 50


def stability(
    embedding: NDArray[np.float32], resolutions: Sequence[float], *, draws: int = 5, seed: int = 0
) -> pd.DataFrame:
    """Cluster again, with a part of the cells and with other seeds, and see how much of the partition returns.

    Parameters
    ----------
    embedding
        Cells × components. Of more than 4,000 cells so many are drawn.
    resolutions
        Leiden resolutions.
    draws
        Repeats.
    seed
        Seed of the draws.

    Returns
    -------
    One row a resolution: ``resolution``, ``n_clusters``, ``ari_resampled`` (mean adjusted Rand index between the
    clusters of all cells looked at and those of a random 80 % of them, over these), ``ari_reseeded`` (the same cells,
    other seeds), ``n_cells`` (looked at). NaN with fewer than 50 cells. 1: the same clusters; 0: as chance would.

    References
    ----------
    Hubert, L. and Arabie, P. (1985), J. Classif. 2, 193-218. doi:10.1007/BF01908075

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> two = np.repeat([[0.0], [9.0]], 100, axis=0) + rng.normal(size=(200, 5))
    >>> stability(two.astype(np.float32), [0.1], draws=2)["ari_resampled"].round(2).tolist()
    [1.0]
    """
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    if len(embedding) > _MOST_CELLS:
        embedding = embedding[np.sort(rng.choice(len(embedding), _MOST_CELLS, replace=False))]
    if len(embedding) < _FEWEST_CELLS:
        return _table([(value, 0, np.nan, np.nan, len(embedding)) for value in resolutions])
    whole = neighbour_graph(embedding, seed)
    parts = [np.sort(rng.choice(len(embedding), round(_SHARE * len(embedding)), replace=False)) for _ in range(draws)]
    graphs = [neighbour_graph(embedding[part], seed) for part in parts]
    rows = []
    for value in resolutions:
        reference = leiden(whole, value, seed).to_numpy()
        again = [
            adjusted_rand_score(reference[part], leiden(graph, value, seed))
            for part, graph in zip(parts, graphs, strict=True)
        ]
        other = [adjusted_rand_score(reference, leiden(whole, value, seed + 1 + draw)) for draw in range(draws)]
        rows.append((value, len(np.unique(reference)), float(np.mean(again)), float(np.mean(other)), len(embedding)))
    return _table(rows)


def _table(rows: Sequence[tuple[float, int, float, float, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["resolution", "n_clusters", "ari_resampled", "ari_reseeded", "n_cells"])
