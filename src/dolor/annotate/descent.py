"""Walking down the tree of populations as far as the evidence carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# How fast a lead in evidence turns into confidence: markers of one population go together, so that twenty of them are
# no twenty witnesses.
_TEMPERATURE = 1.5
# The evidence that "none of these" is worth: no tree knows every population.
_NONE = 1.0


@dataclass(frozen=True)
class Verdict:
    """Where the walk ended: the path from the lineage down, the confidence, and the strongest rival on the way."""

    path: tuple[str, ...]
    confidence: float
    second_best: str


UNDECIDED = Verdict((), 1.0, "")


def descend(
    evidence: Mapping[str, float],
    children: Mapping[str, Sequence[str]],
    candidates: Sequence[str],
    min_confidence: float,
    start: Verdict = UNDECIDED,
) -> Verdict:
    """Walk to the deepest population that the evidence supports.

    At each step the candidates compete with each other and with "none of these"; the winner's confidence is its share
    of exp(evidence). The walk stops where none of them wins, or where the product of the confidences falls below
    ``min_confidence``.

    Parameters
    ----------
    evidence
        Evidence of each population in this cluster, natural logarithm; populations that the data cannot tell are
        absent or NaN.
    children
        Populations below each population.
    candidates
        Where to begin: the lineages, or what stands below the end of ``start``.
    min_confidence
        Where the walk stops.
    start
        A walk that this one goes on with.

    Returns
    -------
    The verdict; an empty path is ``unassigned``.
    """
    best = {node: best_below(node, evidence, children) for node in _all_nodes(candidates, children)}
    path, confidence, second_best = start.path, start.confidence, start.second_best
    while candidates:
        told = [node for node in candidates if np.isfinite(best[node])]
        if not told:
            break
        order = sorted(told, key=lambda node: -best[node])
        share = _share_of_best(np.array([best[node] for node in order]))
        if best[order[0]] <= _NONE or confidence * share < min_confidence:
            second_best = order[0] if not path or not second_best else second_best
            break
        confidence *= share
        path = (*path, order[0])
        second_best = order[1] if len(order) > 1 else second_best
        candidates = children.get(order[0], ())
    return Verdict(path, confidence if path else 0.0, second_best)


def best_below(node: str, evidence: Mapping[str, float], children: Mapping[str, Sequence[str]]) -> float:
    """Return the best evidence of a population and of all below it, NaN if none can be told."""
    own = evidence.get(node, np.nan)
    below = [best_below(child, evidence, children) for child in children.get(node, ())]
    finite = [value for value in (own, *below) if np.isfinite(value)]
    return max(finite) if finite else float("nan")


def _share_of_best(strengths: np.ndarray) -> float:
    with_none = np.append(strengths, _NONE)
    return float(1.0 / np.exp((with_none - strengths[0]) / _TEMPERATURE).sum())


def _all_nodes(roots: Sequence[str], children: Mapping[str, Sequence[str]]) -> list[str]:
    nodes: list[str] = []
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting.extend(children.get(node, ()))
    return nodes
