"""The parts of ligands and receptors that presence is tested on: ``A|B`` is one sum, ``A+B`` are two tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Parts", "combine_pvalues", "smallest_subunit", "sum_parts", "unit_parts"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Parts:
    """P sums of genes, and the units that they make up.

    Attributes
    ----------
    genes
        G × P, 1 where a gene is added to a part.
    alternative_starts
        Where each alternative begins among the parts; an alternative needs all of its parts.
    unit_starts
        Where each unit begins among the alternatives; a unit needs one of them.
    """

    genes: sparse.csc_matrix
    alternative_starts: Indices
    unit_starts: Indices

    @classmethod
    def of_genes(cls, n_genes: int) -> Parts:
        """Return each gene as a unit of its own."""
        every = np.arange(n_genes, dtype=np.intp)
        return cls(sparse.identity(n_genes, format="csc"), every, every)


def unit_parts(subunits: Indices, alternative_starts: Indices, unit_starts: Indices, n_genes: int) -> Parts:
    """Split compiled units into the sums that are tested.

    Parameters
    ----------
    subunits
        Column of each subunit, alternative after alternative, unit after unit.
    alternative_starts
        Where each alternative begins in ``subunits``.
    unit_starts
        Where each unit begins among the alternatives.
    n_genes
        Columns of the matrix.

    Returns
    -------
    For each unit, the sum of all alternatives of a single gene as one alternative, then each complex as another.

    Examples
    --------
    >>> parts = unit_parts(np.array([0, 1, 2, 3]), np.array([0, 1, 2]), np.array([0]), 4)  # A|B|C+D
    >>> sum_parts(np.array([[1.0, 2.0, 4.0, 8.0]]), parts).tolist(), parts.alternative_starts.tolist()
    ([[3.0, 4.0, 8.0]], [0, 1])
    """
    alternatives = np.split(np.asarray(subunits, dtype=np.intp), alternative_starts[1:])
    columns: list[Indices] = []
    starts: list[int] = []
    units: list[int] = []
    for first, last in zip(unit_starts, np.append(unit_starts, len(alternatives))[1:], strict=True):
        units.append(len(starts))
        own = alternatives[first:last]
        single = [genes for genes in own if len(genes) == 1]
        if single:
            starts.append(len(columns))
            columns.append(np.unique(np.concatenate(single)))
        for genes in own:
            if len(genes) > 1:
                starts.append(len(columns))
                columns.extend(genes[i : i + 1] for i in range(len(genes)))
    rows = np.concatenate(columns) if columns else np.zeros(0, dtype=np.intp)
    ends = np.cumsum([0, *map(len, columns)])
    matrix = sparse.csc_matrix((np.ones(len(rows)), rows, ends), shape=(n_genes, len(columns)))
    return Parts(matrix, np.array(starts, dtype=np.intp), np.array(units, dtype=np.intp))


def sum_parts(values: Floats, parts: Parts) -> Floats:
    """Sum the genes of each part, ``... × G`` to ``... × P``."""
    rows = values.reshape(-1, values.shape[-1])
    return np.asarray((parts.genes.T @ rows.T).T).reshape(*values.shape[:-1], -1)


def combine_pvalues(pvalue: Floats, parts: Parts) -> Floats:
    """Bring the p-values of parts to units, ``... × P`` to ``... × U``.

    All parts of an alternative are needed: the largest. One of n alternatives will do: n times the smallest, which is
    valid under any dependence between them.

    Examples
    --------
    >>> parts = unit_parts(np.array([0, 1, 2, 3]), np.array([0, 1, 2]), np.array([0]), 4)  # A|B|C+D
    >>> combine_pvalues(np.array([[0.04, 0.01, 0.2]]), parts).tolist()
    [[0.08]]
    """
    if not len(parts.unit_starts):
        return np.zeros((*pvalue.shape[:-1], 0))
    of_alternative = np.maximum.reduceat(pvalue, parts.alternative_starts, axis=-1)
    number = np.diff(np.append(parts.unit_starts, len(parts.alternative_starts)))
    return np.asarray(np.minimum(np.minimum.reduceat(of_alternative, parts.unit_starts, axis=-1) * number, 1.0))


def smallest_subunit(pvalue: Floats, excess: Floats, parts: Parts) -> Indices:
    """Return the part that decides each unit: of its best alternative, the part with the largest p-value.

    Parameters
    ----------
    pvalue
        ``... × P``.
    excess
        ``... × P``, transcripts beyond the null; the larger or smaller decides among equal p-values.
    parts
        The units.

    Returns
    -------
    ``... × U``, places among the parts.
    """
    n_parts = pvalue.shape[-1]
    order = np.lexsort((-excess, np.nan_to_num(pvalue, nan=1.0)), axis=-1)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(n_parts), order.shape), axis=-1)
    worst = np.maximum.reduceat(rank, parts.alternative_starts, axis=-1)
    best = np.minimum.reduceat(worst, parts.unit_starts, axis=-1)
    return np.asarray(np.take_along_axis(order, best, axis=-1))
