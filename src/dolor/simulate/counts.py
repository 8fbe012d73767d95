"""From expected levels to counts: cell sizes, extra-Poisson noise, cells that broke. Pure functions on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LIBRARY_SPREAD = 0.4
_MITOCHONDRIAL_SPREAD = 0.35
_DISSOCIATION_SPREAD = 0.8
_MODULE_GENES = 0.15
_MODULE_LOADING = 0.4
_DAMAGED_COUNTS = 0.25
_DAMAGED_MITOCHONDRIA = 6.0


def library_sizes(medians: NDArray[np.float64], depth: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the expected transcripts of each cell: lognormal around the median of its population.

    Parameters
    ----------
    medians
        Median transcripts of each cell's population.
    depth
        Depth of the library against the average one.
    rng
        Source of the draw.
    """
    return np.asarray(medians * depth * np.exp(rng.normal(0, _LIBRARY_SPREAD, len(medians))))


def draw_modules(n_modules: int, n_genes: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw sets of genes that rise and fall together within every population; modules × genes, mostly 0."""
    taking_part = rng.random((n_modules, n_genes)) < _MODULE_GENES
    return np.asarray(taking_part * rng.normal(0, _MODULE_LOADING, (n_modules, n_genes)))


def module_factors(n_cells: int, modules: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw how far each cell has moved along the modules; cells × genes, a factor of mean 1 on expression."""
    moved = rng.normal(0, 1, (n_cells, len(modules))) @ modules
    return np.asarray(np.exp(moved - (modules**2).sum(axis=0) / 2))


def cell_factors(
    n_cells: int, groups: NDArray[np.int_], damaged: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw how much each cell has of what handling changes: mitochondrial transcripts, the response to dissociation.

    Parameters
    ----------
    n_cells
        Cells.
    groups
        For each gene 1 (mitochondrial), 2 (dissociation) or 0 (neither).
    damaged
        Cells that lost most of their cytoplasm.
    rng
        Source of the draw.

    Returns
    -------
    Cells × genes, the factor on expected expression.
    """
    by_group = np.ones((n_cells, 3))
    by_group[:, 1] = np.exp(rng.normal(0, _MITOCHONDRIAL_SPREAD, n_cells))
    by_group[:, 2] = np.exp(rng.normal(0, _DISSOCIATION_SPREAD, n_cells))
    by_group[damaged] *= _DAMAGED_COUNTS
    by_group[damaged, 1] *= _DAMAGED_MITOCHONDRIA
    return by_group[:, groups]


def gamma_poisson(
    expected: NDArray[np.float64], dispersion: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int32]:
    """Draw negative-binomial counts.

    Parameters
    ----------
    expected
        Cells × genes, the mean.
    dispersion
        Of each gene; the variance is ``mean + dispersion * mean²``.
    rng
        Source of the draw.

    Returns
    -------
    Cells × genes, counts.

    Examples
    --------
    >>> import numpy as np
    >>> counts = gamma_poisson(np.full((20_000, 1), 4.0), np.array([0.5]), np.random.default_rng(0))
    >>> bool(abs(counts.mean() - 4) < 0.1), bool(abs(counts.var() - 12) < 1)
    (True, True)
    """
    shape = np.broadcast_to(1.0 / dispersion, expected.shape)
    rates = rng.standard_gamma(shape) * dispersion * expected
    return rng.poisson(rates).astype(np.int32)
