"""What sex calls mean for the samples: labels confirmed or contradicted, and pooled libraries split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.core.errors import DataError
from dolor.pp.sex import SURE_OF_SEX

if TYPE_CHECKING:
    from anndata import AnnData


def sex_report(calls: pd.DataFrame) -> pd.DataFrame:
    """Say for each sample what its transcripts make of the sex that was reported.

    Parameters
    ----------
    calls
        Table ``sex``, from :func:`call_sex`.

    Returns
    -------
    One row a sample: ``sample_id``, ``reported``, ``called``, ``confidence``, ``verdict`` and the cells called
    ``n_female``, ``n_male``, ``n_unknown``. ``verdict``: ``confirmed``; ``filled`` (none was reported);
    ``contradicted`` (a label is swapped or wrong); ``pooled`` (both sexes, as reported) and ``pooled_unreported``;
    ``unconfirmed`` (the transcripts do not tell).

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=100)
    >>> sorted(set(sex_report(dl.pp.call_sex(study.cells))["verdict"]))
    ['confirmed', 'pooled']
    """
    samples = calls[calls["barcode"] == ""].reset_index(drop=True)
    cells = calls[calls["barcode"] != ""]
    verdicts = [_verdict(*pair) for pair in zip(samples["reported"], samples["called"], strict=True)]
    numbers = pd.crosstab(cells["sample_id"], cells["called"]).reindex(
        index=samples["sample_id"], columns=["female", "male", "unknown"], fill_value=0
    )
    counted = numbers.add_prefix("n_").reset_index(drop=True).rename_axis(columns=None)
    return pd.concat([samples.drop(columns="barcode").assign(verdict=verdicts), counted], axis=1)


def _verdict(reported: str, called: str) -> str:
    if called == "unknown":
        return "unconfirmed"
    if called == "mixed":
        return "pooled" if reported == "mixed" else "pooled_unreported"
    if reported == "unknown":
        return "filled"
    return "confirmed" if reported == called else "contradicted"


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

    Examples
    --------
    >>> import dolor as dl
    >>> cells = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=60).cells
    >>> settled = dl.pp.settle_sex(cells, dl.pp.call_sex(cells))
    >>> settled is cells, set(cells.obs["sex"]) <= {"female", "male", "mixed", "unknown"}
    (True, True)
    >>> "sex_reported" in cells.obs
    True
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


def split_pooled(adata: AnnData, calls: pd.DataFrame, *, min_confidence: float = SURE_OF_SEX) -> pd.DataFrame:
    """Split each library that holds both sexes into a sample of its female and one of its male cells.

    Parameters
    ----------
    adata
        Cells. In place: a pooled sample ``s`` becomes ``s:female``, ``s:male`` and, for cells that cannot be told,
        ``s:unknown``; ``donor_id`` gets the same ending and ``sex`` the word. ``obs["library_id"]`` keeps the name of
        the library. Other samples stay as they are.
    calls
        Table ``sex``, from :func:`call_sex` on these cells.
    min_confidence
        A cell called with less is ``unknown`` here. The default splits as called: a stricter split would cost small
        cells, lymphocytes before all.

    Returns
    -------
    One row a new sample: ``library_id``, ``sample_id``, ``sex``, ``n_cells``; no row where no library is pooled.

    Raises
    ------
    dolor.core.errors.DataError
        A cell of a pooled library has no row in ``calls``.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=100)
    >>> table = dl.pp.split_pooled(study.cells, dl.pp.call_sex(study.cells))
    >>> table["sex"].tolist(), set(table["library_id"])
    (['female', 'male', 'unknown'], {'drg_injured_pool'})
    """
    obs = adata.obs
    library = obs["sample_id"].astype(str)
    samples = calls[(calls["barcode"] == "") & (calls["called"] == "mixed")]
    pooled = library.isin(samples["sample_id"])
    told = calls[calls["barcode"] != ""].set_index("barcode")
    cells = told["called"].where(told["confidence"] >= min_confidence, "unknown")
    missing = obs.index[pooled].difference(cells.index)
    if len(missing):
        raise DataError(
            f"{len(missing)} cells of pooled libraries have no sex call (such as '{missing[0]}'); "
            "call sex on the same cells before splitting"
        )
    called = obs.index.to_series().map(cells).where(pooled, "")
    ending = pd.Series(np.where(pooled, ":" + called, ""), index=obs.index)
    if "library_id" in obs.columns and "library_id_given" not in obs.columns:
        given = obs["library_id"].astype(str)
        if not (given == library).all():
            obs["library_id_given"] = given
    obs["library_id"] = library
    obs["sample_id"] = library + ending
    obs["donor_id"] = obs["donor_id"].astype(str) + ending
    obs["sex"] = called.where(pooled, obs["sex"].astype(str))
    made = obs.loc[pooled, ["library_id", "sample_id", "sex"]]
    table: pd.DataFrame = made.value_counts(sort=False).rename("n_cells").reset_index()
    return table
