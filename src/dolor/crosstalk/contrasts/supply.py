"""What every cell type of every replicate expresses of each ligand and receptor: the array that contrasts read.

A cell type that a replicate lacks is missing (NaN), not zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from dolor.contracts.profiles import DETECTION_LAYER
from dolor.contracts.vocabulary import UNASSIGNED
from dolor.crosstalk.contrasts.normalisation import effective_totals
from dolor.crosstalk.expression import Complexes, Units, combine, compile_units, log_expression, per_10k
from dolor.errors import DataError
from dolor.knowledge import genelogic

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["Supply", "supply_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Supply:
    """Expression of U units (ligands and receptors as written in gene logic) by S replicates and T cell types.

    Attributes
    ----------
    replicates, cell_types
        Names of the first two axes, sorted.
    units
        Position of each expression on the last axis.
    missing_genes
        For each unit that cannot be scored, the genes that were not measured.
    cells, totals
        S × T: number of cells, and of all their counts after normalisation; 0 where the cell type is absent.
    all_cells
        S: cells of the replicate, those without a cell type included.
    log2
        S × T × U: log2 expression, NaN where the cell type is absent or the unit not measured.
    pooled
        T × U: counts per 10,000 of all replicates together.
    detection
        T × U: fraction of cells that detect the unit, over all replicates.
    """

    replicates: tuple[str, ...]
    cell_types: tuple[str, ...]
    units: dict[str, int]
    missing_genes: dict[str, str]
    cells: Floats
    totals: Floats
    all_cells: Floats
    log2: Floats
    pooled: Floats
    detection: Floats

    def of(self, replicates: Sequence[str]) -> Supply:
        """Return the array of some replicates only; what is pooled stays pooled over all."""
        rows = pd.Index(self.replicates).get_indexer(pd.Index(replicates))
        return replace(
            self,
            replicates=tuple(replicates),
            cells=self.cells[rows],
            totals=self.totals[rows],
            all_cells=self.all_cells[rows],
            log2=self.log2[rows],
        )


def supply_of(
    profiles: AnnData,
    units: Sequence[str],
    replicate: pd.Series,
    complexes: Complexes = "min",
    *,
    normalise: bool = True,
) -> Supply:
    """Collect profiles into the array.

    Parameters
    ----------
    profiles
        Profiles of one data set (:func:`dolor.contracts.profiles.check_profiles`); ``X`` and ``psbulk_props`` are read.
    units
        Ligands and receptors in gene logic, in the symbols of ``var_names``.
    replicate
        For each row of the profiles, the replicate that it belongs to; counts of one replicate are summed.
    complexes
        What a complex is worth: its limiting subunit, or the geometric mean of its subunits.
    normalise
        Scale library sizes by :func:`dolor.crosstalk.contrasts.normalisation.effective_totals`.

    Returns
    -------
    The array, with replicates and cell types in alphabetical order whatever the order of the rows.

    Raises
    ------
    dolor.errors.DataError
        No profile has a cell type.
    """
    obs = profiles.obs
    replicates = tuple(sorted(replicate.astype(str).unique()))
    cell_types = tuple(sorted(set(obs["cell_type"].astype(str)) - {UNASSIGNED}))
    if not cell_types:
        raise DataError("no profile has a cell type, all cells are unassigned: annotate them first")
    position = {name: i for i, name in enumerate(replicates)}
    sample = replicate.astype(str).map(position).to_numpy(dtype=int)
    n_cells = np.asarray(obs["n_cells"], dtype=float)
    all_cells = np.bincount(sample, weights=n_cells, minlength=len(replicates)).astype(float)

    genes = sorted({gene for unit in units for gene in genelogic.genes(unit)} & set(profiles.var_names))
    labelled = np.flatnonzero(obs["cell_type"].astype(str).isin(cell_types).to_numpy())
    slot = np.asarray(pd.Categorical(obs["cell_type"].astype(str), categories=cell_types).codes)[labelled]
    group = sample[labelled] * len(cell_types) + slot
    shape = (len(replicates), len(cell_types))
    columns = profiles.var_names.get_indexer(genes)
    counts = _dense(profiles.X, labelled, columns)
    detecting = np.rint(_dense(profiles.layers[DETECTION_LAYER], labelled, columns) * n_cells[labelled, None])
    cells = _sum_groups(n_cells[labelled], group, shape)
    totals = _sum_groups(np.asarray(obs["n_counts"], dtype=float)[labelled], group, shape)
    summed = _sum_groups(counts, group, shape)
    compiled = compile_units(dict.fromkeys(units), genes)
    if normalise:
        totals = _normalised(profiles, labelled, group, totals)
    expression = combine(per_10k(summed.reshape(cells.size, len(genes)), totals.ravel()), compiled, complexes)
    log2 = log_expression(expression).reshape(*shape, len(compiled.names))
    return Supply(
        replicates=replicates,
        cell_types=cell_types,
        units={name: i for i, name in enumerate(compiled.names)},
        missing_genes={name: ", ".join(lacking) for name, lacking in compiled.missing.items()},
        cells=cells,
        totals=totals,
        all_cells=all_cells,
        log2=np.where((cells > 0)[:, :, None], log2, np.nan),
        pooled=combine(per_10k(summed.sum(axis=0), totals.sum(axis=0)), compiled, complexes),
        detection=_detection(_sum_groups(detecting, group, shape).sum(axis=0), cells.sum(axis=0), compiled),
    )


def _normalised(profiles: AnnData, rows: NDArray[np.intp], group: NDArray[np.intp], totals: Floats) -> Floats:
    """Scale the totals (S × T) by all genes of the profiles, one cell type after the other to spare memory."""
    replicates, cell_types = totals.shape
    scaled = np.empty_like(totals)
    for cell_type in range(cell_types):
        own = group % cell_types == cell_type
        counts = _dense(profiles.X, rows[own], np.arange(profiles.n_vars))
        summed = _sum_groups(counts, group[own] // cell_types, (replicates, 1))[:, 0]
        scaled[:, cell_type] = effective_totals(summed, totals[:, cell_type])
    return scaled


def _detection(detecting: Floats, cells: Floats, units: Units) -> Floats:
    """Return the part of the cells that detect a unit: its rarest subunit, its alternatives together (1 at most)."""
    return np.minimum(combine(detecting / cells[:, None], units), 1.0)


def _sum_groups(values: Floats, group: NDArray[np.intp], shape: tuple[int, int]) -> Floats:
    """Sum rows by group; the groups become two axes."""
    summed = np.zeros((shape[0] * shape[1], *values.shape[1:]))
    np.add.at(summed, group, values)
    return summed.reshape(*shape, *values.shape[1:])


def _dense(matrix: Any, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
    chosen = matrix[rows][:, columns]
    return np.asarray(sparse.csr_matrix(chosen).toarray(), dtype=np.float64)
