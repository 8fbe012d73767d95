"""What travels within each place of the pain axis: which mediators, from whom, to whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dolor.knowledge import catalog
from dolor.pl.theme import lineage_of

__all__ = ["ALWAYS_SHOWN", "AXIS", "Traffic", "columns_of", "crossing", "joint_effect", "pain_effects", "traffic_of"]

# The pain axis, from where pain arises to where it is felt: the order in which datasets and places are shown.
AXIS = ("skin", "joint", "viscera", "bone", "nerve", "drg", "spinal_cord", "brain")
ALWAYS_SHOWN = ("skin", "nerve", "drg", "spinal_cord", "brain")


@dataclass(frozen=True)
class Traffic:
    """What travels within one place.

    Attributes
    ----------
    mediators
        One row a (mediator, effect on pain), the largest change first: ``mediator pain_effect size trend``.
    links
        One row a (mediator, effect on pain, side, population): ``size`` is the largest change among its signals.
    signals
        Number of signals, those included for which the drawing has no room.
    """

    mediators: pd.DataFrame
    links: pd.DataFrame
    signals: int


def traffic_of(rows: pd.DataFrame, most: int) -> Traffic:
    """Gather the signals of a place by mediator.

    Parameters
    ----------
    rows
        One row a signal: ``sender receiver mediator pain_effect`` and ``effect`` (log2 change).
    most
        Number of mediators kept, those with the largest change.
    """
    key = ["mediator", "pain_effect"]
    sized = rows.assign(size=rows["effect"].abs(), sign=np.where(rows["effect"] > 0, 1, -1))
    mediators = sized.groupby(key, sort=True).agg(size=("size", "max"), trend=("sign", "mean")).reset_index()
    mediators = mediators.sort_values("size", ascending=False, kind="stable").head(most)
    sides = [
        sized.groupby([*key, side], sort=True)["size"].max().reset_index(name="size")
        .rename(columns={side: "population"}).assign(side=side)
        for side in ("sender", "receiver")
    ]  # fmt: skip
    links = pd.concat(sides, ignore_index=True).merge(mediators[key], on=key)
    return Traffic(mediators.reset_index(drop=True), links, len(rows))


def columns_of(traffic: Traffic, most: int) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """Order senders, mediators and receivers; a population stands at the mean height of its mediators."""
    mediators = list(zip(traffic.mediators["mediator"], traffic.mediators["pain_effect"], strict=True))
    rank = {pair: place for place, pair in enumerate(mediators)}
    links = traffic.links
    links = links.assign(rank=[rank[pair] for pair in zip(links["mediator"], links["pain_effect"], strict=True)])
    sides = []
    for side in ("sender", "receiver"):
        its = links[links["side"] == side].groupby("population").agg(size=("size", "max"), rank=("rank", "mean"))
        kept = its.sort_values("size", ascending=False, kind="stable").head(most)
        sides.append([str(name) for name in kept.sort_values("rank", kind="stable").index])
    return sides[0], mediators, sides[1]


def crossing(hits: pd.DataFrame) -> pd.DataFrame:
    """Keep the signals between neurons and other cells; where there are none, as in nerve, those of immune cells."""
    lineage = {side: hits[side].astype(str).map(lineage_of) for side in ("sender", "receiver")}
    between = (lineage["sender"] == "neuron") != (lineage["receiver"] == "neuron")
    immune = (lineage["sender"] == "immune") | (lineage["receiver"] == "immune")
    return hits[between] if between.any() else hits[immune]


def pain_effects() -> pd.DataFrame:
    """Say for each interaction of the catalog its mediator and its effect on pain.

    Returns
    -------
    By ``interaction_id``: ``mediator``, ``pain_effect``.
    """
    effect_of = catalog.mediators().set_index("id")["effect"].astype(str)
    pairs = catalog.interactions("human").set_index("interaction_id")
    return pd.DataFrame(
        {
            "mediator": pairs["mediator"].str.replace(";", ", ", regex=False),
            "pain_effect": [joint_effect(effect_of[ids.split(";")]) for ids in pairs["catalog_ids"]],
        },
        index=pairs.index,
    )


def joint_effect(effects: Iterable[str]) -> str:
    """Say one effect on pain for all statements of an interaction; where they differ it is dual, never an average.

    Examples
    --------
    >>> joint_effect(["pro", "not_evaluated"]), joint_effect(["pro", "anti"])
    ('pro', 'dual')
    """
    distinct = set(effects) - {"not_evaluated"}
    if not distinct:
        return "not_evaluated"
    return distinct.pop() if len(distinct) == 1 else "dual"
