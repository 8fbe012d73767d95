"""Bringing libraries together into Cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
from scipy import sparse

from dolor.contracts.cells import check_cells
from dolor.io.read import log_normalised

if TYPE_CHECKING:
    from anndata import AnnData


def make_cells(counts: sparse.csr_matrix, obs: pd.DataFrame, genes: Sequence[str], title: str) -> AnnData:
    """Bring counts and fields into one object and check that it is Cells.

    Parameters
    ----------
    counts
        Cells × genes.
    obs
        Fields of the cells.
    genes
        The genes.
    title
        What it is; it must say that it is simulated.

    Returns
    -------
    Cells with ``uns["simulated"] = True``; ``X`` holds log-normalised expression.
    """
    import anndata

    obs = obs.copy()
    for name in obs.select_dtypes(object):
        obs[name] = pd.Categorical(obs[name])
    cells = anndata.AnnData(obs=obs, var=pd.DataFrame(index=list(genes)), layers={"counts": counts})
    cells.X = log_normalised(cells)
    cells.uns["simulated"] = True
    cells.uns["title"] = title
    return check_cells(cells, source=title)
