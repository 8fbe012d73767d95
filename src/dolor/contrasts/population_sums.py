"""Counts of every population in every replicate, and what leakage is expected to leave in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from dolor.core.errors import DataError
from dolor.core.vocabulary import UNASSIGNED
from dolor.pseudobulk.leakage import estimate_leakage, expected_leakage, mixture_profiles

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["PopulationSums", "population_sums"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class PopulationSums:
    """Sums of S replicates, T populations and G genes.

    Attributes
    ----------
    replicates, populations, genes
        Names of the axes; the first two sorted.
    cells, library
        S × T: cells, and their counts over all genes.
    counts
        S × T × G, summed counts.
    leaked
        S × T × G, counts expected from leakage; NaN where it cannot be estimated.
    leaked_total
        S × T, the same over all genes, measured here or not.
    held_out
        G: genes that the estimate of leakage does not rest on.
    """

    replicates: tuple[str, ...]
    populations: tuple[str, ...]
    genes: tuple[str, ...]
    cells: Floats
    library: Floats
    counts: Floats
    leaked: Floats
    leaked_total: Floats
    held_out: Bools

    def select(self, replicates: Sequence[str]) -> PopulationSums:
        """Return the sums of some replicates."""
        rows = pd.Index(self.replicates).get_indexer(pd.Index(replicates))
        return replace(
            self,
            replicates=tuple(replicates),
            cells=self.cells[rows],
            library=self.library[rows],
            counts=self.counts[rows],
            leaked=self.leaked[rows],
            leaked_total=self.leaked_total[rows],
        )


def population_sums(profiles: AnnData, replicate: pd.Series) -> PopulationSums:
    """Sum profiles by replicate and population, and estimate leakage for each sample.

    Parameters
    ----------
    profiles
        Profiles of one dataset; ``X`` (summed counts), ``obs["n_cells"]`` and ``obs["n_counts"]`` are read.
    replicate
        For each row of the profiles, the replicate that it belongs to.

    Raises
    ------
    dolor.core.errors.DataError
        No profile has a population.
    """
    population = profiles.obs["cell_type"].astype(str)
    named = tuple(sorted(set(population) - {UNASSIGNED}))
    if not named:
        raise DataError("no profile has a cell type, all cells are unassigned: annotate them first")
    # Leakage is a property of a library, so it is estimated per sample; cells without a name leak too.
    sample = pd.Categorical(profiles.obs["sample_id"].astype(str))
    every = pd.Categorical(population, categories=[*named, *sorted(set(population) - set(named))])
    shape = (len(sample.categories), len(every.categories))
    group = sample.codes.astype(np.intp) * shape[1] + every.codes
    counts = _summed(profiles.X, group, shape)
    cells, library = (_summed(profiles.obs[name].to_numpy(float), group, shape) for name in ("n_cells", "n_counts"))
    mixture = mixture_profiles(counts, library)
    found = estimate_leakage(counts, cells, library, mixture)
    leaked = expected_leakage(mixture, found.per_cell, cells)
    total = found.per_cell[:, None] * cells
    # The samples of a replicate are summed; unknown leakage of one makes that of the replicate unknown.
    of_sample = replicate.astype(str).groupby(profiles.obs["sample_id"].astype(str)).first().loc[sample.categories]
    names = tuple(sorted(set(of_sample)))
    member = (np.array(names)[:, None] == of_sample.to_numpy()[None, :]).astype(float)
    kept = slice(0, len(named))
    return PopulationSums(
        names, named, tuple(map(str, profiles.var_names)), member @ cells[:, kept], member @ library[:, kept],
        _by_replicate(member, counts[:, kept]), _by_replicate(member, leaked[:, kept]),
        _by_replicate(member, total[:, kept, None])[:, :, 0], ~found.used,
    )  # fmt: skip


def _by_replicate(member: Floats, values: Floats) -> Floats:
    """Sum S × T × G over the samples of each replicate; NaN where a sample of it is NaN."""
    flat = values.reshape(len(values), -1)
    summed = member @ np.nan_to_num(flat)
    summed[member @ np.isnan(flat) > 0] = np.nan
    return np.asarray(summed.reshape(len(member), *values.shape[1:]))


def _summed(values: Any, group: NDArray[np.intp], shape: tuple[int, int]) -> Floats:
    """Sum rows by group; the groups become two axes."""
    indicator = sparse.csr_matrix(
        (np.ones(len(group)), (group, np.arange(len(group)))), shape=(shape[0] * shape[1], len(group))
    )
    summed = indicator @ values
    dense: Floats = np.asarray(summed.toarray() if isinstance(summed, sparse.csr_matrix) else summed)
    return np.asarray(dense, dtype=float).reshape(*shape, *dense.shape[1:])
