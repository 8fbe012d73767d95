"""The name of each cluster: first its class among all clusters, then its type among the clusters of that class.

Which populations the measured genes cannot tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.annotate.assign import Verdict, best_below, descend
from dolor.annotate.markers import (
    FEWEST_MARKERS,
    SHARE_AGAINST,
    contrast,
    control_rates,
    expression_bins,
    log_likelihood_ratio,
    marker_weights,
    switched_on,
)

if TYPE_CHECKING:
    from dolor.knowledge.population_files import Population
    from dolor.knowledge.populations import PopulationTree

__all__ = [
    "NEIGHBOURS",
    "Candidates",
    "candidates",
    "class_evidence",
    "cluster_evidence",
    "limits_sentence",
    "name_clusters",
    "panel_limits",
]

# Evidence that the class of the larger cluster is worth: as much as two or three markers.
_BELIEF = 4.0
# What a lineage's own markers add to the best of its classes: a lineage is a loose group, not all of which has them.
_FROM_LINEAGE = 0.5
# What a class adds for the best of its types and states: their markers are partly its own, and a state may have lost
# those of its class, as activated microglia have.
_FROM_TYPES = 0.5
# Evidence that a population has to bring which lives next door and not here.
_FOREIGN_PRIOR = 6.0
# Whose cells a dissection of a compartment may carry along: roots hold cells of ganglion and cord.
NEIGHBOURS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"drg": ("spinal_cord",), "spinal_cord": ("drg",), "nerve": ("drg",)}
)


@dataclass(frozen=True)
class Candidates:
    """Who competes for names in a compartment.

    Attributes
    ----------
    children
        The populations below each population, states among them.
    roots
        The lineages.
    foreign
        Populations that live next door only.
    tree
        The tree.
    """

    children: Mapping[str, Sequence[str]]
    roots: Sequence[str]
    foreign: frozenset[str]
    tree: PopulationTree

    @property
    def classes(self) -> list[str]:
        """The classes."""
        return [node for node in self.children if self.tree.level(node) == "class"]


def candidates(tree: PopulationTree, compartment: str) -> Candidates:
    """Say who competes in a compartment: who lives there, and who lives next door."""
    here = set(tree.allowed_in(compartment))
    near = {
        node
        for other in NEIGHBOURS.get(compartment, ())
        for node in tree.allowed_in(other)
        # Of a class that lives here too, the types from next door could not be told from those at home.
        if tree.level(node) == "lineage" or tree.level_of(node, "class") not in here
    }
    known = here | near
    children = {node: [child for child in tree.children(node) if child in known] for node in known}
    return Candidates(children, [node for node in tree.roots() if node in known], frozenset(near - here), tree)


def name_clusters(
    levels: NDArray[np.float64],
    signs: pd.DataFrame,
    who: Candidates,
    min_confidence: float,
    *,
    library: float,
    leaked: NDArray[np.float64] | None = None,
    sizes: NDArray[np.int64] | None = None,
    believed: Sequence[str] = (),
    alike: Sequence[str] = (),
) -> list[Verdict]:
    """Walk every cluster down the tree.

    Parameters
    ----------
    levels
        Clusters × marker genes: transcripts among 10,000.
    signs
        Populations × marker genes: +1, -1 or 0.
    who
        The populations that compete.
    min_confidence
        Where a walk stops.
    library
        Transcripts of a typical cell.
    leaked
        Clusters × marker genes: what leakage explains.
    sizes
        Clusters: how many cells each has, so that a small one sets no bar for all. Among the clusters of one class they
        count alike: there a small subset is what is sought.
    believed
        For each cluster the class of the larger cluster that it was cut from, or an empty text. A small cluster is
        noisier than that, so that another class must outdo this one by a clear margin, and so must nobody at all.

    Returns
    -------
    One verdict a cluster.
    """
    among_all = cluster_evidence(levels, signs, who, library, leaked, sizes)
    of_class = class_evidence(among_all, who)
    size = np.full(len(levels), 1000) if sizes is None else sizes
    for name in sorted(set(believed) - {""}):
        of_class.loc[np.array(believed) == name, name] += _BELIEF
    for name in sorted(set(alike)):
        members = np.array(alike) == name
        if members.sum() > 1:
            part = contrast_evidence(levels[members], signs, who, library, size[members])
            compared = class_evidence(part, who, best_only=True)
            _add_within_lineage(of_class, compared, members, believed[int(np.flatnonzero(members)[0])], who)
    as_lineage = {root: [node for node in who.children[root] if node in of_class.columns] for root in who.roots}
    verdicts = []
    for own, row in zip(_records(among_all), _records(of_class), strict=True):
        lineages = {
            root: _FROM_LINEAGE * float(np.nan_to_num(own.get(root, 0.0))) + best_below(root, row, as_lineage)
            for root in who.roots
        }
        first = descend(lineages, {}, who.roots, min_confidence)
        below = as_lineage[first.path[-1]] if first.path else []
        verdicts.append(descend(row, {}, below, min_confidence, first) if below else first)
    for name in who.classes:
        members = [number for number, verdict in enumerate(verdicts) if verdict.path and verdict.path[-1] == name]
        if members:
            within = (
                contrast_evidence(levels[members], signs, who, library, size[members]) if len(members) > 1 else None
            )
            for number, kinds in zip(members, _types(among_all.iloc[members], within, who), strict=True):
                verdicts[number] = descend(kinds, who.children, who.children[name], min_confidence, verdicts[number])
    return verdicts


def _add_within_lineage(
    of_class: pd.DataFrame, compared: pd.DataFrame, members: NDArray[np.bool_], believed: str, who: Candidates
) -> None:
    for name in compared.columns.intersection(of_class.columns):
        if believed and who.tree.parent(name) == who.tree.parent(believed):
            of_class.loc[members, name] += compared[name].to_numpy()


def cluster_evidence(
    levels: NDArray[np.float64],
    signs: pd.DataFrame,
    who: Candidates,
    library: float,
    leaked: NDArray[np.float64] | None = None,
    sizes: NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """Return the evidence of each population (columns) in each cluster (rows), relative to the clusters given.

    Populations of which too few markers were measured are NaN.
    """
    sign = signs.to_numpy()
    resident = ~signs.index.isin(who.foreign)
    above = np.array([signs.index.isin({name, *who.tree.ancestors(name)}) for name in signs.index])
    weights = marker_weights(sign, resident & ~above)
    on = switched_on(levels, library, leaked, sizes)
    against = switched_on(levels, library, leaked, sizes, share=SHARE_AGAINST)
    bins = expression_bins(levels.max(axis=0))
    told = (sign > 0).sum(axis=1) >= FEWEST_MARKERS
    marks_told = (sign[told & resident] > 0).any(axis=0)
    evidence = {}
    for row, name in enumerate(signs.index):
        if not told[row]:
            evidence[name] = np.full(len(levels), np.nan)
            continue
        akin = signs.index.isin({name, *who.tree.ancestors(name), *who.tree.descendants(name)})
        rates = control_rates(on, bins, marks_told & ~(sign[akin] > 0).any(axis=0))
        evidence[name] = log_likelihood_ratio(on, rates, weights[row], against[:, sign[row] < 0])
        evidence[name] -= _FOREIGN_PRIOR * (name in who.foreign)
    return pd.DataFrame(evidence)


def contrast_evidence(
    levels: NDArray[np.float64], signs: pd.DataFrame, who: Candidates, library: float, sizes: NDArray[np.int64]
) -> pd.DataFrame:
    """Return what speaks for each population in each of some like clusters, as compared with the others."""
    sign = signs.to_numpy()
    resident = ~signs.index.isin(who.foreign)
    above = np.array([signs.index.isin({name, *who.tree.ancestors(name)}) for name in signs.index])
    weights = marker_weights(sign, resident & ~above)
    told = (sign > 0).sum(axis=1) >= FEWEST_MARKERS
    return pd.DataFrame(
        {
            name: contrast(levels, library, sizes, weights[row], sign[row] < 0)
            if told[row]
            else np.full(len(levels), np.nan)
            for row, name in enumerate(signs.index)
        }
    )


def class_evidence(among_all: pd.DataFrame, who: Candidates, *, best_only: bool = False) -> pd.DataFrame:
    """Add to each class a part of the evidence of its best type or state; where it has none itself, that is all."""
    total = {}
    for name in who.classes:
        below = [node for node in who.tree.descendants(name) if node in among_all]
        own = among_all[name] if name in among_all else pd.Series(np.nan, index=among_all.index)
        if below:
            best = among_all[below].max(axis=1)
            if best_only:
                total[name] = pd.concat([own, best], axis=1).max(axis=1).fillna(0.0)
                continue
            own = own.fillna(0.0) + _FROM_TYPES * best.clip(lower=0.0) if own.notna().any() else best
        if own.notna().any():
            total[name] = own
    return pd.DataFrame(total, index=among_all.index)


def _types(among_all: pd.DataFrame, within: pd.DataFrame | None, who: Candidates) -> list[dict[str, float]]:
    """Weigh the types and states of one class: what tells them apart is seen best among their own clusters alone.

    For a type the evidence among all clusters is averaged in, so that noise within a uniform class founds no type.
    A state is a difference from one's own kind, so that it is seen within the class or not at all.
    """
    states = [name for name in among_all.columns if who.tree.level(name) == "state"]
    both = among_all.reset_index(drop=True)
    if within is None:
        both = both.assign(**dict.fromkeys(states, np.nan))
    else:
        both = both / 2 + within
        both[states] = within[states]
    return _records(both)


def _records(table: pd.DataFrame) -> list[dict[str, float]]:
    """Return the rows as mappings."""
    columns = list(map(str, table.columns))
    return [dict(zip(columns, row, strict=True)) for row in table.to_numpy(dtype=float).tolist()]


_NAMED = 6


def panel_limits(known: Sequence[Population], signs: pd.DataFrame, who: Candidates, organism: str) -> pd.DataFrame:
    """List the populations of the compartment that cannot be told from the measured genes.

    Parameters
    ----------
    known
        The populations with their markers.
    signs
        Populations × measured marker genes: +1, -1 or 0.
    who
        Who competes.
    organism
        ``mouse`` or ``human``.

    Returns
    -------
    One row a population that lives here and cannot be told: ``population``, ``level``, ``n_markers`` (that are known),
    ``n_measured``, ``reason`` (``few_markers``: fewer than two were measured; ``same_markers``: all that were measured
    mark another population at its side too, named in ``like``).
    """
    measured = {name: frozenset(row.index[row.to_numpy() > 0]) for name, row in signs.iterrows()}
    rows = []
    for population in known:
        name = population.id
        if name not in who.children or name in who.foreign:
            continue
        own = measured.get(name, frozenset())
        n_known = len(population.positive.get(organism, ()))
        beside = [node for node in who.children.get(population.parent, who.roots) if node != name]
        like = [node for node in beside if own <= measured.get(node, frozenset())]
        if len(own) < FEWEST_MARKERS:
            rows.append((name, population.level, n_known, len(own), "few_markers", ""))
        elif like:
            rows.append((name, population.level, n_known, len(own), "same_markers", like[0]))
    return pd.DataFrame(rows, columns=["population", "level", "n_markers", "n_measured", "reason", "like"])


def limits_sentence(limits: pd.DataFrame) -> str:
    """Say in one sentence what cannot be told; empty if all can.

    Examples
    --------
    >>> limits_sentence(pd.DataFrame({"population": ["glia"], "level": ["lineage"]}))
    'these genes cannot tell 1 population (glia): a cell of it stays unassigned or keeps a broader name'
    """
    if limits.empty:
        return ""
    ranked = limits.assign(rank=limits["level"].map({"lineage": 0, "class": 1, "type": 2, "state": 3}))
    names = ranked.sort_values("rank", kind="stable")["population"].tolist()
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    noun = "population" if len(names) == 1 else "populations"
    return (
        f"these genes cannot tell {len(names)} {noun} ({', '.join(names[:_NAMED])}{more}): "
        "a cell of it stays unassigned or keeps a broader name"
    )
