"""Walking down the tree of populations as far as the evidence carries."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# Evidence, in standard deviations of a random marker set, without which nothing is believed.
_LEAST_EVIDENCE = 2.5
# How fast a lead in evidence turns into confidence.
_TEMPERATURE = 1.0


@dataclass(frozen=True)
class Verdict:
    """Where the walk ended: the path from the lineage down, the confidence, and the strongest rival on the way."""

    path: tuple[str, ...]
    confidence: float
    second_best: str


def descend(
    evidence: Mapping[str, float],
    children: Mapping[str, Sequence[str]],
    roots: Sequence[str],
    min_confidence: float,
    ends: Container[str] = (),
) -> Verdict:
    """Walk from the roots to the deepest population that the evidence supports.

    At each step the children compete with the best evidence in their subtrees; the winner's confidence is its share
    of exp(evidence). The walk stops where the winner has too little evidence, or where the product of the
    confidences falls below ``min_confidence``.

    Parameters
    ----------
    evidence
        Evidence of each population in this cluster; populations that the data cannot tell are absent or NaN.
    children
        Populations below each population that may live here.
    roots
        The lineages.
    min_confidence
        Where the walk stops.
    ends
        Populations below which the walk does not go, whatever the evidence there.

    Returns
    -------
    The verdict; an empty path is ``unassigned``.
    """
    best = {node: best_below(node, evidence, children) for node in _all_nodes(roots, children)}
    path: list[str] = []
    confidence, second_best = 1.0, ""
    candidates = list(roots)
    while candidates:
        strengths = np.array([best[node] for node in candidates])
        if not np.isfinite(strengths).any():
            break
        order = np.argsort(-np.nan_to_num(strengths, nan=-np.inf), kind="stable")
        winner = candidates[order[0]]
        share = _share_of_best(strengths)
        if strengths[order[0]] < _LEAST_EVIDENCE or confidence * share < min_confidence:
            second_best = second_best or winner
            break
        confidence *= share
        if len(order) > 1:
            second_best = candidates[order[1]]
        path.append(winner)
        candidates = [] if winner in ends else list(children.get(winner, ()))
    return Verdict(tuple(path), confidence if path else 0.0, second_best)


def _share_of_best(strengths: np.ndarray) -> float:
    finite = strengths[np.isfinite(strengths)]
    return float(1.0 / np.exp((finite - finite.max()) / _TEMPERATURE).sum())


def _all_nodes(roots: Sequence[str], children: Mapping[str, Sequence[str]]) -> list[str]:
    nodes: list[str] = []
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting.extend(children.get(node, ()))
    return nodes


def best_below(node: str, evidence: Mapping[str, float], children: Mapping[str, Sequence[str]]) -> float:
    """Return the best evidence of a population and of all below it, NaN if none can be told."""
    own = evidence.get(node, np.nan)
    below = [best_below(child, evidence, children) for child in children.get(node, ())]
    finite = [value for value in (own, *below) if np.isfinite(value)]
    return max(finite) if finite else float("nan")
