"""How good an integration is: do samples mix within a kind of cell, and do kinds stay apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.core.errors import DataError
from dolor.core.vocabulary import UNASSIGNED

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["integration_quality", "simpson_index"]

_NEIGHBOURS = 30
_MOST_CELLS = 5000
_FEWEST_CELLS = 50
_SHOWN = ("X_pca", "X_integrated")


def integration_quality(
    adata: AnnData, labels: str = "cell_class", batch_key: str = "sample_id", *, seed: int = 0
) -> pd.DataFrame:
    """Measure each embedding of the cells: mixing of the batches, and separation of the kinds.

    Measures of scIB (Luecken 2022, doi:10.1038/s41592-021-01336-8), computed here with scikit-learn: the effective
    number of batches or labels among a cell's 30 nearest neighbours (LISI of Korsunsky 2019,
    doi:10.1038/s41592-019-0619-0, all neighbours of equal weight), and average silhouette widths. Batches are looked at
    within one kind at a time, so that samples of other composition are no fault. Where the labels come from clusters of
    one of these embeddings, that one has an advantage in what concerns labels.

    Parameters
    ----------
    adata
        Named cells; reads ``obsm["X_pca"]`` and ``obsm["X_integrated"]`` where they are there. Of more than 5,000 named
        cells so many are drawn.
    labels, batch_key
        Columns of ``obs`` with kinds (``unassigned`` cells are left out) and batches.
    seed
        Seed of the draw.

    Returns
    -------
    One row an embedding: ``embedding``; ``batch_mixing`` (iLISI within kinds of 50 cells and more, from 0, every cell
    among its own batch, to 1, as mixed as cells dealt out at random); ``batch_silhouette`` (1 - absolute silhouette of
    the batches within kinds, near 1 is mixed); ``label_separation`` (1 - scaled cLISI: 1, only its own kind around each
    cell); ``label_silhouette`` (from 0 to 1); ``n_cells`` looked at. NaN where there is one batch, or one kind.

    Raises
    ------
    dolor.core.errors.DataError
        A column is missing.

    Examples
    --------
    >>> import dolor as dl
    >>> cells = dl.simulate.study("nerve", seed=1, n_animals=1, cells_per_sample=100).cells
    >>> table = integration_quality(dl.pp.integrate(cells), "truth_class")
    >>> table["embedding"].tolist(), bool(table["label_separation"].iloc[0] > 0.8)
    (['X_integrated'], True)
    """
    for column in (labels, batch_key):
        if column not in adata.obs.columns:
            raise DataError(f"obs has no column '{column}'; there are {', '.join(map(str, adata.obs.columns))}")
    kinds = adata.obs[labels].astype(str).to_numpy()
    rows = np.flatnonzero(kinds != UNASSIGNED)
    if len(rows) > _MOST_CELLS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _MOST_CELLS, replace=False))
    kind, batch = kinds[rows], adata.obs[batch_key].astype(str).to_numpy()[rows]
    measured = [
        {"embedding": name, **_measures(np.asarray(adata.obsm[name])[rows], kind, batch), "n_cells": len(rows)}
        for name in _SHOWN
        if name in adata.obsm
    ]
    columns = ["embedding", "batch_mixing", "batch_silhouette", "label_separation", "label_silhouette", "n_cells"]
    return pd.DataFrame(measured, columns=columns)


def simpson_index(embedding: NDArray[np.float32], words: NDArray[np.str_], neighbours: int) -> NDArray[np.float64]:
    """Return the effective number of different words among each cell's nearest neighbours (inverse Simpson index).

    Parameters
    ----------
    embedding
        Cells × components.
    words
        One a cell.
    neighbours
        Neighbours that are looked at, the cell itself not among them.

    Returns
    -------
    From 1 to the number of words, one a cell.
    """
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=neighbours).fit(embedding).kneighbors(return_distance=False)
    code, names = pd.factorize(words)
    shares = np.zeros((len(words), len(names)))
    np.add.at(shares, (np.arange(len(words))[:, None], code[found]), 1.0 / neighbours)
    return np.asarray(1.0 / (shares**2).sum(axis=1))


def _measures(embedding: NDArray[np.float32], kind: NDArray[np.str_], batch: NDArray[np.str_]) -> dict[str, float]:
    from sklearn.metrics import silhouette_score

    mixing, width, weight = [], [], []
    for name in np.unique(kind):
        own = np.flatnonzero(kind == name)
        if len(own) >= _FEWEST_CELLS and 2 <= len(np.unique(batch[own])) < len(own):
            mixing.append(_mixing(embedding[own], batch[own]))
            width.append(1 - abs(float(silhouette_score(embedding[own], batch[own]))))
            weight.append(len(own))
    told = {"batch_mixing": np.nan, "batch_silhouette": np.nan, "label_separation": np.nan, "label_silhouette": np.nan}
    if weight:
        told["batch_mixing"] = float(np.average(mixing, weights=weight))
        told["batch_silhouette"] = float(np.average(width, weights=weight))
    n_kinds = len(np.unique(kind))
    if 2 <= n_kinds < len(kind):
        index = simpson_index(embedding, kind, min(_NEIGHBOURS, len(kind) - 1)).mean()
        told["label_separation"] = float(1 - (index - 1) / (n_kinds - 1))
        told["label_silhouette"] = float((silhouette_score(embedding, kind) + 1) / 2)
    return told


def _mixing(embedding: NDArray[np.float32], batch: NDArray[np.str_]) -> float:
    """Scale the index of the batches so that cells dealt out at random have 1."""
    neighbours = min(_NEIGHBOURS, len(batch) - 1)
    shares = np.unique(batch, return_counts=True)[1] / len(batch)
    # Of k neighbours drawn at random the expected sum of squared shares is sum p² + (1 - sum p²) / k.
    random = 1.0 / ((shares**2).sum() + (1 - (shares**2).sum()) / neighbours)
    index = simpson_index(embedding, batch, neighbours)
    return float(np.clip((index.mean() - 1) / (random - 1), 0, 1))
