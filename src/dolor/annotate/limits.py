"""Which populations the measured genes cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from dolor.annotate.consensus import Candidates
from dolor.annotate.evidence import FEWEST_MARKERS

if TYPE_CHECKING:
    from dolor.knowledge.population_form import Population

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
