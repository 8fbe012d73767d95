"""The name of each cluster: first its class among all clusters, then its type among the clusters of that class."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.annotate.descent import Verdict, best_below, descend
from dolor.annotate.evidence import FLOOR, population_evidence, relative_expression, specificity_weights, standardised

if TYPE_CHECKING:
    from dolor.knowledge.populations import PopulationTree

# Evidence, in standard deviations, that the class of the larger cluster is worth.
_BELIEF = 2.0


def name_clusters(
    means: NDArray[np.float64],
    signs: pd.DataFrame,
    tree: PopulationTree,
    compartment: str,
    min_confidence: float,
    believed: Sequence[str] = (),
) -> list[Verdict]:
    """Walk every cluster down the tree.

    Parameters
    ----------
    means
        Clusters × marker genes: mean log-normalised expression.
    signs
        Populations × marker genes: +1, -1 or 0.
    tree
        The tree of populations.
    compartment
        Only populations that live here compete.
    min_confidence
        Where a walk stops.
    believed
        For each cluster the class of the larger cluster that it was cut from, or an empty text. A small cluster is
        noisier than that, so that another class must outdo this one by a clear margin.

    Returns
    -------
    One verdict a cluster.
    """
    allowed = set(tree.allowed_in(compartment))
    children = {node: [child for child in tree.children(node) if child in allowed] for node in allowed}
    classes = {node for node in allowed if tree.level_of(node, "class") == node}
    states = [node for node in signs.index if tree.level_of(node, "state")]
    # A state says what a cell does, not who it is: a cycling fibroblast is no immune cell for cycling.
    lending = {
        node: [child for child in below if not tree.level_of(child, "state")] for node, below in children.items()
    }
    roots = [node for node in tree.roots() if node in allowed]
    among_all = evidence_among(means, signs)
    rows = [dict(row) for _, row in among_all.iterrows()]
    for row, name in zip(rows, believed, strict=False):
        if name:
            row[name] = best_below(name, row, lending) + _BELIEF
    verdicts = [descend(row, lending, roots, min_confidence, classes) for row in rows]
    for members in _clusters_by_class(verdicts, classes):
        within = _evidence_within(means[members], among_all.iloc[members], signs, states)
        for cluster, evidence in zip(members, within, strict=True):
            verdicts[cluster] = _deeper(verdicts[cluster], evidence, children, min_confidence)
    return verdicts


def evidence_among(means: NDArray[np.float64], signs: pd.DataFrame) -> pd.DataFrame:
    """Return the evidence of each population (columns) in each cluster (rows), relative to the clusters given."""
    weights = specificity_weights(signs.to_numpy(), means.max(axis=0) > FLOOR)
    z = standardised(relative_expression(means), means)
    return pd.DataFrame(population_evidence(z, weights), columns=signs.index)


def _clusters_by_class(verdicts: Sequence[Verdict], classes: Container[str]) -> list[list[int]]:
    members: dict[str, list[int]] = {}
    for cluster, verdict in enumerate(verdicts):
        if verdict.path and verdict.path[-1] in classes:
            members.setdefault(verdict.path[-1], []).append(cluster)
    return list(members.values())


def _evidence_within(
    means: NDArray[np.float64], among_all: pd.DataFrame, signs: pd.DataFrame, states: list[str]
) -> list[dict[str, float]]:
    """Weigh the types and states of one class: what tells them apart is seen best among their own clusters alone.

    For a type the evidence among all clusters is averaged in, so that noise within a uniform class founds no type.
    A state is a difference from one's own kind, so that it is seen within the class or not at all.
    """
    both = among_all.reset_index(drop=True)
    if len(means) == 1:
        both = both.assign(**dict.fromkeys(states, np.nan))
    else:
        within = evidence_among(means, signs)
        both = (both + within) / 2
        both[states] = within[states]
    return [dict(row) for _, row in both.iterrows()]


def _deeper(
    verdict: Verdict, evidence: dict[str, float], children: dict[str, list[str]], min_confidence: float
) -> Verdict:
    """Walk on from the class."""
    below = descend(evidence, children, children[verdict.path[-1]], min_confidence / max(verdict.confidence, 1e-12))
    if not below.path:
        return Verdict(verdict.path, verdict.confidence, below.second_best or verdict.second_best)
    return Verdict(verdict.path + below.path, verdict.confidence * below.confidence, below.second_best)
