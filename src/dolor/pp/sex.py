"""Sex from the transcripts themselves: Xist against the genes of the Y chromosome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.contracts.cells import check_cells
from dolor.contracts.tables import SEX, check
from dolor.knowledge.genes import SEX_GENES

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

# A leak of this share of the other sex's signal (ambient RNA, doublets) is expected in any library.
_LEAK = 0.1
_MIN_INFORMATIVE = 10


def female_probability(female: NDArray[np.float64], male: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability that a cell is female, from its counts of female and male genes.

    Each transcript is taken as drawn from the cell's own sex with probability 0.9 and from leakage with 0.1, so the
    log odds are (female - male) · log 9 with even prior odds. A cell without any such transcript has 0.5.

    Parameters
    ----------
    female, male
        Counts, one a cell.

    Returns
    -------
    Probabilities, one a cell.
    """
    log_odds = (female - male) * np.log((1 - _LEAK) / _LEAK)
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -50, 50))))


def call_sample(calls: NDArray[np.str_]) -> tuple[str, float]:
    """Call the sex of a sample from the calls of its cells.

    Parameters
    ----------
    calls
        ``female``, ``male`` or ``unknown``, one a cell.

    Returns
    -------
    called
        ``mixed`` when the rarer sex holds more than a fifth of the called cells: more than leakage and doublets
        bring; ``unknown`` with fewer than ten called cells.
    confidence
        Share of the called cells that agree; for ``mixed`` the evenness of the two, from 0 to 1.
    """
    n_female, n_male = int((calls == "female").sum()), int((calls == "male").sum())
    informative = n_female + n_male
    if informative < _MIN_INFORMATIVE:
        return "unknown", 0.0
    minority = min(n_female, n_male) / informative
    if minority > 0.2:
        return "mixed", 2 * minority
    return ("female" if n_female > n_male else "male"), 1 - minority


def call_sex(adata: AnnData, *, threshold: float = 0.85) -> pd.DataFrame:
    """Call the sex of every cell and every sample.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]`` and ``obs`` ``sample_id``, ``organism``, ``sex`` (as reported).
    threshold
        Probability that a cell's call must reach; below it the cell is ``unknown``.

    Returns
    -------
    Table ``sex``: one row a sample (``barcode`` empty), then one row a cell, with ``reported``, ``called`` and
    ``confidence``.

    Raises
    ------
    dolor.errors.DataError
        The object is not Cells.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=100)
    >>> calls = dl.pp.call_sex(study.cells)
    >>> set(calls["called"]) <= {"female", "male", "mixed", "unknown"}
    True
    """
    check_cells(adata)
    female_genes, male_genes = SEX_GENES[str(adata.obs["organism"].iloc[0])]
    probability = female_probability(_total(adata, female_genes), _total(adata, male_genes))
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


def settle_sex(adata: AnnData, calls: pd.DataFrame) -> AnnData:
    """Give each sample the sex that the statistics use, and keep what was reported.

    A call fills what was unknown. Where call and report contradict each other nothing is overruled in silence: the
    sample becomes ``unknown`` and so leaves the comparisons of the sexes. Samples that hold both sexes are ``mixed``.

    Parameters
    ----------
    adata
        Cells; ``obs["sex"]`` is changed in place, ``obs["sex_reported"]`` is added.
    calls
        Table ``sex``, from :func:`call_sex`.

    Returns
    -------
    The same object.
    """
    samples = calls[calls["barcode"] == ""].set_index("sample_id")
    settled = {str(sample): _settle(str(row["reported"]), str(row["called"])) for sample, row in samples.iterrows()}
    adata.obs["sex_reported"] = adata.obs["sex"].astype(str)
    adata.obs["sex"] = adata.obs["sample_id"].astype(str).map(settled)
    return adata


def _settle(reported: str, called: str) -> str:
    if called == "unknown" or reported == called:
        return reported
    if reported == "unknown" or called == "mixed":
        return called
    return "mixed" if reported == "mixed" else "unknown"


def _total(adata: AnnData, genes: tuple[str, ...]) -> NDArray[np.float64]:
    present = [gene for gene in genes if gene in adata.var_names]
    if not present:
        return np.zeros(adata.n_obs)
    return np.asarray(adata[:, present].layers["counts"].sum(axis=1), dtype=float).ravel()
