"""How strongly the markers of each population speak for it in each cluster: pure functions on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# A gene whose mean rises nowhere above this (log1p of counts per 10,000) is noise and speaks for nobody.
FLOOR = 0.2
_BINS = 8
# A population of which fewer markers are expressed anywhere cannot be told.
_FEWEST_MARKERS = 2
# What a present negative marker weighs against the positive ones.
_AGAINST = 0.5


def relative_expression(means: Array) -> Array:
    """Return each gene's expression as a share of its highest cluster, so that no gene outshouts another.

    Parameters
    ----------
    means
        Clusters × genes: mean log-normalised expression.

    Returns
    -------
    Clusters × genes, from 0 to 1. Leakage into a droplet stays small, since the true source sets the scale.
    """
    highest = np.maximum(means.max(axis=0), FLOOR)
    return np.asarray(means / highest)


def standardised(relative: Array, means: Array) -> Array:
    """Compare each marker in each cluster with markers of other populations, of like expression, in the same cluster.

    Markers are binned by their highest mean. Within a bin and cluster the mean and spread of relative expression say
    what somebody else's marker does there; the result is how far each gene departs from that. Taking the
    controls from the markers, and not from all genes, keeps a cluster that transcribes much of everything (a neuron,
    a cell under interferon) from drowning its own markers.

    Parameters
    ----------
    relative
        Clusters × marker genes, from :func:`relative_expression`.
    means
        Clusters × marker genes: mean log-normalised expression.

    Returns
    -------
    Clusters × marker genes, in standard deviations.
    """
    highest = means.max(axis=0)
    expressed = np.flatnonzero(highest > 0)
    result = np.zeros_like(relative)
    order = expressed[np.argsort(highest[expressed], kind="stable")]
    for genes in np.array_split(order, max(1, min(_BINS, len(order) // 50))):
        if len(genes) == 0:
            continue
        block = relative[:, genes]
        centre = block.mean(axis=1, keepdims=True)
        spread = np.maximum(block.std(axis=1, keepdims=True), 0.1)
        result[:, genes] = (block - centre) / spread
    return result


def population_evidence(z: Array, weights: Array) -> Array:
    """Sum the markers' departures into one number for each cluster and population.

    Positive markers are added as independent tests are (weighted Stouffer sum). Of the negative markers only
    those that are present count, against the population: their absence proves nothing.

    Parameters
    ----------
    z
        Clusters × genes, from :func:`standardised`.
    weights
        Populations × genes: positive for markers, negative for markers of what it is not, 0 elsewhere.

    Returns
    -------
    Clusters × populations, in standard deviations of a random marker set; NaN where too few positive markers are
    expressed anywhere to tell the population.
    """
    positive = np.maximum(weights, 0.0)
    negative = np.maximum(-weights, 0.0)
    measured = (positive > 0).sum(axis=1) >= _FEWEST_MARKERS
    speaking = (z @ positive.T) / np.maximum(np.sqrt((positive**2).sum(axis=1)), 1e-12)
    against = (np.maximum(z, 0.0) @ negative.T) / np.maximum(np.sqrt((negative**2).sum(axis=1)), 1e-12)
    evidence: Array = speaking - _AGAINST * against
    evidence[:, ~measured] = np.nan
    return evidence


def specificity_weights(signs: NDArray[np.int8], present: NDArray[Any]) -> Array:
    """Weigh a marker less the more populations claim it, and leave out what was not measured.

    Parameters
    ----------
    signs
        Populations × genes: +1, -1 or 0.
    present
        Genes: whether the gene is expressed anywhere in the data.

    Returns
    -------
    Populations × genes: +1/√n for a positive marker that n populations claim, -1 for a negative one.
    """
    claims = np.maximum((signs > 0).sum(axis=0), 1)
    weights = np.where(signs > 0, 1.0 / np.sqrt(claims), signs.astype(float))
    return np.asarray(weights * present)
