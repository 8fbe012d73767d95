"""Counting labellings that change an interaction as much as the observed one: the compiled kernel.

The exact check: how often other labels of the same samples change an interaction as much.

The labels of condition are exchanged between replicates within each sex (and within each donor, where designs are
paired), all ways if there are few, a random choice of ways otherwise. No model, no variance, no distribution is
assumed, only that under the null the labels could as well have been others. With few samples few labellings exist, so
that no p can fall below one in their number: that bound is part of the answer.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.contrasts.expression_array import Supply, supply_of
from dolor.contrasts.linear.models import replicates_of, samples_of
from dolor.core.compiled import compiled
from dolor.core.contracts import check_profiles
from dolor.core.errors import DataError, DesignError
from dolor.pseudobulk.expression import Complexes

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["Relabeling", "exceedances", "labelings", "relabel"]

Floats32 = NDArray[np.float32]

# Labellings that give the same groups differ by rounding only; they count as equal.
_SLACK = np.float32(1e-5)


def exceedances(
    ligand_change: Floats32, receptor_change: Floats32, ligand: NDArray[np.intp], receptor: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Count labellings, the observed one included, whose change is as large as the observed.

    A score is a sum of a ligand and a receptor part, so is its change: labellings are applied to genes, never to pairs.

    Parameters
    ----------
    ligand_change, receptor_change
        Units × labellings, the parts of the change; the observed labelling first. Single precision, for speed.
    ligand, receptor
        Units of each interaction.

    Returns
    -------
    One count an interaction, 1 or more.

    Examples
    --------
    >>> change = np.array([[2.0, -2.0, 0.5]], dtype=np.float32)
    >>> exceedances(change, np.zeros_like(change), np.array([0]), np.array([0])).tolist()
    [2]
    """
    counts: NDArray[np.int64] = _count(ligand_change, receptor_change, ligand, receptor, _SLACK)
    return counts


@compiled
def _count(ligand_change: Any, receptor_change: Any, ligand: Any, receptor: Any, slack: Any) -> Any:
    counts = np.zeros(len(ligand), dtype=np.int64)
    for k in range(len(ligand)):
        first, second = ligand_change[ligand[k]], receptor_change[receptor[k]]
        observed = abs(first[0] + second[0])
        bound = observed - slack
        hits = 0
        for labelling in range(len(first)):
            hits += abs(first[labelling] + second[labelling]) >= bound
        counts[k] = hits
    return counts


Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Relabeling:
    """Outcome of the check.

    ``table``: ``sender receiver interaction_id effect pvalue``; ``number`` of labellings used; whether these are all
    (``exact``); ``smallest_pvalue`` that they allow.
    """

    table: pd.DataFrame
    number: int
    exact: bool
    smallest_pvalue: float

    def __str__(self) -> str:
        kind = "all" if self.exact else "a random choice of the"
        return f"{self.number} labellings ({kind} possible); the smallest p within reach is {self.smallest_pvalue:.3g}"


@dataclass(frozen=True)
class Eligibility:
    """``code`` (senders × receivers × interactions) points into ``reasons``; 0, the empty reason, is eligible."""

    code: NDArray[np.int16]
    reasons: tuple[str, ...]


def eligibility_of(
    supply: Supply, ligands: Sequence[str], receptors: Sequence[str], min_detection: float
) -> Eligibility:
    """Find the interactions whose ligand and receptor are measured, and detected in sender and receiver.

    Detection is judged over all replicates together: a gate on single samples loses cytokines and their receptors.

    Parameters
    ----------
    supply
        Expression of units by replicates and cell types.
    ligands, receptors
        Gene logic of each interaction.
    min_detection
        Smallest part of the cells that must detect a unit.

    Returns
    -------
    A code for each sender, receiver and interaction, and what the codes mean.

    Raises
    ------
    dolor.core.errors.DataError
        There are no interactions.
    """
    if not ligands:
        raise DataError("there are no interactions to compare: the table of ligand-receptor pairs has no rows")
    reasons = [""]
    code = np.zeros((len(supply.cell_types), len(supply.cell_types), len(ligands)), dtype=np.int16)
    detected = (supply.detection > 0) & (supply.detection >= min_detection)
    for side, units in (("receptor", receptors), ("ligand", ligands)):
        reasons.append(f"{side} detected in less than {min_detection:.3g} of the cells")
        columns = np.array([supply.units[unit] for unit in units], dtype=np.intp)
        lacking = ~detected[:, columns]
        code[lacking[:, None, :] & (code == 0) if side == "ligand" else lacking[None] & (code == 0)] = len(reasons) - 1
    for side, units in (("receptor", receptors), ("ligand", ligands)):
        for interaction, unit in enumerate(units):
            if unit in supply.missing_genes:
                reason = f"{side} not measured: {supply.missing_genes[unit]}"
                if reason not in reasons:
                    reasons.append(reason)
                code[:, :, interaction] = reasons.index(reason)
    return Eligibility(code, tuple(reasons))


def relabel(
    profiles: AnnData,
    interactions: pd.DataFrame,
    case: str,
    reference: str,
    *,
    within: Sequence[str] = ("sex",),
    number: int = 1000,
    seed: int = 0,
    min_detection: float = 0.01,
    complexes: Complexes = "min",
    normalise: bool = True,
) -> Relabeling:
    """Test the change from one condition to another by exchanging the labels of replicates.

    Parameters
    ----------
    profiles
        Profiles of one data set.
    interactions
        ``interaction_id``, ``ligand``, ``receptor``.
    case, reference
        The two conditions; other samples are not used.
    within
        Columns of a sample within whose levels labels are exchanged; ``("donor_id",)`` for paired designs.
    number
        Most labellings; where fewer exist, each is used once.
    seed
        Of the random choice of labellings.
    min_detection, complexes, normalise
        As in :func:`dolor.contrasts.contrast.contrast`.

    Returns
    -------
    Two-sided p-values, counting the observed labelling, so never 0.

    Raises
    ------
    dolor.core.errors.DesignError
        A condition has no sample, or nothing can be exchanged.
    dolor.core.errors.DataError
        The profiles are of several data sets.

    Notes
    -----
    The statistic is the mean difference of scores within the levels of ``within``, weighted as least squares does.
    Given the exchange within levels, its order is that of the t statistic of an unweighted linear model.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> pairs = dl.catalog.interactions("mouse")
    >>> profiles = dl.tl.profiles(cells, pairs)
    >>> check = relabel(profiles, pairs, "injured", "naive")
    >>> check.exact, bool(check.table["pvalue"].min() >= check.smallest_pvalue)
    (True, True)
    """
    check_profiles(profiles)
    datasets = sorted(profiles.obs["dataset_id"].astype(str).unique())
    if len(datasets) > 1:
        raise DataError(f"the check takes one data set at a time, and the profiles are of {', '.join(datasets)}")
    chosen = profiles[profiles.obs["condition"].astype(str).isin([case, reference]).to_numpy()]
    replicate = replicates_of(chosen.obs, frozenset({"condition", *within}))
    samples = samples_of(chosen.obs, replicate)
    is_case = (samples["condition"].astype(str) == case).to_numpy()
    if is_case.all() or not is_case.any():
        raise DesignError(f"the check needs samples of '{case}' and of '{reference}'; one of them has none")
    strata = samples[list(within)].astype(str).agg("\t".join, axis=1).to_numpy() if within else np.zeros(len(samples))
    labels, exact = labelings(is_case, strata, number, seed)
    ligands, receptors = (interactions[side].astype(str).tolist() for side in ("ligand", "receptor"))
    supply = supply_of(chosen, [*ligands, *receptors], replicate, complexes, normalise=normalise)
    eligible = eligibility_of(supply, ligands, receptors, min_detection).code == 0
    table = _table(supply, interactions, (ligands, receptors), eligible, (labels, strata))
    complement = bool((labels == ~labels[0]).all(axis=1).any())
    return Relabeling(table, len(labels), exact, (1 + complement) / len(labels))


def labelings(
    is_case: NDArray[np.bool_], strata: NDArray[np.generic], number: int, seed: int
) -> tuple[NDArray[np.bool_], bool]:
    """List labellings that exchange cases and references within strata, the observed one first.

    Parameters
    ----------
    is_case
        Whether each replicate is a case.
    strata
        Level of each replicate.
    number
        Most labellings.
    seed
        Of the random choice where more are possible.

    Returns
    -------
    labels : labellings × replicates, each different if all are listed
    exact : whether these are all that exist

    Raises
    ------
    dolor.core.errors.DesignError
        No label can be exchanged.

    Examples
    --------
    >>> labels, exact = labelings(np.array([True, True, False, False]), np.zeros(4), 100, 0)
    >>> len(labels), exact
    (6, True)
    """
    groups = [np.flatnonzero(strata == level) for level in np.unique(strata)]
    possible = math.prod(math.comb(len(rows), int(is_case[rows].sum())) for rows in groups)
    if possible < 2:
        raise DesignError("no labels can be exchanged: within each level all samples have the same condition")
    if possible <= number:
        return _all_labelings(is_case, groups), True
    rng = np.random.default_rng(seed)
    labels = np.empty((number, len(is_case)), dtype=bool)
    labels[0] = is_case
    for rows in groups:
        labels[1:, rows] = rng.permuted(np.tile(is_case[rows], (number - 1, 1)), axis=1)
    return labels, False


def _all_labelings(is_case: NDArray[np.bool_], groups: Sequence[NDArray[np.intp]]) -> NDArray[np.bool_]:
    ways = [list(itertools.combinations(rows.tolist(), int(is_case[rows].sum()))) for rows in groups]
    labels = np.zeros((math.prod(len(way) for way in ways), len(is_case)), dtype=bool)
    for labelling, cases in zip(labels, itertools.product(*ways), strict=True):
        labelling[list(itertools.chain.from_iterable(cases))] = True
    observed = int(np.flatnonzero((labels == is_case).all(axis=1))[0])
    labels[[0, observed]] = labels[[observed, 0]]
    return labels


def _weights(labels: NDArray[np.bool_], strata: NDArray[np.generic], present: NDArray[np.bool_]) -> Floats:
    """Return, for each labelling, the weights that make a mean difference within strata out of scores.

    A stratum counts with the precision of its difference. Where a labelling leaves a stratum without case or reference
    among the present replicates, the stratum does not count for it.
    """
    numerator, total = np.zeros(labels.shape), np.zeros((len(labels), 1))
    for level in np.unique(strata):
        rows = np.flatnonzero((strata == level) & present)
        case = labels[:, rows].astype(float)
        cases = case.sum(axis=1, keepdims=True)
        others = len(rows) - cases
        precision = cases * others / max(len(rows), 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            difference = np.where(case > 0, 1 / cases, -1 / others)
        numerator[:, rows] = np.where(precision > 0, difference * precision, 0.0)
        total += precision
    with np.errstate(invalid="ignore"):
        weights: Floats = numerator / total
    return weights


def _table(
    supply: Supply,
    interactions: pd.DataFrame,
    names: tuple[list[str], list[str]],
    eligible: NDArray[np.bool_],
    labelled: tuple[NDArray[np.bool_], NDArray[np.generic]],
) -> pd.DataFrame:
    """Count, for each eligible interaction, the labellings that change it as much as the observed one."""
    labels, strata = labelled
    ligand, receptor = (np.array([supply.units[name] for name in side], dtype=np.intp) for side in names)
    hits, effect = np.zeros(eligible.shape, dtype=np.int64), np.full(eligible.shape, np.nan)
    used = np.zeros(eligible.shape[:2], dtype=np.int64)
    for present, pairs in _pairs_by_presence(supply.cells):
        weights = _weights(labels, strata, present)
        usable = np.isfinite(weights.sum(axis=1))
        if not usable[0]:
            continue
        changes = {
            cell_type: _changes(supply.log2[present, cell_type], weights[np.ix_(usable, present)])
            for cell_type in {cell_type for pair in pairs for cell_type in pair}
        }
        for sender, receiver in pairs:
            chosen = np.flatnonzero(eligible[sender, receiver])
            of_ligand, of_receptor = changes[sender], changes[receiver]
            hits[sender, receiver, chosen] = exceedances(of_ligand, of_receptor, ligand[chosen], receptor[chosen])
            effect[sender, receiver, chosen] = of_ligand[ligand[chosen], 0] + of_receptor[receptor[chosen], 0]
            used[sender, receiver] = usable.sum()
    senders, receivers, found = np.nonzero(eligible & (used > 0)[:, :, None])
    cell_types = np.array(supply.cell_types, dtype=object)
    return pd.DataFrame({
        "sender": cell_types[senders],
        "receiver": cell_types[receivers],
        "interaction_id": interactions["interaction_id"].astype(str).to_numpy()[found],
        "effect": effect[senders, receivers, found],
        "pvalue": hits[senders, receivers, found] / used[senders, receivers],
    })  # fmt: skip


def _pairs_by_presence(cells: Floats) -> Iterator[tuple[NDArray[np.bool_], list[tuple[int, int]]]]:
    """Group the pairs of cell types by the replicates that have both."""
    groups: dict[bytes, list[tuple[int, int]]] = {}
    present = np.asarray(cells > 0)
    types = range(cells.shape[1])
    for sender, receiver in itertools.product(types, types):
        both = present[:, sender] & present[:, receiver]
        groups.setdefault(both.tobytes(), []).append((sender, receiver))
    for key, pairs in groups.items():
        yield np.frombuffer(key, dtype=bool), pairs


def _changes(log2: Floats, weights: Floats) -> Floats32:
    """Return units × labellings, the part that a ligand or a receptor has in the change of a score."""
    return np.ascontiguousarray((log2.T @ weights.T / 2).astype(np.float32))
