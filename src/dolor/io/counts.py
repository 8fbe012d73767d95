"""Finding the raw counts in an object, wherever its author put them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from dolor.core.contracts import check_counts
from dolor.core.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData


def at_raw(adata: AnnData, layer: str = "", source: str = "the data") -> AnnData:
    """Step down to ``adata.raw`` where the counts are there, as in files of CELLxGENE and in those made from Seurat.

    Parameters
    ----------
    adata
        Cells × genes.
    layer
        The layer that was asked for; ``raw`` asks for ``adata.raw``. Empty: ``raw`` is looked at if there is no layer
        ``counts`` and ``X`` holds no counts.
    source
        Name of the file or object, for the message.

    Returns
    -------
    The cells with the genes and values of ``raw`` in ``X``, which may be more genes than before, or ``adata`` itself.

    Raises
    ------
    dolor.core.errors.DataError
        ``raw`` was asked for and there is none.
    """
    import anndata

    asked = layer == "raw" and "raw" not in adata.layers
    if asked and adata.raw is None:
        raise DataError(f"{source}: has no 'raw'; name the layer that holds the raw counts")
    if not asked and (layer or adata.raw is None or "counts" in adata.layers or _are_counts(adata.X)):
        return adata
    return anndata.AnnData(adata.raw.X, obs=adata.obs, var=adata.raw.var, uns=adata.uns)


def _are_counts(matrix: Any) -> bool:
    try:
        check_counts(matrix, "X")
    except DataError:
        return False
    return True


def raw_counts(adata: AnnData, layer: str = "", source: str = "the data") -> sparse.csr_matrix:
    """Return the raw counts of an object as integers.

    Parameters
    ----------
    adata
        Cells × genes.
    layer
        The layer that holds the counts; empty: the layer ``counts`` if there is one, else ``X``.
    source
        Name of the file or object, for the message.

    Returns
    -------
    Cells × genes, CSR with sorted indices and without stored zeros, 32-bit integers.

    Raises
    ------
    dolor.core.errors.DataError
        There is no such layer, or it holds no raw counts.
    """
    name = "" if layer == "raw" and layer not in adata.layers else layer
    name = name or ("counts" if "counts" in adata.layers else "")
    if name and name not in adata.layers:
        # From anndata 0.13 on, X is a layer too, without a name.
        there = ", ".join(str(known) for known in adata.layers if known is not None)
        raise DataError(f"{source}: has no layer '{name}'; there are {there or 'none'}")
    matrix: Any = adata.layers[name] if name else adata.X
    if matrix is None:
        raise DataError(f"{source}: has neither a layer 'counts' nor X; name the layer that holds the raw counts")
    check_counts(matrix, f"{source} ({'layer ' + repr(name) if name else 'X'})")
    return tidied(matrix, source)


def tidied(matrix: Any, source: str) -> sparse.csr_matrix:
    """Bring checked counts to the form of :func:`raw_counts`.

    Raises
    ------
    dolor.core.errors.DataError
        A value is too large to be a count.
    """
    # A copy, so that tidying the indices does not reorder the caller's matrix under his hands.
    counts = sparse.csr_matrix(matrix, copy=True)
    counts.sum_duplicates()
    counts.eliminate_zeros()
    if counts.nnz and counts.data.max() > np.iinfo(np.int32).max:
        raise DataError(f"{source}: the largest count is {counts.data.max():.4g}; this is no count of transcripts")
    return counts.astype(np.int32)
