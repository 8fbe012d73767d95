"""Transcripts that leakage is expected to leave in the sums of each population. Pure functions on arrays.

Every droplet takes up about as many ambient transcripts. A gene that one population has and others lack shows how many:
what is seen of it in the populations that lack it. Sums over cells are used, and populations are judged silent over all
samples together, so that few cells and zeros in small populations do not pull the estimate down. Doublets that nobody
removed add the same mixture of the sample's cells, and are included in the estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Leakage", "estimate_leakage", "expected_leakage", "mixture_profiles", "weighted_median"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# A gene is silent in a population where its share is at most this part of its largest share in any.
SILENT = 1 / 30
_MOST_GENES, _FEWEST_GENES = 50, 10
_FEWEST_POPULATIONS, _FEWEST_CELLS = 3, 20


@dataclass(frozen=True)
class Leakage:
    """Leakage of each sample.

    Attributes
    ----------
    per_cell
        S, ambient transcripts per droplet; NaN where they cannot be estimated.
    n_genes
        S, genes that they were estimated from.
    used
        G, genes that at least one sample's estimate rests on.
    """

    per_cell: Floats
    n_genes: NDArray[np.intp]
    used: Bools


def expected_leakage(profiles: Floats, leaked_per_cell: Floats, cells: NDArray[np.integer] | Floats) -> Floats:
    """Return what leakage is expected to leave in the summed counts.

    Parameters
    ----------
    profiles
        S × G, ambient profile of each sample (each row sums to 1 over all genes of the data, measured here or not).
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
    per_droplet = np.asarray(leaked_per_cell)[:, None] * profiles
    return np.asarray(np.asarray(cells, dtype=float)[:, :, None] * per_droplet[:, None, :])


def mixture_profiles(counts: Floats, library: Floats) -> Floats:
    """Return the mixture of each sample's cells (S × G), an ambient profile where there are no empty droplets.

    Parameters
    ----------
    counts
        S × T × G, summed counts.
    library
        S × T, counts over all genes.
    """
    return np.asarray(counts.sum(axis=1) / np.maximum(library.sum(axis=1), 1.0)[:, None])


def estimate_leakage(counts: Floats, cells: NDArray[np.integer] | Floats, library: Floats, profiles: Floats) -> Leakage:
    """Estimate how many ambient transcripts a droplet of each sample holds.

    Parameters
    ----------
    counts
        S × T × G, summed counts of the populations; more genes than ligands and receptors make it surer.
    cells
        S × T, number of cells.
    library
        S × T, counts over all genes.
    profiles
        S × G, ambient profile of each sample: that of its empty droplets, or :func:`mixture_profiles`.

    Returns
    -------
    For each sample the weighted median, over the genes of which most leakage is expected, of what silent populations
    hold of a gene against what one ambient transcript per droplet would leave there. Every second such gene is used:
    the others can show how far the estimate is off. Fewer than ten, or fewer than three populations of at least 20
    cells, give NaN.
    """
    n_samples, _, n_genes = counts.shape
    cells = np.asarray(cells, dtype=float)
    per_cell, number, used = np.full(n_samples, np.nan), np.zeros(n_samples, np.intp), np.zeros(n_genes, dtype=bool)
    large = cells.sum(axis=0) >= _FEWEST_CELLS
    if large.sum() < _FEWEST_POPULATIONS:
        return Leakage(per_cell, number, used)
    share = counts.sum(axis=0) / np.maximum(library.sum(axis=0), 1.0)[:, None]
    richest = share[large].max(axis=0)
    silent = (share <= SILENT * richest) & large[:, None] & (richest > 0)
    telling = np.flatnonzero((2 * silent.sum(axis=0) >= large.sum()) & (profiles.sum(axis=0) > 0))
    # Every second one, from those that leak most; the others are held out.
    telling = telling[np.argsort(-profiles[:, telling].sum(axis=0), kind="stable")][::2]
    for s in range(n_samples):
        expected = profiles[s] * (cells[s] @ silent)
        told = telling[expected[telling] > 0]
        told = told[np.argsort(-expected[told], kind="stable")][:_MOST_GENES]
        number[s] = len(told)
        if len(told) >= _FEWEST_GENES:
            seen = (counts[s][:, told] * silent[:, told]).sum(axis=0)
            per_cell[s] = weighted_median(seen / expected[told], expected[told])
            used[told] = True
    return Leakage(per_cell, number, used)


def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the value below which half of the weight lies."""
    return float(np.quantile(values, 0.5, weights=weights, method="inverted_cdf"))
