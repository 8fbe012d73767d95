"""What changes with condition, what differs by sex, and whether the change itself differs by sex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from dolor.contrasts.contrast_table import contrast_table
from dolor.contrasts.decomposition import split_supply
from dolor.contrasts.linear.design import variables_of
from dolor.contrasts.permutation import relabel
from dolor.contrasts.unit_arrays import UnitOptions
from dolor.contrasts.unit_changes import FittedModel, check_interactions, fitted_models, unit_table
from dolor.contrasts.units.unit_tests import MIN_CELLS
from dolor.core.contracts import check_profiles
from dolor.core.errors import DesignError
from dolor.core.thresholds import FDR
from dolor.knowledge.pairs import within_bounds
from dolor.pseudobulk.presence import FLOOR

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["Comparisons", "compare", "contrast", "exchangeable_within", "pair_contrasts", "with_relabeling"]

_PLACE = ("sender", "receiver", "interaction_id")


def contrast(
    profiles: AnnData,
    interactions: pd.DataFrame,
    formula: str = "~ condition * sex",
    reference: Mapping[str, str] | None = None,
    *,
    ordered: Mapping[str, float] | None = None,
    floor: float = FLOOR,
    min_cells: int = MIN_CELLS,
    level: float = FDR,
    relabelings: int = 0,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the interactions of conditions and sexes, with the donor as the unit of replication.

    What changes is a ligand in its sender or a receptor in its receiver. Each is tested once
    (:func:`dolor.tl.unit_changes`). A pair has changed if both ends are present in the same compared group and one of
    them has changed.

    Parameters
    ----------
    profiles
        Profiles of one or several datasets (:func:`dolor.tl.profiles`); ``X`` holds summed counts.
    interactions
        One row per ligand-receptor pair: ``interaction_id``, ``ligand``, ``receptor`` (gene logic in the symbols of the
        profiles); ``ligand_proxy`` if there is one.
    formula
        Model of a sample, in the columns of ``profiles.obs``, such as ``"~ condition * sex + batch"``.
    reference
        The levels that the others are compared with; ``condition`` must be named, ``sex`` is male otherwise.
    ordered
        Position of every condition on an axis, such as ``{"naive": 0, "day3": 3, "day14": 14}``: adds the slope along
        it, log2 for one unit of the axis, as a ``condition`` whose case begins with ``trend:``.
    floor
        Transcripts per 10,000 that are too few to matter: a ligand or receptor below is absent.
    min_cells
        Samples with fewer cells of a population take no part in its tests.
    level
        False discovery rate at which presence and changed sides are called.
    relabelings
        Beside every test between two conditions, exchange the labels of replicates in up to so many ways
        (:func:`dolor.contrasts.permutation.relabel`), within donors that gave both conditions, else within the other
        columns of the formula. 0: do not.
    seed
        Of the random choice of relabelings.

    Returns
    -------
    One row per (dataset, comparison, sender, receiver, interaction), columns of
    :data:`dolor.core.tables.CONTRASTS`.

    Raises
    ------
    dolor.core.errors.DesignError
        The samples cannot separate what the formula asks for; the columns are named.
    dolor.core.errors.DataError
        The profiles or the interactions are not of the required form.

    See Also
    --------
    dolor.tl.unit_changes : the tests that the pairs are joined from, each once.

    Notes
    -----
    - ``effect`` is the mean of ``effect_ligand`` and ``effect_receptor`` (log2), a description. ``changed_side`` says
      which end has changed; ends that change in opposite directions are flagged ``discordant``.
    - ``pvalue`` is twice the smaller p-value of both ends, at most 1, which is valid under any dependence;
      ``statistic`` and ``df`` are those of that end. ``qvalue`` is the smaller of the q-values of both ends,
      which are adjusted over the present units of a comparison (Benjamini-Hochberg; questions of sex in two stages): it
      controls false discoveries among units, not among pairs.
    - ``status`` is ``tested``; ``absent`` (ligand and receptor are not both present in one of the compared groups);
      ``described`` (an effect without a test); or ``untestable``. ``reason_code`` and ``reason`` say why.
    - ``infiltration`` and ``per_cell`` split the log2 change of the ligand's supply by the sender into its share of
      cells and its expression per cell, each with its standard error (``infiltration_se``, ``per_cell_se``).
    - ``relabel_pvalue`` is that of the exchanged labels for the score of the pair, ``relabel_smallest_pvalue`` the
      smallest that these samples allow, if ``relabelings`` are asked for.
    - With more than two conditions, ``omnibus_pvalue`` joins all of them (F tests of both ends, twice the smaller).

    References
    ----------
    Chen, Y., Chen, L., Lun, A. T. L., Baldoni, P. and Smyth, G. K. (2025), Nucleic Acids Research 53(2), gkaf018,
    doi:10.1093/nar/gkaf018.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> pairs = dl.catalog.interactions("mouse")
    >>> profiles = dl.tl.profiles(cells, pairs)
    >>> found = contrast(profiles, pairs, reference={"condition": "naive"})
    >>> sorted(set(found["contrast_type"]))
    ['condition', 'condition_in_sex', 'interaction', 'sex', 'sex_in_condition']
    >>> bool((found["pvalue"].notna() == (found["status"] == "tested")).all())
    True
    """
    return compare(
        profiles, interactions, formula, reference, ordered=ordered, floor=floor, min_cells=min_cells, level=level,
        relabelings=relabelings, seed=seed,
    ).contrasts  # fmt: skip


class Comparisons(NamedTuple):
    """Both tables of one fit: pairs (``contrasts``) and the units that they are joined from (``units``)."""

    contrasts: pd.DataFrame
    units: pd.DataFrame


def compare(
    profiles: AnnData,
    interactions: pd.DataFrame,
    formula: str = "~ condition * sex",
    reference: Mapping[str, str] | None = None,
    *,
    ordered: Mapping[str, float] | None = None,
    floor: float = FLOOR,
    min_cells: int = MIN_CELLS,
    level: float = FDR,
    relabelings: int = 0,
    seed: int = 0,
) -> Comparisons:
    """Return what :func:`contrast` and :func:`dolor.tl.unit_changes` return, with their arguments, from one fit."""
    check_profiles(profiles)
    check_interactions(interactions)
    dataset = profiles.obs["dataset_id"].astype(str).to_numpy()
    options = UnitOptions(floor, min_cells, level)
    pairs, units = [], []
    # The matrices are many and small: threads of the linear algebra would wait for each other half of the time.
    with threadpool_limits(1, "blas"):
        for name in sorted(set(dataset)):
            own = profiles[dataset == name]
            fitted = fitted_models(own, interactions, formula, reference, ordered, options)
            parts = [pair_contrasts(name, one, interactions, level) for one in fitted]
            table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
            if relabelings:
                table = with_relabeling(table, own, interactions, formula, number=relabelings, seed=seed)
            pairs.append(table)
            units += [unit_table(name, one, interactions) for one in fitted]
    contrasts = pairs[0] if len(pairs) == 1 else pd.concat(pairs, ignore_index=True)
    contrasts = within_bounds(contrasts, interactions)
    return Comparisons(contrasts, pd.concat(units, ignore_index=True))


def pair_contrasts(dataset_id: str, fitted: FittedModel, interactions: pd.DataFrame, level: float) -> pd.DataFrame:
    """Join the units of one model into pairs, with the change of the share of cells and of expression per cell."""
    model = fitted.model
    split = split_supply(fitted.modelled, model.design.matrix, np.array([c.weights for c in model.comparisons]))
    return contrast_table(dataset_id, model, fitted.supply, interactions, fitted.found, split, level)


def with_relabeling(
    contrasts: pd.DataFrame,
    profiles: AnnData,
    interactions: pd.DataFrame,
    formula: str,
    *,
    number: int,
    seed: int = 0,
) -> pd.DataFrame:
    """Add the p-values of exchanged labels to the contrasts between two conditions.

    Parameters
    ----------
    contrasts
        Table of one dataset.
    profiles, interactions, formula
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
            check = relabel(profiles, interactions, case, reference, within=within, number=number, seed=seed)
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
