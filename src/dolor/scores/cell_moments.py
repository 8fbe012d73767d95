"""Moments of group means when the cells of a sample are dealt out to its cell types at random.

With N cells, and groups that keep their sizes n, the mean of a group is that of a sample drawn without replacement from
a finite population. Its moments are exact: nothing is permuted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Population", "between", "population", "within"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """Central moments, over the N cells of a sample, of G genes and of P pairs of genes (a, b).

    Attributes
    ----------
    size
        N.
    mean, m2, m3
        G.
    m11, m21, m12
        P: means of ab, a²b and ab², each about the means of a and b.
    """

    size: float
    mean: Floats
    m2: Floats
    m3: Floats
    m11: Floats
    m21: Floats
    m12: Floats


def population(
    size: float, s1: Floats, s2: Floats, s3: Floats, first: NDArray[np.intp], second: NDArray[np.intp], cross: Floats
) -> Population:
    """Turn sums over cells into central moments.

    Parameters
    ----------
    size
        Number of cells.
    s1, s2, s3
        G, sums of x, x², x³.
    first, second
        P, genes of each pair.
    cross
        P × 3, sums of x_a x_b, x_a² x_b, x_a x_b².
    """
    mean, raw2, raw3 = s1 / size, s2 / size, s3 / size
    raw11, raw21, raw12 = (cross / size).T
    a, b = mean[first], mean[second]
    return Population(
        size=size,
        mean=mean,
        m2=np.where(raw2 - mean**2 > 1e-12 * raw2, raw2 - mean**2, 0.0),
        m3=raw3 - 3 * mean * raw2 + 2 * mean**3,
        m11=raw11 - a * b,
        m21=raw21 - 2 * a * raw11 - b * raw2[first] + 2 * a**2 * b,
        m12=raw12 - 2 * b * raw11 - a * raw2[second] + 2 * b**2 * a,
    )


def within(n: Floats, size: float) -> tuple[Floats, Floats]:
    """Return what turns second and third moments of the population into those of the mean of n cells.

    The same factors hold for mixed moments of several genes in one group.
    """
    if size < 2:
        return np.zeros_like(n), np.zeros_like(n)
    second = (size - n) / (n * (size - 1))
    third = (size - n) * (size - 2 * n) / (n**2 * (size - 1) * (size - 2)) if size > 2 else np.zeros_like(n)
    return second, third


def between(n: Floats, size: float) -> tuple[float, Floats]:
    """Return the factors for two different groups: of m11, and of m21 where a is in the group of n cells."""
    if size < 3:
        return (-1.0 / (size - 1) if size > 1 else 0.0), np.zeros_like(n)
    return -1.0 / (size - 1), -(size - 2 * n) / (n * (size - 1) * (size - 2))
