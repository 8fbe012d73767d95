"""Expression of ligands and receptors in a pseudobulk: what scores and contrasts take the logarithm of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dolor.core.errors import UsageError
from dolor.core.normalize import TARGET
from dolor.knowledge import gene_logic

__all__ = ["PRIOR", "Complexes", "Units", "combine", "compile_units", "log_expression", "per_10k"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Complexes = Literal["min", "geometric"]

# Counts per 10,000 added before the logarithm. Relative to the library, so that its size moves no undetected gene.
PRIOR = 0.5


@dataclass(frozen=True)
class Units:
    """U ligands or receptors in gene logic, compiled against the columns of a matrix.

    Attributes
    ----------
    names
        The expressions as written, in order.
    measured
        U: whether at least one alternative has all its subunits among the columns. Only these count below.
    subunits
        Column of each subunit, alternative after alternative, unit after unit.
    alternative_starts
        Where each alternative begins in ``subunits``.
    unit_starts
        Where each measured unit begins among the alternatives.
    missing
        For each unit that is not measured, the genes that are lacking.
    """

    names: tuple[str, ...]
    measured: NDArray[np.bool_]
    subunits: Indices
    alternative_starts: Indices
    unit_starts: Indices
    missing: dict[str, tuple[str, ...]]


def compile_units(expressions: Iterable[str], genes: Sequence[str]) -> Units:
    """Compile gene logic against the genes of a matrix.

    An alternative that lacks a gene is left out; a unit all of whose alternatives lack one is not measured.

    Parameters
    ----------
    expressions
        Ligands or receptors in the grammar of :mod:`dolor.knowledge.gene_logic`.
    genes
        Symbols of the columns.

    Returns
    -------
    The units, in the order given.

    Examples
    --------
    >>> units = compile_units(["A+B|C", "D"], ["A", "B", "C"])
    >>> units.measured.tolist(), units.missing
    ([True, False], {'D': ('D',)})
    """
    names = tuple(expressions)
    column = {gene: i for i, gene in enumerate(genes)}
    parsed = {name: gene_logic.parse(name) for name in dict.fromkeys(names)}
    subunits: list[int] = []
    alternative_starts: list[int] = []
    unit_starts: list[int] = []
    missing: dict[str, tuple[str, ...]] = {}
    measured = np.zeros(len(names), dtype=bool)
    for unit, name in enumerate(names):
        complete = [parts for parts in parsed[name] if all(gene in column for gene in parts)]
        if not complete:
            missing[name] = tuple(gene for gene in gene_logic.genes(name) if gene not in column)
            continue
        measured[unit] = True
        unit_starts.append(len(alternative_starts))
        for parts in complete:
            alternative_starts.append(len(subunits))
            subunits.extend(column[gene] for gene in parts)
    return Units(
        names,
        measured,
        np.array(subunits, dtype=np.intp),
        np.array(alternative_starts, dtype=np.intp),
        np.array(unit_starts, dtype=np.intp),
        missing,
    )


def combine(values: Floats, units: Units, complexes: Complexes = "min") -> Floats:
    """Bring genes to ligands and receptors: subunits by the limiting one, alternatives by their sum.

    Parameters
    ----------
    values
        R × genes, linear expression (not logarithms), 0 or more.
    units
        What to make of the columns.
    complexes
        ``"min"``: a complex is worth its least expressed subunit. ``"geometric"``: the geometric mean of its subunits.

    Returns
    -------
    R × U; NaN in the columns of units that are not measured.

    Examples
    --------
    >>> units = compile_units(["A+B", "A|B"], ["A", "B"])
    >>> combine(np.array([[1.0, 4.0]]), units)
    array([[1., 5.]])
    >>> combine(np.array([[1.0, 4.0]]), units, "geometric")
    array([[2., 5.]])
    """
    if complexes not in ("min", "geometric"):
        raise UsageError(f"complexes='{complexes}' is not known: choose 'min' or 'geometric'")
    result = np.full((values.shape[0], len(units.names)), np.nan)
    if not units.measured.any():
        return result
    parts = values[:, units.subunits]
    if complexes == "min":
        whole = np.minimum.reduceat(parts, units.alternative_starts, axis=1)
    else:
        sizes = np.diff(np.append(units.alternative_starts, len(units.subunits)))
        with np.errstate(divide="ignore"):
            whole = np.exp(np.add.reduceat(np.log(parts), units.alternative_starts, axis=1) / sizes)
    result[:, units.measured] = np.add.reduceat(whole, units.unit_starts, axis=1)
    return result


def per_10k(counts: ArrayLike, n_counts: ArrayLike) -> Floats:
    """Return counts per 10,000 of a pseudobulk.

    Parameters
    ----------
    counts
        R × genes, summed counts.
    n_counts
        R, counts of the pseudobulk over all genes. A pseudobulk without any counts expresses 0 of everything.

    Examples
    --------
    >>> per_10k([[3.0, 0.0]], [1000.0])
    array([[30.,  0.]])
    """
    totals = np.asarray(n_counts, dtype=np.float64)[:, None]
    return np.asarray(np.asarray(counts, dtype=np.float64) * TARGET / np.where(totals > 0, totals, 1.0))


def log_expression(expression: ArrayLike, prior: float = PRIOR) -> Floats:
    """Return log2 of expression (counts per 10,000) plus a small prior, which keeps what is not detected finite.

    Examples
    --------
    >>> log_expression([0.0, 3.5])
    array([-1.,  2.])
    """
    return np.asarray(np.log2(np.asarray(expression, dtype=np.float64) + prior))
