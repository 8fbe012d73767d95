"""Transcripts that leakage is expected to leave in the sums of each population. Pure functions on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["expected_leakage"]

Floats = NDArray[np.float64]


def expected_leakage(profiles: Floats, leaked_per_cell: Floats, cells: NDArray[np.integer] | Floats) -> Floats:
    """Return what leakage is expected to leave in the summed counts: each droplet takes up about as much.

    Parameters
    ----------
    profiles
        S × G, ambient profile of each sample (each row over all genes sums to 1).
    leaked_per_cell
        S, ambient transcripts per droplet; NaN where they cannot be estimated.
    cells
        S × T, number of cells.

    Returns
    -------
    S × T × G; NaN in samples whose leakage cannot be estimated.

    Examples
    --------
    >>> expected_leakage(np.array([[0.75, 0.25]]), np.array([40.0]), np.array([[2, 10]])).tolist()
    [[[60.0, 20.0], [300.0, 100.0]]]
    """
    return np.asarray(np.asarray(cells, float)[:, :, None] * (leaked_per_cell[:, None] * profiles)[:, None, :])
