"""Interactions compiled against profiles: columns instead of symbols, and the cross moments of their genes.

Which subunit of a complex counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.core.errors import DataError
from dolor.pseudobulk.expression import Units, compile_units
from dolor.pseudobulk.moments import PAIRS_KEY
from dolor.scores.interaction_index import Meetings, Slots, meetings, slots_of

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["Compiled", "compile_interactions", "limiting_gene"]

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


def limiting_gene(values: NDArray[np.float64], slots: Slots) -> NDArray[np.intp]:
    """Return the gene that stands for each unit in each cell type: the least subunit of the best alternative.

    Parameters
    ----------
    values
        T × G, the statistic that decides.
    slots
        Genes of U units.

    Returns
    -------
    T × U, columns of ``values``; of equals the first.
    """
    chosen = np.repeat(slots.gene[:, 0][None], len(values), axis=0)
    for units in slots.of_one_shape():
        alternative = slots.alternative[units[0]]
        genes = slots.gene[units]
        level = values[:, genes]
        least = np.full(level.shape, -np.inf)
        for number in range(int(alternative.max()) + 1):
            members = np.flatnonzero(alternative == number)
            limiting = members[level[:, :, members].argmin(axis=2)][:, :, None]
            np.put_along_axis(least, limiting, np.take_along_axis(level, limiting, axis=2), axis=2)
        chosen[:, units] = np.take_along_axis(np.broadcast_to(genes, level.shape), least.argmax(axis=2)[:, :, None], 2)[
            :, :, 0
        ]
    return chosen
