"""Label transfer by scANVI: a network that places all cells together and learns names from those that have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.contracts.vocabulary import UNASSIGNED
from dolor.io.cell_rows import RowsInMemory
from dolor.pp.components import every_nth, log_normalised, variable_genes
from dolor.pp.scvi_model import TRAINING, seeded_scvi, trained_scvi

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

_VARIABLE_GENES = 2000
_LATENT = 20
# Passes for the names, once the cells have their places: as many as scvi-tools takes after scVI.
_NAMING_EPOCHS = 20
# Named cells of each kind that a pass sees, so that a rare kind counts as much as a common one: scvi-tools' advice.
_EXAMPLES_A_PASS = 100


def scanvi_labels(
    counts: sparse.csr_matrix, labels: pd.Series, batch: pd.Series, *, max_epochs: int = 400, seed: int = 0
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Give every cell the name that scANVI learned from the named ones (Xu et al. 2021, doi:10.15252/msb.20209620).

    Parameters
    ----------
    counts
        Cells × genes, raw; the 2,000 genes that vary most are read.
    labels
        The name of each cell; ``unassigned`` where it is to be learned.
    batch
        The sample of each cell.
    max_epochs
        Passes over the cells at most before names are learned; fewer where held-out cells gain no more.
    seed
        Seed of everything random.

    Returns
    -------
    The name of each cell, and the probability that the network gives it, which is no calibrated one: a network is sure
    of cells of a kind that it has never seen as well.

    Raises
    ------
    dolor.errors.MissingExtra
        scvi-tools or torch is not installed.
    """
    with seeded_scvi(seed) as scvi:
        genes = variable_genes(log_normalised(every_nth(RowsInMemory(counts))), _VARIABLE_GENES)
        placed = trained_scvi(
            scvi, counts[:, np.flatnonzero(genes)], batch, n_latent=_LATENT, max_epochs=max_epochs, labels=labels
        )
        model = scvi.model.SCANVI.from_scvi_model(placed, unlabeled_category=UNASSIGNED)
        model.train(max_epochs=min(max_epochs, _NAMING_EPOCHS), n_samples_per_label=_EXAMPLES_A_PASS, **TRAINING)
        probability: pd.DataFrame = model.predict(soft=True)
    names = probability.columns.to_numpy(dtype=object)
    return names[probability.to_numpy().argmax(axis=1)], probability.to_numpy(dtype=float).max(axis=1)
