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
from dolor.knowledge import genelogic

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["Supply", "supply_of"]

Floats = NDArray[np.float64]

# Counts per 10,000 added before the logarithm. Relative to the library, so that its size moves no undetected gene.
PRIOR = 0.5


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
        S × T: number of cells and of all their counts; 0 where the cell type is absent.
    all_cells
        S: cells of the replicate, those without a cell type included.
    log2
        S × T × U: log2 expression, NaN where the cell type is absent.
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


def supply_of(profiles: AnnData, units: Sequence[str], replicate: pd.Series) -> Supply:
    """Collect profiles into the array.

    Parameters
    ----------
    profiles
        Profiles of one data set (:func:`dolor.contracts.profiles.check_profiles`); ``X`` and ``psbulk_props`` are read.
    units
        Ligands and receptors in gene logic, in the symbols of ``var_names``.
    replicate
        For each row of the profiles, the replicate that it belongs to; counts of one replicate are summed.

    Returns
    -------
    The array, with replicates and cell types in alphabetical order whatever the order of the rows.
    """
    obs = profiles.obs
    replicates = tuple(sorted(replicate.astype(str).unique()))
    cell_types = tuple(sorted(set(obs["cell_type"].astype(str)) - {UNASSIGNED}))
    position = {name: i for i, name in enumerate(replicates)}
    sample = replicate.astype(str).map(position).to_numpy(dtype=int)
    n_cells = np.asarray(obs["n_cells"], dtype=float)
    all_cells = np.bincount(sample, weights=n_cells, minlength=len(replicates)).astype(float)

    genes = sorted({gene for unit in units for gene in genelogic.genes(unit)} & set(profiles.var_names))
    labelled = np.flatnonzero(obs["cell_type"].astype(str).isin(cell_types).to_numpy())
    slot = np.asarray(pd.Categorical(obs["cell_type"].astype(str), categories=cell_types).codes)[labelled]
    group = sample[labelled] * len(cell_types) + slot
    columns = profiles.var_names.get_indexer(genes)
    counts = _dense(profiles.X, labelled, columns)
    detected = _dense(profiles.layers[DETECTION_LAYER], labelled, columns) * n_cells[labelled, None]
    detected = np.rint(detected)
    shape = (len(replicates), len(cell_types))
    cells = _sum_groups(n_cells[labelled], group, shape)
    totals = _sum_groups(np.asarray(obs["n_counts"], dtype=float)[labelled], group, shape)
    summed = _sum_groups(counts, group, shape)
    detecting = _sum_groups(detected, group, shape)
    names = tuple(dict.fromkeys(units))
    place = {gene: i for i, gene in enumerate(genes)}
    with np.errstate(invalid="ignore", divide="ignore"):
        per_10k = _aggregate(summed / totals[:, :, None] * 1e4, names, place)
        pooled = _aggregate(summed.sum(axis=0) / totals.sum(axis=0)[:, None] * 1e4, names, place)
        detection = _aggregate(detecting.sum(axis=0) / cells.sum(axis=0)[:, None], names, place)
    return Supply(
        replicates=replicates,
        cell_types=cell_types,
        units={name: i for i, name in enumerate(names)},
        missing_genes={name: ", ".join(gone) for name in names if (gone := _missing(name, place))},
        cells=cells,
        totals=totals,
        all_cells=all_cells,
        log2=np.log2(per_10k + PRIOR),
        pooled=pooled,
        detection=np.minimum(detection, 1.0),
    )


def _sum_groups(values: Floats, group: NDArray[np.intp], shape: tuple[int, int]) -> Floats:
    """Sum rows by group; the groups become two axes."""
    summed = np.zeros((shape[0] * shape[1], *values.shape[1:]))
    np.add.at(summed, group, values)
    return summed.reshape(*shape, *values.shape[1:])


def _dense(matrix: Any, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
    chosen = matrix[rows][:, columns]
    return np.asarray(sparse.csr_matrix(chosen).toarray(), dtype=np.float64)


def _missing(unit: str, place: dict[str, int]) -> list[str]:
    """Return the genes whose absence keeps a unit from being scored; none if some alternative is complete."""
    if any(all(gene in place for gene in subunits) for subunits in genelogic.parse(unit)):
        return []
    return [gene for gene in genelogic.genes(unit) if gene not in place]


def _aggregate(expression: Floats, units: Sequence[str], place: dict[str, int]) -> Floats:
    """Bring genes (last axis) to units: a complex is worth its limiting subunit, alternatives add up."""
    result = np.zeros((*expression.shape[:-1], len(units)))
    for column, unit in enumerate(units):
        for subunits in genelogic.parse(unit):
            if all(gene in place for gene in subunits):
                result[..., column] += expression[..., [place[gene] for gene in subunits]].min(axis=-1)
    return result
