"""Which ligands change in their senders and which receptors in their receivers: each once, whatever their partners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from dolor.contrasts.expression_array import supply_of
from dolor.contrasts.linear.design import variables_of
from dolor.contrasts.linear.models import Model, models_of, replicates_of, samples_of, with_correlation
from dolor.contrasts.linear.moderation import expected_variance
from dolor.contrasts.population_sums import population_sums
from dolor.contrasts.unit_arrays import OF_ANSWERS, UnitArrays, UnitOptions, unit_arrays, untested_codes
from dolor.contrasts.units.detectable import smallest_detectable
from dolor.contrasts.units.unit_tests import MIN_CELLS
from dolor.core.contracts import check_profiles
from dolor.core.errors import DataError
from dolor.core.reasons import Reason, sentence
from dolor.core.thresholds import FDR
from dolor.pseudobulk.expression import Complexes, Units, compile_units
from dolor.pseudobulk.presence import FLOOR, Status

if TYPE_CHECKING:
    from anndata import AnnData

    from dolor.contrasts.expression_array import Supply

__all__ = ["FittedModel", "check_interactions", "fitted_models", "unit_changes", "unit_table"]

PRESENCE_WORDS = {
    Status.PRESENT: "present", Status.ABSENT: "absent", Status.UNKNOWN: "unknown", Status.NOT_JUDGED: "not_judged"
}  # fmt: skip


@dataclass(frozen=True)
class FittedModel:
    """A model of one dataset with its expression arrays and tested units.

    ``supply`` is the log expression of all replicates of the dataset, ``modelled`` that of the replicates of the model;
    ``units`` are the ligands and receptors, compiled; ``found`` is the presence and the test of each.
    """

    model: Model
    supply: Supply
    modelled: Supply
    units: Units
    found: UnitArrays


def unit_changes(
    profiles: AnnData,
    interactions: pd.DataFrame,
    formula: str = "~ condition * sex",
    reference: Mapping[str, str] | None = None,
    *,
    ordered: Mapping[str, float] | None = None,
    floor: float = FLOOR,
    min_cells: int = MIN_CELLS,
    level: float = FDR,
) -> pd.DataFrame:
    """Test every ligand in every sender and every receptor in every receiver.

    Parameters
    ----------
    profiles
        Profiles of one or several datasets (:func:`dolor.tl.profiles`); ``X`` holds summed counts.
    interactions
        One row per ligand-receptor pair: ``interaction_id``, ``ligand``, ``receptor``.
    formula, reference, ordered
        As in :func:`dolor.tl.contrast`.
    floor
        Transcripts per 10,000 that are too few to matter.
    min_cells
        A population's samples with fewer cells take no part.
    level
        False discovery rate at which presence is called.

    Returns
    -------
    One row per (dataset, comparison, population, unit), columns of :data:`dolor.core.tables.UNIT_CHANGES`. ``presence``
    is that in any of the compared groups. ``smallest_detectable`` is the log2 change that would be found with a
    probability of 0.8 at p < 0.05.

    Raises
    ------
    dolor.core.errors.DesignError
        The samples cannot separate what the formula asks for; the columns are named.
    dolor.core.errors.DataError
        The profiles or the interactions are not of the required form.

    See Also
    --------
    dolor.tl.contrast : the same by pair of sender and receiver.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> pairs = dl.catalog.interactions("mouse")
    >>> found = unit_changes(dl.tl.profiles(cells, pairs), pairs, reference={"condition": "naive"})
    >>> bool((found["pvalue"].notna() <= (found["status"] != "untestable")).all())
    True
    >>> bool(found.loc[found["presence"] == "absent", "qvalue"].isna().all())
    True
    """
    check_profiles(profiles)
    check_interactions(interactions)
    options = UnitOptions(floor, min_cells, level)
    dataset = profiles.obs["dataset_id"].astype(str).to_numpy()
    tables = []
    with threadpool_limits(1, "blas"):
        for name in sorted(set(dataset)):
            for fitted in fitted_models(profiles[dataset == name], interactions, formula, reference, ordered, options):
                tables.append(unit_table(name, fitted, interactions))
    return pd.concat(tables, ignore_index=True)


def check_interactions(interactions: pd.DataFrame) -> None:
    """Refuse interactions without rows or without the columns that name ligand and receptor."""
    missing = [name for name in ("interaction_id", "ligand", "receptor") if name not in interactions.columns]
    if missing:
        raise DataError(f"the interactions lack the column(s) {', '.join(missing)}")
    if interactions.empty:
        raise DataError("there are no interactions to compare: the table of ligand-receptor pairs has no rows")


def fitted_models(
    profiles: AnnData,
    interactions: pd.DataFrame,
    formula: str,
    reference: Mapping[str, str] | None,
    ordered: Mapping[str, float] | None,
    options: UnitOptions,
    complexes: Complexes = "min",
    *,
    normalise: bool = True,
) -> list[FittedModel]:
    """Fit the models of one dataset to all units."""
    replicate = replicates_of(profiles.obs, variables_of(formula))
    samples = samples_of(profiles.obs, replicate)
    names = list(dict.fromkeys([*interactions["ligand"].astype(str), *interactions["receptor"].astype(str)]))
    supply = supply_of(profiles, names, replicate, complexes, normalise=normalise)
    sums = population_sums(profiles, replicate)
    units = compile_units(names, sums.genes)
    fitted = []
    for unblocked in models_of(samples, formula, dict(reference or {}), ordered):
        replicates = unblocked.design.samples.index.tolist()
        modelled = supply.select(replicates)
        model = unblocked
        if unblocked.blocks is not None:
            variance = expected_variance(modelled, unblocked.design.matrix, supply.detection > 0)
            model = with_correlation(unblocked, modelled.log2, variance)
        found = unit_arrays(sums.select(replicates), units, model, modelled, options)
        fitted.append(FittedModel(model, supply, modelled, units, found))
    return fitted


def unit_table(dataset_id: str, fitted: FittedModel, interactions: pd.DataFrame) -> pd.DataFrame:
    """Lay out the units of a model, one row per (comparison, population, unit) in this order."""
    found, units, model = fitted.found, fitted.units, fitted.model
    shape = found.effect.shape
    judged = np.array([found.presence_of(m) for m in range(shape[0])])
    code = np.array([str(reason) for reason in Reason], dtype=object)[untested_codes(found)]
    code[(judged == Status.ABSENT) & units.measured] = str(Reason.ABSENT)
    detail = {name: ", ".join(genes) for name, genes in units.missing.items()}
    table = pd.DataFrame(
        {
            "dataset_id": dataset_id,
            **{
                name: _along([getattr(c, name) for c in model.comparisons], 0, shape)
                for name in ("contrast_type", "case", "reference", "stratum")
            },
            "population": _along(fitted.supply.cell_types, 1, shape),
            "unit": _along(units.names, 2, shape),
            "role": _along(_roles(units, interactions), 2, shape),
            **{name: getattr(found, name).ravel() for name in ("effect", "se", "statistic", "df", "pvalue", "qvalue")},
            "n_case": _counts(found, "n_case", shape),
            "n_reference": _counts(found, "n_reference", shape),
            "presence": np.array([PRESENCE_WORDS[Status(i)] for i in range(4)], dtype=object)[judged].ravel(),
            "reason_code": code.ravel(),
        }
    )
    with np.errstate(invalid="ignore"):
        table["smallest_detectable"] = smallest_detectable(found.se, found.df).ravel()
    table["status"] = _status(code, found, judged).ravel()
    of_answer = np.array([[a.reason[m] for a in found.answers] for m in range(shape[0])], dtype=object)[:, :, None]
    sentences = np.broadcast_to(of_answer, shape).ravel()
    table["reason"] = [
        (said or model.note)
        if why in OF_ANSWERS or not why
        else sentence(Reason(why), detail.get(unit, "") if why == Reason.NOT_MEASURED else "")
        for why, said, unit in zip(table["reason_code"], sentences, table["unit"], strict=True)
    ]
    table["flags"] = np.where(table["presence"] == "unknown", "leakage_unknown", "")
    return table


def _status(code: NDArray[np.object_], found: UnitArrays, judged: NDArray[np.int8]) -> NDArray[np.object_]:
    status = np.full(code.shape, "untestable", dtype=object)
    status[np.isfinite(found.effect)] = "described"
    status[code == Reason.NONE] = "tested"
    status[judged == Status.ABSENT] = "absent"
    status[code == Reason.NOT_MEASURED] = "untestable"
    return status


def _along(names: Sequence[str], axis: int, shape: tuple[int, ...]) -> NDArray[np.object_]:
    values = np.array(names, dtype=object)
    return np.broadcast_to(values.reshape([-1 if i == axis else 1 for i in range(3)]), shape).ravel()


def _counts(found: UnitArrays, name: str, shape: tuple[int, ...]) -> NDArray[np.int64]:
    sizes = np.array([getattr(answer, name) for answer in found.answers])
    return np.broadcast_to(sizes.T[:, :, None], shape).ravel()


def _roles(units: Units, interactions: pd.DataFrame) -> list[str]:
    ligands, receptors = (set(interactions[side].astype(str)) for side in ("ligand", "receptor"))
    return [
        "both" if name in ligands and name in receptors else "ligand" if name in ligands else "receptor"
        for name in units.names
    ]
