"""Doublets: scrublet's neighbourhood of made doublets, joined with size, within each sample; flagged, never dropped."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.contracts import check_cells
from dolor.core.errors import UsageError
from dolor.io.matrix.cell_rows import CellRows, counts_of

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["Verdicts", "doublets", "threshold_of"]

# Few components: those beyond hold noise in samples of some hundred cells, and doublets are told by large differences.
_COMPONENTS = 15
# Beyond so many cells, with two pairs made for each, scanpy no longer seeks all neighbours by itself.
_MANY_CELLS = 8192 // 3 - 1
# Called from this probability on: a doublet that passes makes a population that is none, which is worse than a single
# cell that is flagged. The probability errs low, since doublets sit unseen among the cells that it was trained on.
_PROBABLE = 0.2
# More than so many times the expected share is no plausible number of doublets.
_TOO_MANY = 2.0


@dataclass(frozen=True)
class Verdicts:
    """One sample: the probability of each cell to be a doublet, the threshold, and the rule that set it."""

    score: NDArray[np.float64]
    threshold: float
    rule: str


def doublets(
    adata: AnnData,
    *,
    expected_rate: float = 0.05,
    min_cells: int = 100,
    seed: int = 0,
    counts: CellRows | None = None,
) -> pd.DataFrame:
    """Flag droplets that hold two cells, sample by sample; none is dropped.

    Scrublet (through scanpy) pairs cells of the sample at random and asks how many such pairs are a cell's neighbours.
    A logistic model then joins its score with the cell's transcripts and genes, trained on those pairs against the
    cells: two cells of one kind look like one, but a large one. Kinds of large and rare cells (dendritic cells among
    lymphocytes) are flagged more often for it: look at the rate by kind before any cell is left out.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]`` and ``obs["sample_id"]``. ``obs["doublet_score"]`` (probability, missing where
        not asked) and ``obs["doublet"]`` (``yes``, ``no``, ``unknown``) are written.
    expected_rate
        Share of doublets that is expected, above 0 and below 0.5: the prior of the probability.
    min_cells
        A sample of fewer cells is not asked, since chance alone would fill it with doublets: its cells are ``unknown``.
    seed
        Seed of the pairing; each sample begins anew, so its calls do not depend on the other samples.
    counts
        The counts of these cells, where they stay in a file: from :func:`dolor.io.stored_cells.open_cells`. Then
        ``layers["counts"]`` is not needed, and memory holds one sample at a time.

    Returns
    -------
    One row a sample: ``sample_id``, ``n_cells``, ``n_doublets``, ``rate``, ``threshold``, ``rule``
    (``probability``; ``expected_rate``: pairs and cells do not part or calls are implausibly many, so the highest
    scores up to the expected share are called; ``too_few_cells``).

    Raises
    ------
    dolor.core.errors.DataError
        The object is not Cells.
    dolor.core.errors.UsageError
        ``expected_rate`` is no share below a half, or ``min_cells`` is below 50.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=60, n_genes=1200)
    >>> table = dl.pp.doublets(study.cells)
    >>> set(table["rule"]), set(study.cells.obs["doublet"])
    ({'too_few_cells'}, {'unknown'})
    """
    if not 0 < expected_rate < 0.5:
        raise UsageError(f"expected_rate is {expected_rate}: it must lie above 0 and below 0.5")
    if min_cells < 50:
        raise UsageError(f"min_cells is {min_cells}: below 50 cells scrublet calls most of a sample doublets")
    check_cells(adata, counts=counts)
    rows_of_cells = counts_of(adata, counts)
    score = np.full(adata.n_obs, np.nan)
    called = np.full(adata.n_obs, "unknown", dtype="<U7")
    rows = []
    for sample, cells in sorted(adata.obs.groupby("sample_id", observed=True).indices.items()):
        found = Verdicts(np.full(len(cells), np.nan), np.nan, "too_few_cells")
        if len(cells) >= min_cells:
            found = judge_sample(rows_of_cells.rows(cells), expected_rate, seed)
            called[cells] = np.where(found.score > found.threshold, "yes", "no")
        score[cells] = found.score
        number = int((called[cells] == "yes").sum())
        rows.append((str(sample), len(cells), number, number / len(cells), found.threshold, found.rule))
    adata.obs["doublet_score"] = score
    adata.obs["doublet"] = pd.Categorical(called, categories=["yes", "no", "unknown"])
    return pd.DataFrame(rows, columns=["sample_id", "n_cells", "n_doublets", "rate", "threshold", "rule"])


def judge_sample(counts: sparse.csr_matrix, expected_rate: float, seed: int) -> Verdicts:
    """Score the cells of one sample.

    Parameters
    ----------
    counts
        Cells × genes, raw.
    expected_rate
        Share of doublets that is expected.
    seed
        Seed of the pairing.
    """
    observed, made, pairs = _scrublet(counts, expected_rate, seed)
    totals, detected = _size(counts)
    paired = sparse.csr_matrix(counts[pairs[:, 0]] + counts[pairs[:, 1]])
    made_totals, made_detected = _size(paired)
    cells = np.column_stack([_log_odds(observed), np.log(totals), np.log(detected)])
    pairs_too = np.column_stack([_log_odds(made), np.log(made_totals), np.log(made_detected)])
    score, made_score = _discriminate(cells, pairs_too, expected_rate)
    threshold, rule = threshold_of(score, made_score, expected_rate)
    return Verdicts(score, threshold, rule)


def _scrublet(
    counts: sparse.csr_matrix, expected_rate: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Return scrublet's scores of the cells (0 for one too empty to judge), of its made doublets, and their parents."""
    import anndata
    import scanpy as sc

    # Scrublet drops cells of fewer than three genes by itself; dropped here, the parents keep their places.
    judged = np.flatnonzero(np.diff(counts.indptr) >= 3)
    work = anndata.AnnData(counts[judged].astype(np.float32))
    with warnings.catch_warnings(), sc.settings.verbosity.override("error"):
        warnings.simplefilter("ignore")
        sc.pp.scrublet(
            work,
            expected_doublet_rate=expected_rate,
            log_transform=True,
            n_prin_comps=min(_COMPONENTS, work.n_obs - 1),
            # Left alone, scanpy searches among many approximately, which fails with pynndescent 0.7.
            use_approx_neighbors=False if work.n_obs > _MANY_CELLS else None,
            threshold=1.0,  # ours is set later, on the joined score
            random_state=seed,
            verbose=False,
        )
    scores = np.zeros(counts.shape[0])
    scores[judged] = work.obs["doublet_score"].to_numpy(dtype=float)
    told = work.uns["scrublet"]
    return scores, np.asarray(told["doublet_scores_sim"], dtype=float), judged[told["doublet_parents"]]


def _size(counts: sparse.csr_matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return transcripts and genes of each cell, at least 1."""
    totals = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    return np.maximum(totals, 1.0), np.maximum(np.diff(counts.indptr).astype(float), 1.0)


def _log_odds(score: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(score, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(inside / (1 - inside)))


def _discriminate(
    cells: NDArray[np.float64], made: NDArray[np.float64], expected_rate: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the probability of cells and of made doublets to be doublets, under the expected rate as prior."""
    from sklearn.linear_model import LogisticRegression

    spread = cells.std(axis=0)
    cells, made = ((part - cells.mean(axis=0)) / np.where(spread > 0, spread, 1.0) for part in (cells, made))
    labels = np.repeat([0, 1], [len(cells), len(made)])
    weights = np.where(labels == 1, expected_rate / (1 - expected_rate) * len(cells) / len(made), 1.0)
    model = LogisticRegression().fit(np.vstack([cells, made]), labels, sample_weight=weights)
    return model.predict_proba(cells)[:, 1], model.predict_proba(made)[:, 1]


def threshold_of(score: NDArray[np.float64], made: NDArray[np.float64], expected_rate: float) -> tuple[float, str]:
    """Set the threshold: a fixed probability, or the expected rate where the scores do not part.

    Parameters
    ----------
    score, made
        Probabilities of the cells and of the made doublets.
    expected_rate
        Share of doublets that is expected.

    Returns
    -------
    The threshold, and ``probability`` or ``expected_rate``.
    """
    from skimage.filters import threshold_minimum

    try:
        threshold_minimum(made)  # type: ignore[no-untyped-call]
    except RuntimeError:  # the made doublets have one mode: those of one kind do not part from those of two
        parted = False
    else:
        parted = True
    if parted and 0 < float((score > _PROBABLE).mean()) <= _TOO_MANY * expected_rate:
        return _PROBABLE, "probability"
    return float(np.quantile(score, 1 - expected_rate)), "expected_rate"
