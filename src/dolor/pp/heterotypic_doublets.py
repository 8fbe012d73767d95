"""Two kinds in one droplet: whose transcripts a cell also holds, and whether it ate them or shares its droplet."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.contracts import check_cells
from dolor.core.errors import DataError
from dolor.io.matrix.cell_rows import CellRows, counts_of
from dolor.pp.embed import group_means

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

PHAGOCYTES = ("macrophage", "microglia", "monocyte", "neutrophil")
EATEN = ("schwann_cell", "oligodendrocyte", "satellite_glia", "sensory_neuron", "cord_neuron")

_GENES = 500
_SHARES = np.array([0.0, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5])
# Share of every droplet that is taken for ambient RNA, so that leakage alone makes no partner.
_AMBIENT = 0.05
# From this share on, a phagocyte holds a second cell rather than a meal.
_SECOND_CELL = 0.2
# Gain in log-likelihood that a partner must bring: a meal is small, a second cell is plain to see.
_GAIN_MEAL, _GAIN_PAIR = 5.0, 40.0
_LEAST_MEAL, _LEAST_PAIR = 0.04, 0.1
_FEWEST_CELLS = 10


def partners(
    adata: AnnData,
    groupby: str = "cell_class",
    *,
    phagocytes: Collection[str] = PHAGOCYTES,
    eaten: Collection[str] = EATEN,
    counts: CellRows | None = None,
) -> pd.DataFrame:
    """Find cells that also hold the transcripts of another kind of cell, and tell meals from second cells.

    Each cell's counts are explained by the mean profile of its own kind, a fixed share of ambient RNA (the mixture of
    its sample) and a share of one other kind; the kind and share of the highest likelihood are taken.

    Parameters
    ----------
    adata
        Annotated cells; reads ``layers["counts"]``, ``groupby``, and ``obs["doublet"]`` where it is there (cells that
        it flags do not shape the profiles). ``obs["partner"]``, ``obs["partner_share"]`` and ``obs["pairing"]`` are
        written: ``phagocytosis`` (a phagocyte with a small share of what is eaten), ``pair`` (a second cell), or empty.
    groupby
        Column of ``obs`` with kinds that are well told apart, such as classes. Kinds of fewer than ten cells and
        ``unassigned`` cells are no partner and are not asked.
    phagocytes, eaten
        Kinds that eat, and kinds that are eaten.
    counts
        The counts of these cells, where they stay in a file: from :func:`dolor.io.stored_cells.open_cells`. Then
        ``layers["counts"]`` is not needed, and memory holds one sample at a time.

    Returns
    -------
    One row a (kind, partner, pairing) that occurs: ``group``, ``partner``, ``pairing``, ``n_cells`` and ``share``
    (median).

    Raises
    ------
    dolor.core.errors.DataError
        The object is not Cells, or has no column ``groupby``.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("nerve", seed=1, n_animals=1, cells_per_sample=150)
    >>> table = dl.pp.partners(study.cells, "truth_class")
    >>> set(table["pairing"]) <= {"pair", "phagocytosis"}
    True
    """
    check_cells(adata, counts=counts)
    if groupby not in adata.obs.columns:
        raise DataError(f"obs has no column '{groupby}'; there are {', '.join(map(str, adata.obs.columns))}")
    rows = counts_of(adata, counts)
    kinds = adata.obs[groupby].astype(str).to_numpy(dtype=object)
    clean = kinds != "unassigned"
    if "doublet" in adata.obs.columns:
        clean &= (adata.obs["doublet"].astype(str) != "yes").to_numpy()
    profiles, names = _profiles(rows.of(clean), kinds[clean])
    place, share, gain = _search(rows, kinds, adata.obs["sample_id"], profiles, names, set(phagocytes))
    partner = np.array([*names, ""], dtype=object)[place]
    meal = np.isin(kinds, list(phagocytes)) & np.isin(partner, list(eaten)) & (share < _SECOND_CELL)
    eats = meal & (gain >= _GAIN_MEAL) & (share >= _LEAST_MEAL)
    pair = ~meal & (gain >= _GAIN_PAIR) & (share >= _LEAST_PAIR)
    partner[~(eats | pair)], share[~(eats | pair)] = "", 0.0
    adata.obs["partner"], adata.obs["partner_share"] = pd.Categorical(partner), share
    adata.obs["pairing"] = pd.Categorical(np.select([eats, pair], ["phagocytosis", "pair"], ""))
    return _summary(kinds, adata.obs)


def _search(
    counts: CellRows,
    kinds: NDArray[np.object_],
    samples: pd.Series,
    profiles: NDArray[np.float64],
    names: list[str],
    phagocytes: set[str],
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Seek the partner of every cell on the genes that tell the kinds apart; phagocytes are a continuum, no pair."""
    place, share, gain = (np.full(len(kinds), start) for start in (-1, 0.0, 0.0))
    telling = np.log(profiles).std(axis=0) * np.sqrt(profiles.max(axis=0))
    genes = np.sort(np.argsort(-telling, kind="stable")[:_GENES])
    telling_counts = counts.with_genes(genes)
    for sample in pd.unique(samples):
        rows = np.flatnonzero(samples.to_numpy() == sample)
        of_sample = telling_counts.rows(rows)
        mixture = np.asarray(of_sample.sum(axis=0), dtype=float).ravel() + 0.5
        for own, kind in enumerate(names):
            of_kind = kinds[rows] == kind
            cells = rows[of_kind]
            others = [at for at, name in enumerate(names) if name != kind and not {name, kind} <= phagocytes]
            found = best_partner(of_sample[of_kind], profiles[:, genes], own, others, mixture)
            place[cells], share[cells], gain[cells] = found
    return place, share, gain


def best_partner(
    counts: sparse.csr_matrix,
    profiles: NDArray[np.float64],
    own: int,
    candidates: Collection[int],
    ambient: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Find the other kind, and its share, that best explain each cell besides its own kind.

    Parameters
    ----------
    counts
        Cells of one kind × genes, raw.
    profiles
        Kinds × genes, shares of the transcripts, all above 0.
    own
        The cells' kind.
    candidates
        Kinds that may be the partner.
    ambient
        Genes: counts of the sample's mixture.

    Returns
    -------
    The place of the partner (-1 where none adds anything), its share of the transcripts, and the gain in
    log-likelihood.
    """
    leaked = _AMBIENT * ambient / ambient.sum() * profiles[own].sum()
    alone = np.log(_scaled((1 - _AMBIENT) * profiles[own] + leaked))
    base = counts @ alone
    best, place, share = np.zeros(len(base)), np.full(len(base), -1), np.zeros(len(base))
    for other in candidates:
        mixed = (1 - _AMBIENT) * ((1 - _SHARES[:, None]) * profiles[own] + _SHARES[:, None] * profiles[other]) + leaked
        gain = counts @ np.log(_scaled(mixed)).T - base[:, None]
        step = gain.argmax(axis=1)
        highest = gain.max(axis=1)
        better = highest > best
        best, place = np.where(better, highest, best), np.where(better, other, place)
        share = np.where(better, _SHARES[step], share)
    return place, share, best


def _scaled(mixed: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(mixed / mixed.sum(axis=-1, keepdims=True))


def _profiles(counts: CellRows, kinds: NDArray[np.object_]) -> tuple[NDArray[np.float64], list[str]]:
    """Return the profile of each kind with enough cells (kinds × genes, above 0), and the names."""
    means, numbers = group_means(counts, kinds)
    enough = numbers >= _FEWEST_CELLS
    summed = means[enough] * numbers[enough][:, None] + 0.5
    return summed / summed.sum(axis=1, keepdims=True), [str(name) for name in np.array(sorted(set(kinds)))[enough]]


def _summary(kinds: NDArray[np.object_], obs: pd.DataFrame) -> pd.DataFrame:
    told = pd.DataFrame(
        {name: obs[name].astype(str).to_numpy() for name in ("partner", "pairing")}
        | {"group": kinds, "partner_share": obs["partner_share"].to_numpy()}
    )
    told = told[told["partner"] != ""]
    keys = ["group", "partner", "pairing"]
    return told.groupby(keys)["partner_share"].agg(n_cells="size", share="median").reset_index()
