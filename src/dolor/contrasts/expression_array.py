"""Library sizes freed of composition: some genes that rise strongly must not make all others seem to fall.

Counts of a pseudobulk share one library. Where injury raises many transcripts, the others lose their share without any
change of their own. The share that the bulk of the genes kept scales the library back: a trimmed mean of log ratios to
the pooled cell type, as edgeR's for bulk data, over the genes that vary least between replicates. Condition plays no
part in it.

References
----------
Robinson, M. D. and Oshlack, A. (2010), Genome Biology 11, R25.

What every cell type of every replicate expresses of each ligand and receptor: the array that contrasts read.

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

from dolor.core.contracts import DETECTION_LAYER
from dolor.core.errors import DataError
from dolor.core.vocabulary import UNASSIGNED
from dolor.knowledge import gene_logic
from dolor.pseudobulk.expression import Complexes, Units, combine, compile_units, log_expression, per_10k

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["Supply", "effective_totals", "supply_of"]

Floats = NDArray[np.float64]

# Anything from 0.05 to 0.3 serves: in 16 fresh null studies (dolor.simulate.null) shares of p < 0.05 agree to 1e-4.
_TRIM = 0.15
# This part of the genes, those that vary least between replicates, is left to judge by.
_STEADY = 0.5
# Genes counted in every replicate inform; fewer of them say too little.
_FEWEST_GENES = 200


def effective_totals(counts: Floats, totals: Floats) -> Floats:
    """Scale library sizes to what the bulk of the genes says.

    Parameters
    ----------
    counts
        S × genes, summed counts of one cell type in each replicate.
    totals
        S, counts over all genes; 0 where the cell type is absent.

    Returns
    -------
    S, the library sizes to divide by. They are ``totals`` where fewer than 200 genes inform, as in profiles of the
    catalog's genes alone, since a few genes chosen for their response would carry the response into the scale.

    Examples
    --------
    >>> counts = np.full((2, 200), 50.0)
    >>> counts[1, :20] *= 8
    >>> counts.sum(axis=1).tolist(), (effective_totals(counts, counts.sum(axis=1)) / 1000).round().tolist()
    ([10000.0, 17000.0], [13.0, 13.0])
    """
    present = totals > 0
    if present.sum() < 2:
        return totals
    informing = (counts[present] > 0).all(axis=0)
    if informing.sum() < _FEWEST_GENES:
        return totals
    own, library = counts[np.ix_(present, informing)], totals[present]
    # Nothing here depends on depth as such, so that cells counted twice give the same scale.
    ratio = np.log2(own / library[:, None]) - np.log2(own.sum(axis=0) / library.sum())
    scatter = ((ratio - _trimmed_mean(ratio)) ** 2).mean(axis=0)
    shift = _trimmed_mean(ratio[:, scatter <= np.quantile(scatter, _STEADY)])[:, 0]
    scaled = totals.astype(float)
    scaled[present] = library * 2 ** (shift - shift.mean())
    return scaled


def _trimmed_mean(ratio: Floats) -> Floats:
    """Return the mean of each row (S × 1) without its lowest and its highest part."""
    ordered = np.sort(ratio, axis=1)
    cut = int(_TRIM * ratio.shape[1])
    middle: Floats = ordered[:, cut : ratio.shape[1] - cut].mean(axis=1, keepdims=True)
    return middle


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

    def select(self, replicates: Sequence[str]) -> Supply:
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
        Profiles of one data set (:func:`dolor.core.contracts.check_profiles`); ``X`` and ``psbulk_props`` are read.
    units
        Ligands and receptors in gene logic, in the symbols of ``var_names``.
    replicate
        For each row of the profiles, the replicate that it belongs to; counts of one replicate are summed.
    complexes
        What a complex is worth: its limiting subunit, or the geometric mean of its subunits.
    normalise
        Scale library sizes by :func:`dolor.contrasts.expression_array.effective_totals`.

    Returns
    -------
    The array, with replicates and cell types in alphabetical order whatever the order of the rows.

    Raises
    ------
    dolor.core.errors.DataError
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

    genes = sorted({gene for unit in units for gene in gene_logic.genes(unit)} & set(profiles.var_names))
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
