"""Label transfer by CellTypist: a model that the user names, and a vote within each cluster."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.annotate.seeds import shared_genes
from dolor.errors import DataError, MissingExtra

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse


def check_celltypist() -> None:
    """Name the extra to install where CellTypist is absent."""
    if find_spec("celltypist") is None:
        raise MissingExtra("celltypist", "celltypist")


def celltypist_labels(
    logged: sparse.csr_matrix, genes: pd.Index, clusters: pd.Series, model: Path | str
) -> tuple[pd.Series, NDArray[np.float64], pd.Series]:
    """Give every cell the label that most cells of its cluster get from a CellTypist model.

    The method is that of Domínguez Conde et al. 2022 (doi:10.1126/science.abl5197).

    Parameters
    ----------
    logged
        Cells × genes: log1p of transcripts among 10,000.
    genes
        Symbols, written as in the model.
    clusters
        The cluster of each cell; of 50 cells or fewer CellTypist takes no vote.
    model
        The model's file. **It is a pickle: to load it runs whatever its author put in.** So it is only ever a file that
        the user named, is never looked up by name and never downloaded.

    Returns
    -------
    The label of each cell, in the words of the model; the probability that the model gives it in this cell; and all
    labels of the model.

    Raises
    ------
    dolor.errors.MissingExtra
        CellTypist is not installed.
    dolor.errors.DataError
        There is no such file, it holds no model, or it shares too few genes with the cells.
    """
    check_celltypist()
    file = Path(model).resolve()
    if not file.is_file():
        raise DataError(f"{model}: no such file; name a CellTypist model on this machine (.pkl)")
    import anndata

    with warnings.catch_warnings():
        # CellTypist asks for old names of scanpy, and a model was written by some other version of scikit-learn.
        warnings.simplefilter("ignore")
        import celltypist

        try:
            loaded = celltypist.models.Model.load(str(file))
        except Exception as error:  # CellTypist raises bare ones
            raise DataError(f"{model}: is no CellTypist model ({str(error).splitlines()[-1][:120]})") from error
        shared_genes(pd.Index(loaded.features), genes, str(model))
        cells = anndata.AnnData(logged, obs=pd.DataFrame(index=clusters.index), var=pd.DataFrame(index=genes))
        found = celltypist.annotate(cells, loaded, majority_voting=True, over_clustering=clusters.to_numpy())
    voted = "majority_voting" if "majority_voting" in found.predicted_labels else "predicted_labels"
    labels = found.predicted_labels[voted].astype(str)
    column = found.probability_matrix.columns.get_indexer(labels)
    probability = found.probability_matrix.to_numpy(dtype=float)[np.arange(len(labels)), column]
    return labels, probability, pd.Series(loaded.cell_types).astype(str)
