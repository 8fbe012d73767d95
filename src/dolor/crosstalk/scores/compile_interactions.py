"""Interactions compiled against profiles: columns instead of symbols, and the cross moments of their genes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.crosstalk.expression import Units, compile_units
from dolor.crosstalk.specificity.sides import Meetings, Slots, meetings, slots_of
from dolor.crosstalk.summing.pairs import PAIRS_KEY
from dolor.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["Compiled", "compile_interactions"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Compiled:
    """The interactions whose two sides are measured.

    Attributes
    ----------
    table
        The interactions.
    ligand, receptor
        Their sides in gene logic.
    ligand_slots, receptor_slots, meeting
        The same as the null needs them.
    first, second
        Columns of the genes of each stored pair.
    cross
        For each sample, the sums over cells of x_a x_b, x_a² x_b, x_a x_b²: pairs × 3.
    unmeasured
        For each interaction left out, the genes that are missing.
    """

    table: pd.DataFrame
    ligand: Units
    receptor: Units
    ligand_slots: Slots
    receptor_slots: Slots
    meeting: Meetings
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    cross: dict[str, Floats]
    unmeasured: dict[str, list[str]]


def compile_interactions(profiles: AnnData, interactions: pd.DataFrame) -> Compiled:
    """Compile interactions against the genes of profiles; what was not measured is listed, not lost."""
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
    if len(lacking):
        ligand, receptor = compile_units(table["ligand"], genes), compile_units(table["receptor"], genes)
    if PAIRS_KEY not in profiles.uns:
        raise DataError("the profiles hold no cross moments of genes; make them with profiles(data, interactions)")
    stored = profiles.uns[PAIRS_KEY]
    first, second = (profiles.var_names.get_indexer(pd.Index(stored[side])) for side in ("first", "second"))
    numbers = {pair: i for i, pair in enumerate(zip(first.tolist(), second.tolist(), strict=True))}
    slots = slots_of(ligand, numbers), slots_of(receptor, numbers)
    moments = np.stack([np.asarray(stored[name]) for name in ("s11", "s21", "s12")], axis=-1)
    cross = dict(zip(map(str, stored["sample_id"]), moments, strict=True))
    return Compiled(table, ligand, receptor, *slots, meetings(*slots, numbers), first, second, cross, unmeasured)


def _check_interactions(interactions: pd.DataFrame) -> None:
    missing = [name for name in ("interaction_id", "ligand", "receptor") if name not in interactions.columns]
    if missing:
        raise DataError(f"the interactions lack the column(s) {', '.join(missing)}")
    twice = interactions["interaction_id"][interactions["interaction_id"].duplicated()]
    if len(twice):
        raise DataError(f"the interactions name '{twice.iloc[0]}' more than once; interaction_id must be unique")
