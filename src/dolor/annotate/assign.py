"""Walking down the tree of populations as far as the evidence carries.

What an annotation rests on: the markers of each name, and what each cluster has and lacks of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.annotate.markers import switched_on

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

__all__ = ["UNDECIDED", "Verdict", "best_below", "cluster_table", "descend", "marker_evidence"]

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


def cluster_table(
    clusters: pd.Series,
    verdicts: Mapping[str, Verdict],
    levels: NDArray[np.float64],
    signs: pd.DataFrame,
    library: float,
) -> pd.DataFrame:
    """Return why each cluster bears its name.

    Parameters
    ----------
    clusters
        The cluster of each cell.
    verdicts
        The verdict of each cluster, in the order of the rows of ``levels``.
    levels
        Clusters × marker genes: transcripts among 10,000.
    signs
        Populations × marker genes: +1, -1 or 0.
    library
        Transcripts of a typical cell.

    Returns
    -------
    One row a cluster: ``cluster n_cells population confidence second_best``, and as text ``markers`` (of the
    population, on here), ``missing`` (measured, but not on) and ``against`` (on, and speaking against it).
    """
    sizes = clusters.value_counts()
    on = switched_on(levels, library, sizes=np.asarray(sizes.reindex(list(verdicts)), dtype=np.int64)) > 0.5
    rows = []
    for number, (name, verdict) in enumerate(verdicts.items()):
        population = verdict.path[-1] if verdict.path else ""
        sign = signs.loc[population] if population in signs.index else pd.Series(0, index=signs.columns)
        here = on[number]
        parts = [sign.index[mask] for mask in ((sign > 0) & here, (sign > 0) & ~here, (sign < 0) & here)]
        texts = [" ".join(genes) for genes in parts]
        rows.append((name, int(sizes[name]), population, verdict.confidence, verdict.second_best, *texts))
    columns = ["cluster", "n_cells", "population", "confidence", "second_best", "markers", "missing", "against"]
    return pd.DataFrame(rows, columns=columns)


def marker_evidence(labels: pd.Series, logged: sparse.csr_matrix, signs: pd.DataFrame) -> pd.DataFrame:
    """Return, for every cell type found, how its markers are expressed in it.

    Parameters
    ----------
    labels
        The cell type of each cell.
    logged
        Cells × marker genes, in the order of ``signs``: log-normalised expression.
    signs
        Populations × marker genes: +1 for a marker, -1 for a marker of what it is not.

    Returns
    -------
    Columns ``cell_type gene expected mean_expression detection n_cells``.
    """
    rows = []
    names = labels.astype(str).to_numpy()
    for cell_type in sorted(set(names) & set(signs.index)):
        expected = signs.loc[cell_type]
        telling = np.flatnonzero(expected.to_numpy() != 0)
        genes = expected.index[telling]
        values = logged[names == cell_type][:, telling]
        mean = np.asarray(values.mean(axis=0)).ravel()
        detection = np.asarray((values > 0).mean(axis=0)).ravel()
        for gene, sign, level, share in zip(genes, expected[genes], mean, detection, strict=True):
            rows.append((cell_type, gene, "+" if sign > 0 else "-", level, share, values.shape[0]))
    return pd.DataFrame(rows, columns=["cell_type", "gene", "expected", "mean_expression", "detection", "n_cells"])
