"""Scores of interactions, sample by sample: from Profiles to the table of interactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.contracts.profiles import check_profiles
from dolor.contracts.tables import INTERACTIONS, check
from dolor.crosstalk.expression import Complexes, Units, combine, compile_units, log_expression, per_10k
from dolor.crosstalk.pairs import PAIRS_KEY
from dolor.crosstalk.sample_statistics import STATISTICS, SampleSums, samples_of
from dolor.crosstalk.scores.method import Side
from dolor.crosstalk.scores.registry import METHODS
from dolor.crosstalk.scores.subunits import limiting_gene
from dolor.crosstalk.specificity.closed_form import specificity
from dolor.crosstalk.specificity.population import population
from dolor.crosstalk.specificity.sides import Meetings, Slots, meetings, slots_of
from dolor.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["score"]

Floats = NDArray[np.float64]

# A side detected in fewer cells is flagged low_detection; a group of fewer cells few_cells.
LOW_DETECTION = 0.1
FEW_CELLS = 10


@dataclass(frozen=True)
class _Compiled:
    """Interactions whose two sides are measured, against the genes of the profiles."""

    table: pd.DataFrame
    ligand: Units
    receptor: Units
    ligand_slots: Slots
    receptor_slots: Slots
    meeting: Meetings
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    cross: dict[str, Floats]


def score(profiles: AnnData, interactions: pd.DataFrame, *, complexes: Complexes = "min") -> pd.DataFrame:
    """Score every interaction between every two cell types of every sample.

    Parameters
    ----------
    profiles
        Profiles made with these interactions (:func:`dolor.crosstalk.profiles.profiles`).
    interactions
        ``interaction_id``, ``ligand``, ``receptor`` (gene logic, in the symbols of the profiles), ``ligand_proxy``.
    complexes
        How subunits make a complex in ``score``: ``"min"``, the limiting one, or ``"geometric"``, their mean.

    Returns
    -------
    One row a (sample, sender, receiver, interaction), for the cell types that the sample has; ``unassigned`` neither
    sends nor receives. ``score``: log2 of the geometric mean of ligand in the sender and receptor in the receiver, in
    counts per 10,000 with a prior of 0.5. One column a method of :data:`dolor.crosstalk.scores.registry.METHODS`.
    ``pvalue``: how often cells dealt out at random within the sample reach ``lr_means``. ``flags``: ``low_detection``,
    ``few_cells``, ``proxy``. Interactions with a side that was not measured have no rows; they stand in
    ``attrs["unmeasured"]`` with the genes that are missing.

    Raises
    ------
    dolor.errors.DataError
        Columns are missing, an interaction stands twice, or the profiles were made without these interactions.
    """
    check_profiles(profiles)
    compiled, unmeasured = _compile(profiles, interactions)
    frames = []
    for sums, rows in samples_of(profiles):
        if len(rows) and len(compiled.table):
            columns = _arrays(sums, compiled, complexes)
            dataset = str(profiles.obs["dataset_id"].iloc[rows[0]])
            frames.append(_frame(sums, compiled, columns, dataset))
    result = pd.concat(frames, ignore_index=True) if frames else _empty()
    result = check(result, INTERACTIONS)
    result.attrs["unmeasured"] = unmeasured
    return result


def _compile(profiles: AnnData, interactions: pd.DataFrame) -> tuple[_Compiled, dict[str, list[str]]]:
    _check_interactions(interactions)
    genes = list(profiles.var_names)
    ligand = compile_units(interactions["ligand"], genes)
    receptor = compile_units(interactions["receptor"], genes)
    measured = ligand.measured & receptor.measured
    lacking = interactions[~measured]
    unmeasured = {
        name: sorted({*ligand.missing.get(left, ()), *receptor.missing.get(right, ())})
        for name, left, right in zip(lacking["interaction_id"], lacking["ligand"], lacking["receptor"], strict=True)
    }
    table = interactions[measured].reset_index(drop=True)
    ligand, receptor = compile_units(table["ligand"], genes), compile_units(table["receptor"], genes)
    if PAIRS_KEY not in profiles.uns:
        raise DataError("the profiles hold no cross moments of genes; make them with profiles(data, interactions)")
    stored = profiles.uns[PAIRS_KEY]
    first, second = (profiles.var_names.get_indexer(pd.Index(stored[side])) for side in ("first", "second"))
    numbers = {(int(a), int(b)): i for i, (a, b) in enumerate(zip(first, second, strict=True))}
    slots = slots_of(ligand, numbers), slots_of(receptor, numbers)
    moments = np.stack([np.asarray(stored[name]) for name in ("s11", "s21", "s12")], axis=-1)
    cross = dict(zip(map(str, stored["sample_id"]), moments, strict=True))
    return _Compiled(table, ligand, receptor, *slots, meetings(*slots, numbers), first, second, cross), unmeasured


def _check_interactions(interactions: pd.DataFrame) -> None:
    missing = [name for name in ("interaction_id", "ligand", "receptor") if name not in interactions.columns]
    if missing:
        raise DataError(f"the interactions lack the column(s) {', '.join(missing)}")
    twice = interactions["interaction_id"][interactions["interaction_id"].duplicated()]
    if len(twice):
        raise DataError(f"the interactions name '{twice.iloc[0]}' more than once; interaction_id must be unique")


def _arrays(sums: SampleSums, compiled: _Compiled, complexes: Complexes) -> dict[str, Floats]:
    """All numeric columns of a sample, T × T × I each."""
    shape = (len(sums.n), len(sums.n), len(compiled.table))
    linear = per_10k(sums.counts, sums.n_counts)
    ours = [log_expression(combine(linear, units, complexes)) for units in (compiled.ligand, compiled.receptor)]
    columns = {"score": (ours[0][:, None] + ours[1][None]) / 2}
    for method in METHODS.values():
        left, right = _sides(sums, compiled, method.needs, method.limited_by)
        columns[method.column] = method.function(left, right)
    cells = population(
        float(sums.n.sum()),
        sums.s1.sum(axis=0),
        sums.s2.sum(axis=0),
        sums.s3.sum(axis=0),
        compiled.first,
        compiled.second,
        compiled.cross[sums.sample],
    )
    slots = compiled.ligand_slots, compiled.receptor_slots
    columns["pvalue"] = specificity(2 * columns["lr_means"], sums.n, cells, *slots, compiled.meeting)
    left, right = _sides(sums, compiled, ("props",), "means")
    columns |= {"n_sender": sums.n[:, None, None], "n_receiver": sums.n[None, :, None]}
    columns |= {"detect_ligand": left["props"], "detect_receptor": right["props"]}
    return {name: np.broadcast_to(values, shape) for name, values in columns.items()}


def _sides(sums: SampleSums, compiled: _Compiled, needs: tuple[str, ...], limited_by: str) -> tuple[Side, Side]:
    """Statistics of the subunits that count: of ligands T × 1 × I, of receptors 1 × T × I."""
    decisive = STATISTICS[limited_by](sums)
    rows = np.arange(len(sums.n))[:, None]
    sides: list[Mapping[str, Floats]] = []
    for axis, slots in ((1, compiled.ligand_slots), (0, compiled.receptor_slots)):
        gene = limiting_gene(decisive, slots)
        sides.append({name: np.expand_dims(STATISTICS[name](sums)[rows, gene], axis) for name in needs})
    return sides[0], sides[1]


def _frame(sums: SampleSums, compiled: _Compiled, columns: dict[str, Floats], dataset: str) -> pd.DataFrame:
    n_types, n_pairs = len(sums.cell_types), len(compiled.table)
    names = np.array(sums.cell_types, dtype=object)
    frame = {
        "dataset_id": dataset,
        "sample_id": sums.sample,
        "sender": np.repeat(names, n_types * n_pairs),
        "receiver": np.tile(np.repeat(names, n_pairs), n_types),
    }
    for name in ("interaction_id", "ligand", "receptor"):
        frame[name] = np.tile(compiled.table[name].to_numpy(dtype=object), n_types**2)
    numbers = {name: values.ravel() for name, values in columns.items()}
    for name in ("n_sender", "n_receiver"):
        numbers[name] = numbers[name].astype(np.int64)
    return pd.DataFrame({**frame, **numbers, "flags": _flags(columns, compiled.table)})


def _flags(columns: dict[str, Floats], table: pd.DataFrame) -> NDArray[np.object_]:
    low = np.minimum(columns["detect_ligand"], columns["detect_receptor"]) < LOW_DETECTION
    few = np.minimum(columns["n_sender"], columns["n_receiver"]) < FEW_CELLS
    proxy = (
        table["ligand_proxy"].to_numpy(dtype=object) != "" if "ligand_proxy" in table else np.zeros(len(table), bool)
    )
    code = low.astype(np.int8) + 2 * few.astype(np.int8) + 4 * np.broadcast_to(proxy, low.shape).astype(np.int8)
    words = ("low_detection", "few_cells", "proxy")
    texts = [";".join(word for bit, word in enumerate(words) if number >> bit & 1) for number in range(8)]
    chosen: NDArray[np.object_] = np.array(texts, dtype=object)[code.ravel()]
    return chosen


def _empty() -> pd.DataFrame:
    kinds = {"text": object, "number": float, "count": np.int64}
    columns = {name: pd.Series(dtype=kinds[kind]) for name, kind in INTERACTIONS.columns.items()}
    return pd.DataFrame(columns | {name: pd.Series(dtype=float) for name in METHODS})
