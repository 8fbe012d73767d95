"""Doublets: two cells in one droplet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pair_up(n_cells: int, rate: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """Choose the cells that share a droplet.

    Parameters
    ----------
    n_cells
        Droplets wanted.
    rate
        Share of them that hold two cells.
    rng
        Source of the draw.

    Returns
    -------
    The droplets that take up a second cell; one more cell is needed for each.
    """
    return np.sort(rng.choice(n_cells, size=rng.binomial(n_cells, rate), replace=False))


def cling(
    population: NDArray[np.intp],
    droplets: NDArray[np.intp],
    companion: NDArray[np.intp],
    rate: float,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Let some second cells be of the population that clings to the first cell of their droplet.

    Parameters
    ----------
    population
        Population of each cell; the last ``len(droplets)`` are the second cells.
    droplets
        From :func:`pair_up`.
    companion
        For each population the one that clings to it, -1 for none.
    rate
        Share of such droplets in which the companion is the second cell.
    rng
        Source of the draw.

    Returns
    -------
    Population of each cell.
    """
    result = population.copy()
    clings = companion[population[droplets]]
    chosen = (clings >= 0) & (rng.random(len(droplets)) < rate)
    second = len(population) - len(droplets) + np.flatnonzero(chosen)
    result[second] = clings[chosen]
    return result


def merge(
    counts: NDArray[np.int32], droplets: NDArray[np.intp]
) -> tuple[NDArray[np.int32], NDArray[np.intp], NDArray[np.intp]]:
    """Pour the last cells into the droplets that take up a second one.

    Parameters
    ----------
    counts
        Cells × genes; the last ``len(droplets)`` rows are the second cells, in the order of ``droplets``.
    droplets
        From :func:`pair_up`.

    Returns
    -------
    Counts of the droplets; for each droplet the row of the cell that gave most of it, and the row of the other cell
    (-1 for a single cell).

    Examples
    --------
    >>> import numpy as np
    >>> merged, main, other = merge(np.array([[1, 0], [2, 2], [0, 9]], dtype=np.int32), np.array([1]))
    >>> merged.tolist(), main.tolist(), other.tolist()
    ([[1, 0], [2, 11]], [0, 2], [-1, 1])
    """
    n_droplets = len(counts) - len(droplets)
    merged = counts[:n_droplets].copy()
    merged[droplets] += counts[n_droplets:]
    main, other = np.arange(n_droplets), np.full(n_droplets, -1)
    second = np.arange(n_droplets, len(counts))
    larger = counts[second].sum(axis=1) > counts[droplets].sum(axis=1)
    main[droplets] = np.where(larger, second, droplets)
    other[droplets] = np.where(larger, droplets, second)
    return merged, main, other
