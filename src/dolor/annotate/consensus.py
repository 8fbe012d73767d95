"""The name of each cluster: first its class among all clusters, then its type among the clusters of that class."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.annotate.descent import Verdict, descend
from dolor.annotate.evidence import population_evidence, relative_expression, specificity_weights, standardised

if TYPE_CHECKING:
    from dolor.knowledge.populations import PopulationTree


def name_clusters(
    means: NDArray[np.float64],
    signs: pd.DataFrame,
    tree: PopulationTree,
    compartment: str,
    min_confidence: float,
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

    Returns
    -------
    One verdict a cluster.
    """
    allowed = set(tree.allowed_in(compartment))
    children = {node: [child for child in tree.children(node) if child in allowed] for node in allowed}
    classes = {node for node in allowed if tree.level_of(node, "class") == node}
    roots = [node for node in tree.roots() if node in allowed]
    among_all = evidence_among(means, signs)
    verdicts = [descend(dict(row), children, roots, min_confidence, classes) for _, row in among_all.iterrows()]
    for members in _clusters_by_class(verdicts, classes):
        verdicts_within = _descend_within(means[members], among_all.iloc[members], signs, children)
        for cluster, evidence in zip(members, verdicts_within, strict=True):
            verdicts[cluster] = _deeper(verdicts[cluster], evidence, children, min_confidence)
    return verdicts


def evidence_among(means: NDArray[np.float64], signs: pd.DataFrame) -> pd.DataFrame:
    """Return the evidence of each population (columns) in each cluster (rows), relative to the clusters given."""
    weights = specificity_weights(signs.to_numpy(), means.max(axis=0) > 0)
    z = standardised(relative_expression(means), means)
    return pd.DataFrame(population_evidence(z, weights), columns=signs.index)


def _clusters_by_class(verdicts: Sequence[Verdict], classes: Container[str]) -> list[list[int]]:
    members: dict[str, list[int]] = {}
    for cluster, verdict in enumerate(verdicts):
        if verdict.path and verdict.path[-1] in classes:
            members.setdefault(verdict.path[-1], []).append(cluster)
    return list(members.values())


def _descend_within(
    means: NDArray[np.float64], among_all: pd.DataFrame, signs: pd.DataFrame, children: dict[str, list[str]]
) -> list[dict[str, float]]:
    """Weigh the types of one class: what tells them apart is seen best among their own clusters alone.

    The evidence among all clusters is averaged in, so that noise within a uniform class founds no type.
    """
    if len(means) == 1:
        return [dict(row) for _, row in among_all.iterrows()]
    within = evidence_among(means, signs)
    both = (among_all.reset_index(drop=True) + within) / 2
    return [dict(row) for _, row in both.iterrows()]


def _deeper(
    verdict: Verdict, evidence: dict[str, float], children: dict[str, list[str]], min_confidence: float
) -> Verdict:
    """Walk on from the class."""
    below = descend(evidence, children, children[verdict.path[-1]], min_confidence / max(verdict.confidence, 1e-12))
    if not below.path:
        return Verdict(verdict.path, verdict.confidence, below.second_best or verdict.second_best)
    return Verdict(verdict.path + below.path, verdict.confidence * below.confidence, below.second_best)
