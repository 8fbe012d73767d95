"""Finding the raw counts in an object, wherever its author put them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import sparse

from dolor.core.contracts import check_counts
from dolor.core.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["MORE_IN_RAW", "Rounding", "at_raw", "raw_counts", "rounded", "rounding", "tidied"]

Rounding = Literal["none", "noise", "estimates"]
MORE_IN_RAW = "genes that only raw holds, so raw was taken (no cell is lost)"
_FIRST_CELLS = 1000
_FEWEST_CELLS, _FEWEST_VALUES, _MOST_MULTIPLES, _LARGEST_LOGARITHM = 3, 4, 0.8, 30.0


def at_raw(adata: AnnData, layer: str = "", source: str = "the data") -> AnnData:
    """Step down to ``adata.raw`` where the counts are there, as in files of CELLxGENE and in those made from Seurat.

    Parameters
    ----------
    adata
        Cells × genes.
    layer
        The layer that was asked for; ``raw`` asks for ``adata.raw``. Empty: ``raw`` is taken if neither a layer
        ``counts`` nor ``X`` holds counts, or if it holds the counts of more genes.
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
    if not asked and (layer or adata.raw is None):
        return adata
    more = adata.raw.shape[1] - adata.n_vars
    if not asked:
        beside = adata.layers.get("counts", adata.X)
        if _are_counts(beside) and not (more > 0 and _are_counts(adata.raw.X)):
            return adata
    uns = dict(adata.uns)
    if more > 0:
        uns["dropped"] = {**uns.get("dropped", {}), MORE_IN_RAW: more}
    return anndata.AnnData(adata.raw.X, obs=adata.obs, var=adata.raw.var, uns=uns)


def _are_counts(matrix: Any) -> bool:
    if matrix is None:
        return False
    try:
        check_counts(rounded(matrix, rounding(matrix)), "X")
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
    matrix = rounded(matrix, rounding(matrix))
    check_counts(matrix, f"{source} ({'layer ' + repr(name) if name else 'X'})")
    return tidied(matrix, source)


def rounding(matrix: Any) -> Rounding:
    """Return how values that are not whole become counts, judged by the first cells.

    Whole numbers that went through a logarithm or a 32-bit product differ from them by rounding: ``noise``. Estimates
    of counts (multi-mapped reads shared out, ambient RNA subtracted) are fractions: ``estimates``. Normalised values
    are neither: within a cell they, or their exponentials, are multiples of the smallest, or their sums are equal.

    Examples
    --------
    >>> rounding(sparse.csr_matrix([[1.0, 2.0000002], [3.0, 0.0]])), rounding(sparse.csr_matrix([[0.3, 0.6]]))
    ('noise', 'none')
    """
    if np.dtype(matrix.dtype).kind != "f":
        return "none"
    first = sparse.csr_matrix(matrix[:_FIRST_CELLS])
    values = first.data
    if not np.isfinite(values).all() or (values.size and values.min() < 0):
        return "none"
    whole = np.rint(values)
    if (values == whole).all():
        # Later cells may still hold noise.
        return "noise"
    if (np.abs(values - whole) <= _tolerance(values)).all():
        return "noise"
    return "estimates" if _are_estimates(first) else "none"


def rounded(matrix: Any, how: Rounding) -> Any:
    """Return a matrix with whole values, where :func:`rounding` allows it; else as it is."""
    if how == "none":
        return matrix
    dense = not sparse.issparse(matrix)
    values = np.asarray(matrix) if dense else matrix.data
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        return matrix
    whole = np.rint(values)
    if (values == whole).all():
        return matrix
    if how == "noise" and not (np.abs(values - whole) <= _tolerance(values)).all():
        return matrix
    if dense:
        return whole
    result = matrix.copy()
    result.data = whole
    return result


def _tolerance(values: Any) -> Any:
    return np.minimum(np.maximum(1e-3, 1e-5 * values), 0.05)


def _are_estimates(first: sparse.csr_matrix) -> bool:
    """Return whether fractions are estimates of counts and not normalised values."""
    first = first[np.diff(first.indptr) >= _FEWEST_VALUES]
    if first.shape[0] < _FEWEST_CELLS or (first.data < 0.5).mean() > 0.5:
        return False
    powers = {"": first.data.astype(float)}
    if first.data.max() < _LARGEST_LOGARITHM:
        powers |= {"e": np.expm1(powers[""]), "2": np.exp2(powers[""]) - 1}
    for base, values in powers.items():
        cells = np.split(values, first.indptr[1:-1])
        sums = np.array([cell.sum() for cell in cells])
        if sums.std() < 1e-3 * sums.mean():
            return False
        smallest = np.array([cell.min() for cell in cells])
        ratios = [cell / least for cell, least in zip(cells, smallest, strict=True)]
        multiples = np.median([(np.abs(ratio - np.rint(ratio)) < 0.02).mean() for ratio in ratios])
        # Counts that were all multiplied by one number are estimates too.
        of_all = values / values.min()
        one_unit = (
            base == ""
            and values.min() > 0.5
            and bool((np.abs(of_all - np.rint(of_all)) < 0.02).mean() > _MOST_MULTIPLES)
        )
        if multiples > _MOST_MULTIPLES and not one_unit:
            return False
    return True


def tidied(matrix: Any, source: str) -> sparse.csr_matrix:
    """Bring checked counts to the form of :func:`raw_counts`.

    Raises
    ------
    dolor.core.errors.DataError
        A value is too large to be a count.
    """
    # A copy, so that tidying the indices does not reorder the caller's matrix.
    counts = sparse.csr_matrix(matrix, copy=True)
    counts.sum_duplicates()
    counts.eliminate_zeros()
    if counts.nnz and counts.data.max() > np.iinfo(np.int32).max:
        raise DataError(f"{source}: the largest count is {counts.data.max():.4g}; this is no count of transcripts")
    return counts.astype(np.int32)
