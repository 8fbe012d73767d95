"""Ambient RNA: what cells that broke left in the suspension, and every droplet takes up.

Doublets: two cells in one droplet.

Droplets without a cell: they hold the ambient RNA alone, as raw matrices of droplet experiments do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from dolor.core.errors import UsageError

if TYPE_CHECKING:
    from anndata import AnnData

    from dolor.simulate.parameters import Study

__all__ = ["ambient_profile", "cling", "draw_ambient", "empty_droplets", "merge", "pair_up"]

_SPREAD = 0.25


def ambient_profile(
    expected_totals: NDArray[np.float64], excess: NDArray[np.float64], lysed: NDArray[np.float64], lysed_share: float
) -> NDArray[np.float64]:
    """Mix the ambient profile of a library.

    Parameters
    ----------
    expected_totals
        Expected transcripts of each gene, summed over the library's cells.
    excess
        Factor for genes of fragile or shedding cells.
    lysed
        Profile of cells that all burst before capture, such as erythrocytes.
    lysed_share
        Their share.

    Returns
    -------
    Genes, summing to 1.

    Examples
    --------
    >>> import numpy as np
    >>> ambient_profile(np.array([3.0, 1.0]), np.array([1.0, 1.0]), np.array([0.0, 1.0]), 0.2).round(2).tolist()
    [0.6, 0.4]
    """
    mixed = expected_totals * excess
    return np.asarray((1 - lysed_share) * mixed / mixed.sum() + lysed_share * lysed / lysed.sum())


def draw_ambient(
    profile: NDArray[np.float64], mean_per_cell: float, n_cells: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Draw the ambient counts of each droplet: about as many for a small cell as for a large one.

    Parameters
    ----------
    profile
        Of the library; sums to 1.
    mean_per_cell
        Ambient transcripts that a droplet takes up on average.
    n_cells
        Droplets.
    rng
        Source of the draw.

    Returns
    -------
    Cells × genes, counts.
    """
    taken_up = mean_per_cell * np.exp(rng.normal(-(_SPREAD**2) / 2, _SPREAD, n_cells))
    return rng.poisson(taken_up[:, None] * profile).astype(np.int32)


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


_MEDIAN_COUNTS = 60.0
_EMPTY_SPREAD = 0.5


def empty_droplets(made: Study, per_sample: int = 500, *, seed: int = 0) -> AnnData:
    """Draw the empty droplets of a study from the ambient profiles of its samples.

    Parameters
    ----------
    made
        The study.
    per_sample
        Droplets wanted of each sample.
    seed
        Seed of the draw.

    Returns
    -------
    Droplets × genes with raw counts in ``layers["counts"]`` and ``sample_id`` in ``obs``; simulated like the study.

    Raises
    ------
    dolor.core.errors.UsageError
        ``per_sample`` is below 1.

    Examples
    --------
    >>> from dolor.simulate import study
    >>> made = study("nerve", n_animals=1, cells_per_sample=40)
    >>> empty_droplets(made, 10).n_obs == 10 * len(made.samples)
    True
    """
    import anndata

    if per_sample < 1:
        raise UsageError(f"per_sample is {per_sample}: it must be at least 1")
    streams = np.random.default_rng([seed, len(made.ambient)]).spawn(len(made.ambient))
    blocks = []
    for rng, profile in zip(streams, made.ambient.to_numpy(), strict=True):
        expected = _MEDIAN_COUNTS * np.exp(rng.normal(0, _EMPTY_SPREAD, per_sample))
        blocks.append(sparse.csr_matrix(rng.poisson(expected[:, None] * profile).astype(np.int32)))
    names = [f"{sample}_empty{number:05d}" for sample in made.ambient.index for number in range(1, per_sample + 1)]
    obs = pd.DataFrame({"sample_id": pd.Categorical(np.repeat(made.ambient.index, per_sample))}, index=names)
    droplets = anndata.AnnData(obs=obs, var=pd.DataFrame(index=made.cells.var_names))
    droplets.layers["counts"] = sparse.vstack(blocks, format="csr")
    droplets.uns["simulated"] = True
    return droplets
