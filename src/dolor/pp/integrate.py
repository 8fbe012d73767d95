"""Training of scVI: seeded, on a GPU where there is one, stopped when held-out cells gain no more.

Integration: one embedding for cells of all samples, by principal components, Harmony or scVI.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from dolor.core.contracts import check_cells
from dolor.core.errors import DataError, MissingExtra, UsageError
from dolor.core.normalize import log_values
from dolor.io.matrix.cell_rows import counts_of
from dolor.pp.embed import every_nth, logged_rows, principal_components, variable_genes

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["METHODS", "TRAINING", "align", "check_scvi", "integrate", "seeded_scvi", "trained_scvi"]

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
    dolor.core.errors.MissingExtra
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


_VARIABLE_GENES = 2000


def integrate(
    adata: AnnData,
    method: str = "none",
    *,
    batch_key: str = "sample_id",
    n_components: int = 30,
    max_epochs: int = 400,
    seed: int = 0,
) -> AnnData:
    """Write an embedding in which cells of one kind lie together, whatever sample they are from.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]`` and ``batch_key``. ``obsm["X_integrated"]`` (cells × ``n_components``, 32 bit)
        is written, and ``uns["integration"]``: method, batch key, components, seed.
    method
        ``none``: principal components of log-normalised variable genes; ``harmony``: these, aligned over the batches;
        ``scvi``: a variational autoencoder on the counts of the variable genes, on a GPU where there is one.
    batch_key
        Column of ``obs`` whose levels are aligned. With one level there is nothing to align: Harmony gives the
        components as they are.
    n_components
        Dimensions of the embedding; fewer where cells or genes are fewer.
    max_epochs
        Passes of scVI over the cells at most, fewer beyond 20,000 cells; it stops earlier when the held-out cells gain
        no more.
    seed
        Seed of everything random.

    Returns
    -------
    The same object.

    Raises
    ------
    dolor.core.errors.UsageError
        The method is not known or a number is below 1.
    dolor.core.errors.MissingExtra
        The package of the method is not installed.
    dolor.core.errors.DataError
        The object is not Cells, or has no column ``batch_key``.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=60)
    >>> dl.pp.integrate(study.cells, n_components=10).obsm["X_integrated"].shape == (study.cells.n_obs, 10)
    True
    """
    if method not in METHODS:
        raise UsageError(f"integration '{method}' is not known; choose {', '.join(METHODS)}")
    if n_components < 1 or max_epochs < 1:
        raise UsageError(f"n_components is {n_components} and max_epochs {max_epochs}: both must be at least 1")
    check_cells(adata)
    if batch_key not in adata.obs.columns:
        raise DataError(f"obs has no column '{batch_key}' to align; there are {', '.join(map(str, adata.obs.columns))}")
    size = min(n_components, adata.n_obs - 1, adata.n_vars - 1)
    if size < 1:
        raise DataError(f"{adata.n_obs} cells and {adata.n_vars} genes give no embedding; two of each are needed")
    batch = adata.obs[batch_key].astype(str)
    counts = counts_of(adata)
    genes = variable_genes(log_values(every_nth(counts)), _VARIABLE_GENES)
    components = principal_components(logged_rows(counts, genes), size)
    embedding = align(method, components, counts.with_genes(genes).whole(), batch, max_epochs=max_epochs, seed=seed)
    adata.obsm["X_integrated"] = np.ascontiguousarray(embedding, dtype=np.float32)
    adata.uns["integration"] = {"method": method, "batch_key": batch_key, "components": size, "seed": seed}
    return adata


def align(
    method: str,
    components: NDArray[np.float32],
    counts: sparse.csr_matrix,
    batch: pd.Series,
    *,
    max_epochs: int = 400,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Align batches: pure function on arrays behind :func:`integrate`, and behind the clusters of the annotation.

    Parameters
    ----------
    method
        One of :data:`METHODS`.
    components
        Cells × components, not aligned.
    counts
        Cells × variable genes, raw; scVI reads these, the others ``components``.
    batch
        The batch of each cell.
    max_epochs, seed
        As in :func:`integrate`.

    Returns
    -------
    Cells × components, aligned.

    Raises
    ------
    dolor.core.errors.UsageError
        The method is not known.
    dolor.core.errors.MissingExtra
        Its package is not installed.
    """
    if method not in METHODS:
        raise UsageError(f"integration '{method}' is not known; choose {', '.join(METHODS)}")
    return METHODS[method](components, counts, batch.astype(str), max_epochs, seed)


def _unaligned(
    components: NDArray[np.float32], counts: sparse.csr_matrix, batch: pd.Series, max_epochs: int, seed: int
) -> NDArray[np.float32]:
    """Return the components as they are."""
    return components


def _harmony(
    components: NDArray[np.float32], counts: sparse.csr_matrix, batch: pd.Series, max_epochs: int, seed: int
) -> NDArray[np.float32]:
    """Return principal components aligned by Harmony."""
    if find_spec("harmonypy") is None:
        raise MissingExtra("harmonypy", "harmony")
    if batch.nunique() < 2:
        return components
    import harmonypy

    aligned = harmonypy.run_harmony(components, batch.to_frame("batch"), "batch", random_state=seed, verbose=False)
    return np.asarray(aligned.Z_corr, dtype=np.float32).reshape(components.shape)


def _scvi(
    components: NDArray[np.float32], counts: sparse.csr_matrix, batch: pd.Series, max_epochs: int, seed: int
) -> NDArray[np.float32]:
    """Return the latent means of scVI."""
    with seeded_scvi(seed) as scvi:
        model = trained_scvi(scvi, counts, batch, n_latent=components.shape[1], max_epochs=max_epochs)
        return np.asarray(model.get_latent_representation(), dtype=np.float32)


METHODS: Mapping[str, Callable[[NDArray[np.float32], sparse.csr_matrix, pd.Series, int, int], NDArray[np.float32]]] = (
    MappingProxyType({"none": _unaligned, "harmony": _harmony, "scvi": _scvi})
)
