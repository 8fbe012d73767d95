"""Sex from the transcripts themselves: Xist against the genes of the Y chromosome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.core.contracts import check_cells
from dolor.core.errors import UsageError
from dolor.core.tables import SEX, check
from dolor.io.matrix.cell_rows import CellRows, counts_of
from dolor.knowledge.genes import SEX_GENES

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

_MIN_INFORMATIVE = 10
# More than this share of cells of the rarer sex is more than leakage and doublets bring: a pooled library.
_POOLED = 0.1
# What is believed of leakage before a look at the sample: a mean of 5 %, worth 40 transcripts; never above 30 %.
_LEAK, _LEAK_WEIGHT, _LEAK_MOST = 0.05, 40.0, 0.3
# Cells of each sex that a sample is thought to hold before a look at it; its prior odds stay within 99 to 1.
_CELLS_BEFORE, _PRIOR_LEAST = 5.0, 0.01
_ROUNDS = 50


@dataclass(frozen=True)
class Leakage:
    """Of one sample: share of the other sex's transcripts in a female cell, in a male one, and of female cells."""

    in_female: float = _LEAK
    in_male: float = _LEAK
    female_cells: float = 0.5


# The probability from which the sex of a cell is called.
SURE_OF_SEX = 0.9


def female_probability(
    female: NDArray[np.float64], male: NDArray[np.float64], sample: Leakage = Leakage()
) -> NDArray[np.float64]:
    """Return the probability that a cell is female, from its counts of female and male genes.

    Each such transcript is the cell's own or has leaked in. A cell without any says nothing and has 0.5.

    Parameters
    ----------
    female, male
        Counts, one a cell.
    sample
        Leakage into the cells of the sample, and the share of them that are female.

    Returns
    -------
    Probabilities, one a cell.
    """
    log_odds = female * np.log((1 - sample.in_female) / sample.in_male)
    log_odds -= male * np.log((1 - sample.in_male) / sample.in_female)
    prior = min(max(sample.female_cells, _PRIOR_LEAST), 1 - _PRIOR_LEAST)
    log_odds = np.where(female + male > 0, log_odds + np.log(prior / (1 - prior)), 0.0)
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -50, 50))))


def estimate_leakage(female: NDArray[np.float64], male: NDArray[np.float64]) -> Leakage:
    """Learn from a sample how much leaks into its cells and how many are female: a mixture of two binomials.

    Parameters
    ----------
    female, male
        Counts of female and male genes, one a cell.

    Returns
    -------
    The estimate; the belief beforehand where no cell holds such a transcript.
    """
    telling = female + male > 0
    female, male = female[telling], male[telling]
    found = Leakage()
    for _ in range(_ROUNDS):
        weight = female_probability(female, male, found)
        found = Leakage(
            in_female=_leak((weight * male).sum(), (weight * (female + male)).sum()),
            in_male=_leak(((1 - weight) * female).sum(), ((1 - weight) * (female + male)).sum()),
            female_cells=float((weight.sum() + _CELLS_BEFORE) / (len(weight) + 2 * _CELLS_BEFORE)),
        )
    return found


def _leak(foreign: float, total: float) -> float:
    return float(min((foreign + _LEAK * _LEAK_WEIGHT) / (total + _LEAK_WEIGHT), _LEAK_MOST))


def call_sample(calls: NDArray[np.str_]) -> tuple[str, float]:
    """Call the sex of a sample from the calls of its cells.

    Parameters
    ----------
    calls
        ``female``, ``male`` or ``unknown``, one a cell.

    Returns
    -------
    called
        ``mixed`` when the rarer sex holds more than a tenth of the called cells: more than leakage and doublets
        bring; ``unknown`` with fewer than ten called cells.
    confidence
        Share of the called cells that agree; for ``mixed`` the evenness of the two, from 0 to 1.
    """
    n_female, n_male = int((calls == "female").sum()), int((calls == "male").sum())
    informative = n_female + n_male
    if informative < _MIN_INFORMATIVE:
        return "unknown", 0.0
    minority = min(n_female, n_male) / informative
    if minority > _POOLED:
        return "mixed", 2 * minority
    return ("female" if n_female > n_male else "male"), 1 - minority


def call_sex(adata: AnnData, *, threshold: float = SURE_OF_SEX, counts: CellRows | None = None) -> pd.DataFrame:
    """Call the sex of every cell and every sample from Xist and Tsix against the genes of the Y chromosome.

    How much of either leaks into cells of the other sex is learnt in each sample, so that the confidence holds in
    pooled libraries and in nuclei. Reported sex is no evidence. A matrix that lacks the genes of either side tells
    nothing, since the absence of the other side's transcripts then means nothing: all is ``unknown``.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]`` and ``obs`` ``sample_id``, ``organism``, ``sex`` (as reported).
    threshold
        Probability that a cell's call must reach; below it the cell is ``unknown``.
    counts
        The counts of these cells, where they stay in a file: from :func:`dolor.io.stored_cells.open_cells`. Then
        ``layers["counts"]`` is not needed, and memory holds a block of cells at a time.

    Returns
    -------
    Table ``sex``: one row a sample (``barcode`` empty), then one row a cell, with ``reported``, ``called`` and
    ``confidence``.

    Raises
    ------
    dolor.core.errors.DataError
        The object is not Cells.
    dolor.core.errors.UsageError
        ``threshold`` is not above 0.5 and below 1.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=100)
    >>> calls = dl.pp.call_sex(study.cells)
    >>> set(calls["called"]) <= {"female", "male", "mixed", "unknown"}
    True
    """
    if not 0.5 < threshold < 1:
        raise UsageError(f"threshold is {threshold}: a call needs a probability above 0.5 and below 1")
    check_cells(adata, counts=counts)
    female_genes, male_genes = SEX_GENES[str(adata.obs["organism"].iloc[0])]
    probability = np.full(adata.n_obs, 0.5)
    if adata.var_names.isin(female_genes).any() and adata.var_names.isin(male_genes).any():
        female, male = _totals(adata, counts_of(adata, counts), (female_genes, male_genes))
        for cells_of_sample in adata.obs.groupby("sample_id", observed=True).indices.values():
            own = female[cells_of_sample], male[cells_of_sample]
            probability[cells_of_sample] = female_probability(*own, estimate_leakage(*own))
    calls = np.select([probability >= threshold, probability <= 1 - threshold], ["female", "male"], "unknown")
    cells = pd.DataFrame(
        {
            "sample_id": adata.obs["sample_id"].astype(str).to_numpy(),
            "barcode": adata.obs_names.astype(str),
            "reported": adata.obs["sex"].astype(str).to_numpy(),
            "called": calls,
            "confidence": np.where(calls == "unknown", 0.0, np.maximum(probability, 1 - probability)),
        }
    )
    rows = []
    for sample, group in cells.groupby("sample_id", sort=True):
        called, confidence = call_sample(group["called"].to_numpy(dtype=str))
        rows.append((sample, "", group["reported"].iloc[0], called, confidence))
    samples = pd.DataFrame(rows, columns=cells.columns)
    return check(pd.concat([samples, cells], ignore_index=True), SEX)


def _totals(adata: AnnData, counts: CellRows, sides: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Return the transcripts of the genes of each side in each cell."""
    measured = [np.flatnonzero(adata.var_names.isin(genes)) for genes in sides]
    totals = np.zeros((len(sides), adata.n_obs))
    for place, block in counts.blocks():
        for side, genes in enumerate(measured):
            totals[side, place] = np.asarray(block[:, genes].sum(axis=1)).ravel()
    return totals
