"""Ambient RNA: its profile in each sample, how much of it a droplet holds, and counts without it; raw counts stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.contracts import check_cells
from dolor.core.errors import DataError
from dolor.io.matrix.cell_rows import CellRows, counts_of
from dolor.pp.embed import coarse_groups, group_means

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["Ambient", "ambient", "corrected_counts", "estimate_leak"]

# Groups that do not express a gene show its leak: the level in this quantile of the groups, from the lowest.
_SILENT = 0.25
# A gene tells how much leaks if its level in the richest group is so many times that of the silent ones; from fewer
# times on, what the silent ones hold of it is taken for its leak.
_SPECIFIC, _LEAKING = 50.0, 20.0
_MOST_GENES, _FEWEST_GENES = 100, 5
# Groups of fewer cells in a sample are too noisy to be called silent.
_FEWEST_CELLS = 8
# Cells shed a gene at most so many times more than they hold it; beyond, the silent groups were not silent.
_MOST_SHED = 5.0
# No droplet is called more ambient than this: it would be an empty one.
_MOST_AMBIENT = 0.9


@dataclass(frozen=True)
class Ambient:
    """What leaks in each sample.

    Attributes
    ----------
    profiles
        Samples × genes, each row summing to 1.
    samples
        One row a sample: ``sample_id``, ``n_cells``, ``leaked_per_cell`` (transcripts in a droplet; missing if it
        cannot be told), ``contamination`` (their median share of a cell's transcripts), ``n_genes`` (that told),
        ``source`` (``empty`` droplets or the ``mixture`` of the cells).
    """

    profiles: pd.DataFrame
    samples: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Return what leaks as a table, as a run keeps it.

        Returns
        -------
        One row a (library, gene) that leaks: ``library_id`` (the samples that the estimate was made on, before pooled
        ones are split), ``gene``, ``share`` of the profile, ``leaked`` (transcripts a droplet; missing where it cannot
        be told).
        """
        named = self.profiles.rename_axis("library_id").rename_axis(columns="gene").reset_index()
        told = named.melt(id_vars="library_id", value_name="share")
        found = told[told["share"] > 0].sort_values(["library_id", "gene"], ignore_index=True)
        leaks = self.samples.set_index("sample_id")["leaked_per_cell"]
        return found.assign(leaked=found["share"] * found["library_id"].map(leaks).astype(float))


def ambient(
    adata: AnnData,
    empty: AnnData | None = None,
    *,
    groupby: str | None = None,
    correct: bool = False,
    seed: int = 0,
    counts: CellRows | None = None,
) -> Ambient:
    """Estimate the ambient RNA of each sample.

    Every droplet takes up about as much of the RNA of broken cells. A gene that one population has and others lack
    shows how much: what is seen of it in the groups that lack it.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]``. ``obs["ambient_share"]`` (expected share of a cell's transcripts that leaked
        in; missing where its sample cannot be told) is written.
    empty
        Droplets without a cell (``layers["counts"]``, the same genes, ``obs["sample_id"]``). Samples that they lack, or
        all without them, take their profile from the mixture of the cells and what silent groups show.
    groupby
        Column of ``obs`` with populations or clusters; default: ``coarse_kind``, which :func:`dolor.pp.quality` writes,
        and where it is absent coarse groups are made here.
    correct
        Also write ``layers["corrected"]``: counts times the share that did not leak, for each gene in each group of a
        sample, so that a group's sum is right and no cell gains a gene. ``layers["counts"]`` is untouched.
    seed
        Seed of the coarse groups.
    counts
        The counts of these cells, where they stay in a file: from :func:`dolor.io.stored_cells.open_cells`. Then
        ``layers["counts"]`` is not needed, and memory holds one sample at a time.
        Corrected counts are then made by :func:`corrected_counts`.

    Returns
    -------
    Profiles and summary of the samples.

    Raises
    ------
    dolor.core.errors.DataError
        The object is not Cells, ``groupby`` is no column, or the empty droplets have other genes.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("nerve", seed=1, n_animals=1, cells_per_sample=100)
    >>> found = dl.pp.ambient(study.cells, dl.simulate.empty_droplets(study, 50))
    >>> set(found.samples["source"]), found.profiles.shape == study.ambient.shape
    ({'empty'}, True)
    """
    check_cells(adata, counts=counts)
    if groupby is not None and groupby not in adata.obs.columns:
        raise DataError(
            f"obs has no column '{groupby}' to group by; there are {', '.join(map(str, adata.obs.columns))}"
        )
    rows_of_cells = counts_of(adata, counts)
    if groupby is None and "coarse_kind" in adata.obs.columns:
        groupby = "coarse_kind"
    groups = coarse_groups(rows_of_cells, seed) if groupby is None else adata.obs[groupby].astype(str).to_numpy()
    drained = _empty_totals(adata, empty)
    share = np.full(adata.n_obs, np.nan)
    rows, profiles = [], {}
    for sample, cells in sorted(adata.obs.groupby("sample_id", observed=True).indices.items()):
        own = rows_of_cells.rows(cells)
        totals = np.asarray(own.sum(axis=1), dtype=float).ravel()
        means, numbers = group_means(own, groups[cells])
        means = means[numbers >= _FEWEST_CELLS] if (numbers >= _FEWEST_CELLS).sum() >= 3 else means[:0]
        mixture = np.asarray(own.sum(axis=0), dtype=float).ravel()
        profile, leak, told = estimate_leak(means, mixture, drained.get(str(sample)))
        profiles[str(sample)] = profile
        share[cells] = np.minimum(leak / np.maximum(totals, 1.0), _MOST_AMBIENT)
        source = "empty" if str(sample) in drained else "mixture"
        rows.append((str(sample), len(cells), leak, float(np.median(share[cells])), told, source))
    adata.obs["ambient_share"] = share
    found = Ambient(
        pd.DataFrame.from_dict(profiles, orient="index", columns=adata.var_names),
        pd.DataFrame(rows, columns=["sample_id", "n_cells", "leaked_per_cell", "contamination", "n_genes", "source"]),
    )
    if correct and counts is None:
        adata.layers["corrected"] = corrected_counts(rows_of_cells, adata.obs["sample_id"], groups, found).whole()
    return found


def estimate_leak(
    means: NDArray[np.float64], mixture: NDArray[np.float64], drained: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], float, int]:
    """Estimate what leaks in one sample.

    Parameters
    ----------
    means
        Groups × genes: mean counts of a cell, of groups large enough to be trusted.
    mixture
        Genes: counts of all cells together.
    drained
        Genes: counts of all empty droplets together, if there are any.

    Returns
    -------
    The profile (sums to 1), the transcripts that leak into a droplet (missing with fewer than five telling genes), and
    how many genes told.
    """
    profile = (mixture if drained is None else drained) / max(mixture.sum() if drained is None else drained.sum(), 1.0)
    if not len(means):
        return profile, np.nan, 0
    silent, richest = np.quantile(means, _SILENT, axis=0), means.max(axis=0)
    specific = (richest > _SPECIFIC * silent) & (profile > 0) & (richest > 0)
    told = np.flatnonzero(specific)[np.argsort(-profile[specific], kind="stable")][:_MOST_GENES]
    if len(told) < _FEWEST_GENES:
        return profile, np.nan, len(told)
    leak = _weighted_median(silent[told] / profile[told], profile[told])
    if drained is None and leak > 0:
        # What silent groups hold of a specific gene is its leak itself: it shows what cells shed more than they hold.
        leaking = leak * profile
        shed = richest > _LEAKING * silent
        leaking[shed] = np.minimum(silent, _MOST_SHED * leaking)[shed]
        return leaking / leaking.sum(), float(leaking.sum()), len(told)
    return profile, leak, len(told)


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the value below which half of the weight lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def _empty_totals(adata: AnnData, empty: AnnData | None) -> dict[str, NDArray[np.float64]]:
    """Return the counts of all empty droplets of each sample, in the order of the cells' genes."""
    if empty is None:
        return {}
    missing = adata.var_names.difference(empty.var_names)
    if len(missing):
        raise DataError(f"the empty droplets lack {len(missing)} genes of the cells (such as '{missing[0]}')")
    # An unfiltered matrix holds the cells as well, which are no empty droplets.
    empty = empty[~empty.obs_names.isin(adata.obs_names)]
    drops = sparse.csr_matrix(empty[:, adata.var_names].layers["counts"])
    found = {
        str(sample): np.asarray(drops[rows].sum(axis=0), dtype=float).ravel()
        for sample, rows in empty.obs.groupby("sample_id", observed=True).indices.items()
    }
    return {sample: total for sample, total in found.items() if total.sum() > 0}


def corrected_counts(counts: CellRows, samples: pd.Series, groups: NDArray[np.object_], found: Ambient) -> CellRows:
    """Keep of each gene, in each group of a sample, the share that leakage does not explain.

    Parameters
    ----------
    counts
        Cells × genes, raw.
    samples, groups
        The sample and the group of each cell, as ``found`` was estimated on them.
    found
        From :func:`ambient`.

    Returns
    -------
    Counts times the share that is kept, 32 bit, made whenever they are read.
    """
    leaks = found.samples.set_index("sample_id")["leaked_per_cell"].fillna(0.0)
    place, n_before = np.zeros(len(groups), dtype=np.intp), 0
    parts: list[NDArray[np.float32]] = []
    for sample in pd.unique(samples):
        cells = np.flatnonzero(samples.to_numpy() == sample)
        means, _ = group_means(counts.rows(cells), groups[cells])
        leaked = leaks[str(sample)] * found.profiles.loc[str(sample)].to_numpy()
        place[cells] = n_before + pd.factorize(groups[cells], sort=True)[0]
        lost = np.minimum(np.divide(leaked, means, out=np.zeros_like(means), where=means > 0), 1.0)
        parts.append((1 - lost).astype(np.float32))
        n_before += len(lost)
    kept = np.concatenate(parts)

    def corrected(block: sparse.csr_matrix, cells: NDArray[np.intp]) -> sparse.csr_matrix:
        result = block.astype(np.float32)
        result.data *= kept[np.repeat(place[cells], np.diff(result.indptr)), result.indices]
        result.eliminate_zeros()
        return result

    return counts.changed(corrected, counts.shape[1])
