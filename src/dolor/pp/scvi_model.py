"""Training of scVI: seeded, on a GPU where there is one, stopped when held-out cells gain no more."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from dolor.errors import MissingExtra

if TYPE_CHECKING:
    import pandas as pd
    from scipy import sparse

# Cells that scVI sees in training, all passes together, where ``max_epochs`` does not end it sooner: its own rule.
_CELLS_SEEN = 8_000_000
# How a model is trained, whatever it is.
TRAINING = {"early_stopping": True, "accelerator": "auto", "devices": 1, "enable_progress_bar": True}


def check_scvi() -> None:
    """Name the extra to install where scvi-tools or torch is absent."""
    if find_spec("scvi") is None or find_spec("torch") is None:
        raise MissingExtra("scvi-tools", "scvi")


@contextmanager
def seeded_scvi(seed: int) -> Iterator[Any]:
    """Give scvi-tools with a seed, which it takes back afterwards.

    Raises
    ------
    dolor.errors.MissingExtra
        scvi-tools or torch is not installed.
    """
    check_scvi()
    import scvi

    before = scvi.settings.seed
    scvi.settings.seed = seed
    try:
        with warnings.catch_warnings():
            # Advice on data loaders and coming changes; none alters a number here.
            warnings.simplefilter("ignore")
            yield scvi
    finally:
        scvi.settings.seed = before


def trained_scvi(
    scvi: Any,
    counts: sparse.csr_matrix,
    batch: pd.Series,
    *,
    n_latent: int,
    max_epochs: int,
    labels: pd.Series | None = None,
) -> Any:
    """Train scVI on counts (cells × genes), which it is told the batch of; labels are kept for scANVI."""
    import anndata

    cells = anndata.AnnData(counts.astype(np.float32), obs=batch.astype("category").to_frame("batch"))
    if labels is not None:
        cells.obs["label"] = labels.astype("category").to_numpy()
    scvi.model.SCVI.setup_anndata(cells, batch_key="batch", labels_key=None if labels is None else "label")
    model = scvi.model.SCVI(cells, n_latent=n_latent, n_layers=2, gene_likelihood="nb")
    model.train(max_epochs=min(max_epochs, max(1, _CELLS_SEEN // counts.shape[0])), **TRAINING)
    return model
