"""The exact check beside the contrasts: exchanged labels for every comparison of two conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.contrasts.linear.design import variables_of
from dolor.contrasts.permutation import relabel
from dolor.core.errors import DesignError
from dolor.pseudobulk.expression import Complexes

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["exchangeable_within", "with_relabeling"]

_PLACE = ("sender", "receiver", "interaction_id")


def with_relabeling(
    contrasts: pd.DataFrame,
    profiles: AnnData,
    interactions: pd.DataFrame,
    formula: str,
    *,
    number: int,
    seed: int = 0,
    min_detection: float = 0.01,
    complexes: Complexes = "min",
    normalise: bool = True,
) -> pd.DataFrame:
    """Add the p-values of exchanged labels to the contrasts between two conditions.

    Parameters
    ----------
    contrasts
        Table of one data set.
    profiles, interactions, formula, min_detection, complexes, normalise
        What the contrasts were made of.
    number, seed
        Most labellings, and the seed of the choice among more.

    Returns
    -------
    The table with ``relabel_pvalue``, and ``relabel_smallest_pvalue`` that the samples allow; NaN for other comparisons
    and where no labels can be exchanged.
    """
    between = (contrasts["contrast_type"] == "condition") & ~contrasts["case"].astype(str).str.startswith("trend:")
    pvalue, smallest = np.full(len(contrasts), np.nan), np.full(len(contrasts), np.nan)
    keys = [pd.Categorical(contrasts[name]) for name in _PLACE]
    for case, reference in contrasts.loc[between, ["case", "reference"]].astype(str).drop_duplicates().to_numpy():
        rows = np.flatnonzero(between & (contrasts["case"] == case))
        within = exchangeable_within(profiles.obs, formula, (case, reference))
        try:
            check = relabel(
                profiles, interactions, case, reference, within=within, number=number, seed=seed,
                min_detection=min_detection, complexes=complexes, normalise=normalise,
            )  # fmt: skip
        except DesignError:
            continue
        values = np.full([len(key.categories) for key in keys], np.nan)
        places = [
            key.categories.get_indexer(pd.Index(check.table[name])) for name, key in zip(_PLACE, keys, strict=True)
        ]
        values[tuple(places)] = check.table["pvalue"]
        pvalue[rows] = values[tuple(np.asarray(key.codes)[rows] for key in keys)]
        smallest[rows] = check.smallest_pvalue
    return contrasts.assign(relabel_pvalue=pvalue, relabel_smallest_pvalue=smallest)


def exchangeable_within(obs: pd.DataFrame, formula: str, conditions: tuple[str, str]) -> tuple[str, ...]:
    """Say within what labels may be exchanged: donors who gave both conditions, else the formula's other columns.

    Examples
    --------
    >>> obs = pd.DataFrame({"donor_id": list("aabb"), "condition": ["naive", "injured"] * 2})
    >>> exchangeable_within(obs, "~ condition * sex", ("injured", "naive"))
    ('donor_id',)
    >>> exchangeable_within(obs.assign(donor_id=list("abcd")), "~ condition * sex", ("injured", "naive"))
    ('sex',)
    """
    of_two = obs[obs["condition"].astype(str).isin(conditions)]
    both = of_two.groupby(of_two["donor_id"].astype(str))["condition"].nunique()
    return ("donor_id",) if (both > 1).all() else tuple(sorted(variables_of(formula) - {"condition"}))
