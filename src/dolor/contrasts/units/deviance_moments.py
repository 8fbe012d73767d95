"""Mean and variance of the negative-binomial unit deviance.

With large counts a unit deviance is a chi-square of one degree of freedom; with small counts it is not. Matching its
mean and variance to a scaled chi-square gives the scale and the degrees of freedom that a small count truly carries:
next to none where nothing was expected.

References
----------
Chen, Y., Chen, L., Lun, A. T. L., Baldoni, P. and Smyth, G. K. (2025), edgeR v4, Nucleic Acids Research 53(2), gkaf018,
doi:10.1093/nar/gkaf018.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from dolor.contrasts.units.negative_binomial import unit_deviance

__all__ = ["deviance_moments"]

Floats = NDArray[np.float64]

_LOG_MEANS = np.linspace(np.log(1e-4), np.log(2e4), 64)
_LOG_DISPERSIONS = np.linspace(np.log(1e-4), np.log(4.0), 18)


def deviance_moments(mean: Floats, dispersion: Floats | float) -> tuple[Floats, Floats]:
    """Return the mean and the variance of the unit deviance of counts with these means and dispersions.

    Interpolated on a grid of exact sums; beyond the grid (means of 0.0001 to 20,000, dispersions of 0.0001 to 4) the
    nearest edge is taken.

    Examples
    --------
    >>> mean, variance = deviance_moments(np.array([500.0]), 0.01)
    >>> mean.round(2).tolist(), variance.round(1).tolist()
    ([1.0], [2.0])
    """
    table = _table()
    row = _place(np.log(np.maximum(mean, 1e-300)), _LOG_MEANS)
    column = _place(np.log(np.maximum(dispersion, 1e-300)), _LOG_DISPERSIONS)
    moments = [np.exp(_bilinear(values, *row, *column)) for values in table]
    return moments[0], moments[1]


def _place(value: Floats, grid: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Return the interval of an even grid, and the position within it."""
    scaled = np.clip((value - grid[0]) / (grid[1] - grid[0]), 0, len(grid) - 1)
    low = np.minimum(scaled.astype(np.intp), len(grid) - 2)
    return low, scaled - low


def _bilinear(table: Floats, row: NDArray[np.intp], down: Floats, column: NDArray[np.intp], across: Floats) -> Floats:
    upper = table[row, column] * (1 - across) + table[row, column + 1] * across
    lower = table[row + 1, column] * (1 - across) + table[row + 1, column + 1] * across
    result: Floats = upper * (1 - down) + lower * down
    return result


@lru_cache(maxsize=1)
def _table() -> tuple[Floats, Floats]:
    """Return the logarithms of both moments, means × dispersions."""
    moments = [[_moments(mean, size) for size in np.exp(_LOG_DISPERSIONS)] for mean in np.exp(_LOG_MEANS)]
    logs = np.log(np.maximum(np.array(moments), 1e-300))
    return logs[:, :, 0], logs[:, :, 1]


def _moments(mean: float, dispersion: float) -> tuple[float, float]:
    """Sum over the counts that can occur; large ones in steps, each standing for its neighbours."""
    spread = float(np.sqrt(mean + dispersion * mean**2))
    end = mean + 12 * spread + 30 * (1 + dispersion * mean)
    near = np.linspace(max(mean - 10 * spread, 0), mean + 10 * spread, 400)
    nodes = np.unique(np.rint(np.concatenate([np.arange(120), near, np.geomspace(120, max(end, 121), 300)])))
    edges = np.concatenate([[nodes[0] - 0.5], (nodes[1:] + nodes[:-1]) / 2, [nodes[-1] + 0.5]])
    shape = 1 / dispersion
    log_mass = (
        special.gammaln(nodes + shape)
        - special.gammaln(nodes + 1)
        - special.gammaln(shape)
        + special.xlogy(nodes, mean / (mean + shape))
        - shape * np.log1p(mean / shape)
    )
    mass = np.exp(log_mass) * np.diff(edges)
    mass /= mass.sum()
    deviance = unit_deviance(nodes, np.full(len(nodes), mean), dispersion)
    first = float(mass @ deviance)
    return first, float(mass @ (deviance - first) ** 2)
