"""Ambient RNA: what cells that broke left in the suspension, and every droplet takes up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
