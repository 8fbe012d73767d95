"""How strongly the markers of each population speak for it in each cluster: pure functions on arrays.

A marker is either on in a cluster or not; a population expects its own markers on, those of its neighbours off, and of
all else what a cluster like this one has on anyway. The evidence is the logarithm of how much likelier the population
makes what is seen. A marker that was measured and is nowhere on speaks against its population, so that a cluster is not
named after the least foreign of populations that are all foreign to it.

How much of each marker gene a cluster has; neither few transcripts a cell nor few cells prove more than they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dolor.core.normalize import TARGET

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FEWEST_MARKERS",
    "Array",
    "cluster_levels",
    "control_rates",
    "expression_bins",
    "log_likelihood_ratio",
    "marker_weights",
    "switched_on",
]

Array = NDArray[np.float64]

# On: at least this share of the level in the cluster that has most of the gene; a marker that speaks against has to
# reach a larger one, since clusters are not pure and neighbours share a little of everything.
_SHARE_OF_HIGHEST, SHARE_AGAINST = 0.15, 0.4
# The highest level is judged as if each cluster held so many cells more, without the gene: chance sets it high in five
# cells, and it would put the gene off in hundreds.
_DOUBTED_CELLS = 10.0
# Below so many transcripts a cell, or so many among 10,000, nothing is on, whatever the other clusters hold.
_FEWEST_TRANSCRIPTS, _LOWEST_LEVEL = 0.03, 0.1
# On: so many times what leakage explains.
_TIMES_LEAKED = 3.0
_STEEPNESS = 3.0
# Difference of logarithms at which a gene counts half as much as one that is on in one cluster and off in another, and
# what the latter counts.
_SPREAD, _CONTRAST = 1.0, 1.2
# So many cells of an average cluster are added to each before clusters are compared: small ones are noisy.
_DOUBTED_IN_CONTRAST = 30.0
# How often a marker is on in its population.
_OWN = 0.8
# What a marker against that is on costs: five in a hundred of the population have it on, half of its neighbours.
_AGAINST = float(np.log(0.5 / 0.05))
# The share of control genes that are on, before any was seen, and as many genes as that belief is worth.
_CONTROL_PRIOR, _CONTROL_WEIGHT = 0.25, 4.0
_LEAST_CONTROL, _MOST_CONTROL = 0.05, 0.6
_GENES_A_BIN, _MOST_BINS = 60, 4
# A population of which fewer markers were measured cannot be told.
FEWEST_MARKERS = 2


def switched_on(
    levels: Array,
    library: float,
    leaked: Array | None = None,
    sizes: NDArray[np.int64] | None = None,
    share: float = _SHARE_OF_HIGHEST,
) -> Array:
    """Say how surely each gene is on in each cluster.

    Parameters
    ----------
    levels
        Clusters × genes: transcripts among 10,000.
    library
        Transcripts of a typical cell; on a panel these are few, and so is what one transcript proves.
    leaked
        Clusters × genes: what leakage into the droplets explains, among 10,000; none: nothing leaks.
    sizes
        Clusters: how many cells each has, where a level in a small one is to be no bar for the others; none: all count
        alike.

    Returns
    -------
    Clusters × genes, from 0 to 1.
    """
    floor = max(_LOWEST_LEVEL, _FEWEST_TRANSCRIPTS * TARGET / max(library, 1.0))
    proven = levels if sizes is None else levels * (sizes / (sizes + _DOUBTED_CELLS))[:, None]
    threshold = np.maximum(share * proven.max(axis=0), floor)
    if leaked is not None:
        threshold = np.maximum(threshold, _TIMES_LEAKED * leaked)
    return np.asarray(1 / (1 + (threshold / np.maximum(levels, 1e-6)) ** _STEEPNESS))


def expression_bins(highest: Array) -> NDArray[np.intp]:
    """Sort genes into bins of like expression, by their level in the cluster that has most."""
    n_bins = int(np.clip(len(highest) // _GENES_A_BIN, 1, _MOST_BINS))
    rank = np.argsort(np.argsort(highest, kind="stable"), kind="stable")
    return np.asarray(rank * n_bins // max(len(highest), 1), dtype=np.intp)


def control_rates(on: Array, bins: NDArray[np.intp], controls: NDArray[np.bool_]) -> Array:
    """Say how many control genes of like expression are on in each cluster.

    Control genes are markers of other populations, not any gene: a cluster that transcribes much of everything (a
    neuron, a cell under interferon) has no more of these, and so does not drown its own markers.

    Parameters
    ----------
    on
        Clusters × marker genes, from :func:`switched_on`.
    bins
        The bin of each gene.
    controls
        Genes that mark populations which can be told and are neither above nor below the one that is weighed.

    Returns
    -------
    Clusters × genes: the share of the controls in the gene's bin that are on.
    """
    rates = np.empty_like(on)
    for number in np.unique(bins):
        members = bins == number
        control = members & controls
        seen = on[:, control].sum(axis=1) + _CONTROL_PRIOR * _CONTROL_WEIGHT
        rates[:, members] = (seen / (control.sum() + _CONTROL_WEIGHT))[:, None]
    return np.clip(rates, _LEAST_CONTROL, _MOST_CONTROL)


def log_likelihood_ratio(on: Array, rates: Array, positive: Array, against: Array) -> Array:
    """Weigh what is on in each cluster for one population, against a cluster of nobody in particular.

    Parameters
    ----------
    on
        Clusters × genes, from :func:`switched_on`.
    rates
        Clusters × genes, from :func:`control_rates`.
    positive
        Genes: the weight of each marker, 0 for others.
    negative
        Genes: whether each speaks against the population. Only its presence counts: its absence proves little.

    Returns
    -------
    Clusters: natural logarithm of the ratio.
    """
    marks = positive > 0
    rate, seen = rates[:, marks], on[:, marks]
    gained = seen * np.log(_OWN / rate) + (1 - seen) * np.log((1 - _OWN) / (1 - rate))
    return np.asarray(gained @ positive[marks] - _AGAINST * against.sum(axis=1))


def contrast(
    levels: Array, library: float, sizes: NDArray[np.int64], positive: Array, negative: NDArray[np.bool_]
) -> Array:
    """Weigh for one population what tells like clusters apart: its markers where they are high, others where low.

    Each gene is placed between its lowest level in these clusters (-1) and its highest (1), and counts little where
    these are nearly the same. Among the clusters of one class this finds a type although its siblings express some of
    its markers too, which are then "on" in all of them.
    """
    floor = max(_LOWEST_LEVEL, _FEWEST_TRANSCRIPTS * 1e4 / max(library, 1.0))
    logged = np.log(levels + floor)
    mean = np.average(logged, axis=0, weights=sizes)
    logged = mean + (logged - mean) * (sizes / (sizes + _DOUBTED_IN_CONTRAST))[:, None]
    low, high = logged.min(axis=0), logged.max(axis=0)
    spread = high - low
    place = np.where(spread > 0, (2 * logged - low - high) / np.maximum(spread, 1e-9), 0.0)
    place *= spread**2 / (spread**2 + _SPREAD**2)
    return np.asarray(_CONTRAST * (place @ positive - place[:, negative].sum(axis=1) / 2))


def marker_weights(signs: NDArray[np.int8], rivals: NDArray[np.bool_]) -> Array:
    """Weigh a marker less the more rivals claim it: 1/√(1 + n), and 0 where it is no marker.

    Parameters
    ----------
    signs
        Populations × genes: +1, -1 or 0.
    rivals
        Populations × populations: whose claims count against each. Those above it in the tree are no rivals: a marker
        of T cells still tells CD8 T cells from cells of other kinds.

    Returns
    -------
    Populations × genes.
    """
    marks = signs > 0
    return np.asarray(marks / np.sqrt(1 + rivals.astype(np.int64) @ marks))


# Log-normalised expression counts transcripts among so many.
_AMONG = TARGET
# A gene is held to be in so many cells fewer than show it: of five cells one shows almost any gene by chance.
_DOUBTED_CELL = 1.0


def cluster_levels(
    logged: sparse.csr_matrix, clusters: pd.Series, library: float
) -> tuple[list[str], NDArray[np.float64]]:
    """Return the level of each gene in each cluster.

    Cells are averaged as logarithms, so that one cell with a great many transcripts does not speak for all. What is
    added before the logarithm is one transcript of a typical cell. Were it one among 10,000, a single transcript would
    count as hundreds on a panel of which a cell shows twenty, and a gene that every fifth cell of a population happens
    to show would all but vanish.

    Parameters
    ----------
    logged
        Cells × genes: log-normalised expression, log(1 + transcripts among 10,000).
    clusters
        The cluster of each cell.
    library
        Transcripts of a typical cell.

    Returns
    -------
    names
        The clusters.
    levels
        Clusters × genes: transcripts among 10,000. A gene that n cells show has n / (n + 1) of what they hold.
    """
    names = sorted(clusters.unique(), key=lambda name: (len(name), name))
    code = clusters.map({name: number for number, name in enumerate(names)}).to_numpy(dtype=np.int64)
    members = sparse.csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))), shape=(len(names), len(code)))
    share = min(library, _AMONG) / _AMONG
    values = np.log1p(np.expm1(logged.data.astype(np.float64)) * share)
    means = members @ sparse.csr_matrix((values, logged.indices, logged.indptr), shape=logged.shape)
    means = np.asarray(means.todense()) / np.bincount(code, minlength=len(names))[:, None]
    shown = sparse.csr_matrix((np.ones(logged.nnz), logged.indices, logged.indptr), shape=logged.shape)
    n_shown = np.asarray((members @ shown).todense())
    return names, np.expm1(means) / share * n_shown / (n_shown + _DOUBTED_CELL)
