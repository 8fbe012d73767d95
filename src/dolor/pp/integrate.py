"""Integration: one embedding for cells of all samples, by principal components, Harmony or scVI."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from dolor.contracts.cells import check_cells
from dolor.errors import DataError, MissingExtra, UsageError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["METHODS", "integrate"]

_VARIABLE_GENES = 2000
_LARGEST_SCORE = 10.0


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
        Passes of scVI over the cells at most; it stops earlier when the held-out cells gain no more.
    seed
        Seed of everything random.

    Returns
    -------
    The same object.

    Raises
    ------
    dolor.errors.UsageError
        The method is not known or a number is below 1.
    dolor.errors.MissingExtra
        The package of the method is not installed.
    dolor.errors.DataError
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
    embedding = METHODS[method](variable_cells(adata), batch, size, max_epochs, seed)
    adata.obsm["X_integrated"] = np.ascontiguousarray(embedding, dtype=np.float32)
    adata.uns["integration"] = {"method": method, "batch_key": batch_key, "components": size, "seed": seed}
    return adata


def variable_cells(adata: AnnData) -> AnnData:
    """Return the variable genes of the cells: ``X`` log-normalised over all genes, counts beside it."""
    import anndata
    import scanpy as sc

    counts = sparse.csr_matrix(adata.layers["counts"], dtype=np.float32)
    totals = np.maximum(np.asarray(counts.sum(axis=1)), 1.0)
    logged = sparse.csr_matrix(counts.multiply(1e4 / totals), dtype=np.float32).log1p()
    whole = anndata.AnnData(logged, obs=adata.obs[[]].copy(), var=adata.var[[]].copy(), layers={"counts": counts})
    seen = np.asarray(counts.getnnz(axis=0)) > 0
    if seen.sum() > _VARIABLE_GENES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", (FutureWarning, DeprecationWarning))
            found = sc.pp.highly_variable_genes(whole[:, seen], n_top_genes=_VARIABLE_GENES, inplace=False)
        seen[seen] = found["highly_variable"].to_numpy()
    return whole[:, seen].copy()


def _components(cells: AnnData, batch: pd.Series, size: int, max_epochs: int, seed: int) -> NDArray[np.float32]:
    """Return principal components of scaled expression."""
    from sklearn.decomposition import PCA

    values = cells.X.toarray()
    values -= values.mean(axis=0)
    spread = values.std(axis=0)
    values /= np.where(spread > 0, spread, 1.0)
    np.clip(values, None, _LARGEST_SCORE, out=values)
    return np.asarray(PCA(min(size, min(values.shape) - 1), random_state=seed).fit_transform(values))


def _harmony(cells: AnnData, batch: pd.Series, size: int, max_epochs: int, seed: int) -> NDArray[np.float32]:
    """Return principal components aligned by Harmony."""
    if find_spec("harmonypy") is None:
        raise MissingExtra("harmonypy", "harmony")
    components = _components(cells, batch, size, max_epochs, seed)
    if batch.nunique() < 2:
        return components
    import harmonypy

    aligned = harmonypy.run_harmony(components, batch.to_frame("batch"), "batch", random_state=seed, verbose=False)
    return np.asarray(aligned.Z_corr).reshape(components.shape)


def _scvi(cells: AnnData, batch: pd.Series, size: int, max_epochs: int, seed: int) -> NDArray[np.float32]:
    """Return the latent means of scVI."""
    if find_spec("scvi") is None or find_spec("torch") is None:
        raise MissingExtra("scvi-tools", "scvi")
    import scvi

    work = cells.copy()
    work.obs["batch"] = batch.astype("category").to_numpy()
    before = scvi.settings.seed
    scvi.settings.seed = seed
    try:
        with warnings.catch_warnings():
            # Advice on data loaders and coming changes; none alters a number here.
            warnings.simplefilter("ignore")
            scvi.model.SCVI.setup_anndata(work, layer="counts", batch_key="batch")
            model = scvi.model.SCVI(work, n_latent=size, n_layers=2, gene_likelihood="nb")
            model.train(
                max_epochs=max_epochs, early_stopping=True, accelerator="auto", devices=1, enable_progress_bar=True
            )
            return np.asarray(model.get_latent_representation())
    finally:
        scvi.settings.seed = before


METHODS: Mapping[str, Callable[[AnnData, pd.Series, int, int, int], NDArray[np.float32]]] = MappingProxyType(
    {"none": _components, "harmony": _harmony, "scvi": _scvi}
)
