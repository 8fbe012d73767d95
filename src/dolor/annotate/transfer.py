"""Label transfer by scANVI: a network that places all cells together and learns names from those that have one.

Label transfer by CellTypist: a model that the user names, and a vote within each cluster.

Label transfer: a second opinion on the names of the cells, shown beside them and never in their place.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.annotate.evaluate import read_mapping
from dolor.annotate.labels import agreement, as_populations, marker_seeds, read_reference, shared_genes
from dolor.core.errors import DataError, MissingExtra, UsageError
from dolor.core.normalize import log_values
from dolor.core.vocabulary import UNASSIGNED
from dolor.io.matrix.cell_rows import RowsInMemory
from dolor.knowledge import populations
from dolor.pp.embed import every_nth, variable_genes
from dolor.pp.integrate import TRAINING, check_scvi, seeded_scvi, trained_scvi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData
    from numpy.typing import NDArray

    from dolor.knowledge.populations import PopulationTree

    # The name of each cell, its probability, the names that could be given, and what they were learned from.
    _Transferred = tuple[NDArray[np.object_], NDArray[np.float64], set[str], dict[str, Any]]

__all__ = ["METHODS", "celltypist_labels", "check_celltypist", "check_transfer", "scanvi_labels", "transfer_labels"]

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
    dolor.core.errors.MissingExtra
        scvi-tools or torch is not installed.
    """
    with seeded_scvi(seed) as scvi:
        genes = variable_genes(log_values(every_nth(RowsInMemory(counts))), _VARIABLE_GENES)
        placed = trained_scvi(
            scvi, counts[:, np.flatnonzero(genes)], batch, n_latent=_LATENT, max_epochs=max_epochs, labels=labels
        )
        model = scvi.model.SCANVI.from_scvi_model(placed, unlabeled_category=UNASSIGNED)
        model.train(max_epochs=min(max_epochs, _NAMING_EPOCHS), n_samples_per_label=_EXAMPLES_A_PASS, **TRAINING)
        probability: pd.DataFrame = model.predict(soft=True)
    names = probability.columns.to_numpy(dtype=object)
    return names[probability.to_numpy().argmax(axis=1)], probability.to_numpy(dtype=float).max(axis=1)


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
    dolor.core.errors.MissingExtra
        CellTypist is not installed.
    dolor.core.errors.DataError
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


METHODS = ("scanvi", "celltypist")


def transfer_labels(
    adata: AnnData,
    method: str,
    *,
    seed_confidence: float = 0.9,
    reference: str = "",
    reference_labels: str = "cell_type",
    label_map: str = "",
    celltypist_model: str = "",
    signatures: str = "",
    max_epochs: int = 400,
    seed: int = 0,
) -> pd.DataFrame:
    """Name annotated cells a second time, by label transfer, and say where both agree.

    The names from the markers stay: what the transfer says is written beside them.

    Parameters
    ----------
    adata
        Cells that :func:`dolor.tl.annotate` named; reads ``layers["counts"]`` (scANVI), ``X`` (CellTypist). ``obs``
        gets ``transferred_type`` and ``transferred_confidence``; ``uns`` gets ``label_transfer`` (what is returned) and
        ``label_transfer_source`` (method, file, number of labelled cells, labels that name no population).
    method
        ``scanvi``: learned from cells that their markers name with confidence, or from a reference; ``celltypist``: by
        a model.
    seed_confidence
        Confidence from which a cell is one that scANVI learns from.
    reference
        An h5ad file of labelled cells with raw counts, which scANVI then learns from instead.
    reference_labels
        The column of its ``obs`` with the labels.
    label_map
        A table ``label``, ``population`` for the labels of the reference or the model; without it only those count that
        are names of populations.
    celltypist_model
        A CellTypist model. It is a pickle, and loading one runs whatever its author put in: name a file that you trust.
    signatures
        The file of populations that the cells were annotated with; empty: those that dolor ships.
    max_epochs
        Passes of scANVI over the cells at most.
    seed
        Seed of everything random.

    Returns
    -------
    The agreement: one row a cell type, from :func:`dolor.annotate.labels.agreement`.

    Raises
    ------
    dolor.core.errors.UsageError
        The method is not known, or what it needs was not named.
    dolor.core.errors.MissingExtra
        Its package is not installed.
    dolor.core.errors.DataError
        A file is missing or holds no usable labels, or the cells were not annotated.

    Examples
    --------
    >>> import dolor as dl
    >>> table = dl.tl.transfer_labels(adata, "scanvi")  # doctest: +SKIP
    """
    check_transfer(method, reference=reference, label_map=label_map, celltypist_model=celltypist_model)
    if not {"cell_type", "cell_type_confidence", "cluster"} <= set(adata.obs.columns):
        raise DataError("these cells have no names yet; annotate them before labels are transferred")
    tree = populations.PopulationTree(populations.load(signatures or None))
    mapping = read_mapping(label_map) if label_map else {}
    seeds = np.zeros(adata.n_obs, dtype=bool)
    if method == "celltypist":
        found, confidence, taught, source = _by_celltypist(adata, celltypist_model, mapping, tree)
    elif reference:
        found, confidence, taught, source = _by_reference(
            adata, reference, reference_labels, mapping, tree, max_epochs=max_epochs, seed=seed
        )
    else:
        labels = pd.Series(marker_seeds(adata.obs, seed_confidence, tree, seed=seed))
        taught, seeds = set(labels) - {UNASSIGNED}, (labels != UNASSIGNED).to_numpy()
        counts, batch = sparse.csr_matrix(adata.layers["counts"]), adata.obs["sample_id"].astype(str)
        found, confidence = scanvi_labels(counts, labels, batch, max_epochs=max_epochs, seed=seed)
        source = {"file": "", "n_labelled": int(seeds.sum()), "left_out": ""}
    adata.obs["transferred_type"] = pd.Categorical(found)
    adata.obs["transferred_confidence"] = confidence
    table = agreement(adata.obs["cell_type"], adata.obs["transferred_type"], tree, taught, seeds)
    adata.uns["label_transfer"] = table
    adata.uns["label_transfer_source"] = {"method": method, **source}
    return table


def check_transfer(method: str, *, reference: str = "", label_map: str = "", celltypist_model: str = "") -> None:
    """Refuse what cannot be done before anything is computed; see :func:`transfer_labels` for the errors."""
    if method not in METHODS:
        raise UsageError(f"label transfer '{method}' is not known; choose none, {', '.join(METHODS)}")
    if method == "celltypist" and not celltypist_model:
        raise UsageError("label transfer by celltypist needs the file of a model that you trust: celltypist_model")
    if method == "celltypist" and reference:
        raise UsageError(f"celltypist reads a model and no reference; '{reference}' is for the label transfer scanvi")
    if method == "scanvi" and celltypist_model:
        raise UsageError(f"scanvi reads no model; '{celltypist_model}' is for the label transfer celltypist")
    for file in (reference, label_map, celltypist_model):
        if file and not Path(file).is_file():
            raise DataError(f"{file}: no such file")
    check_scvi() if method == "scanvi" else check_celltypist()


def _listed(left_out: Mapping[str, int]) -> str:
    """Write labels and their cells as text: as keys of a file, labels with a stroke would be folders."""
    return "; ".join(f"{label} ({number})" for label, number in left_out.items())


def _by_celltypist(adata: AnnData, model: str, mapping: Mapping[str, str], tree: PopulationTree) -> _Transferred:
    """Name cells by a model, in the words of the tree."""
    clusters = adata.obs["cluster"].astype(str)
    words, confidence, vocabulary = celltypist_labels(sparse.csr_matrix(adata.X), adata.var_names, clusters, model)
    names, left_out = as_populations(words, mapping, tree, model)
    taught, _ = as_populations(vocabulary, mapping, tree, model)
    return (
        names,
        confidence,
        set(taught) - {UNASSIGNED},
        {"file": Path(model).name, "n_labelled": 0, "left_out": _listed(left_out)},
    )


def _by_reference(
    adata: AnnData,
    path: str,
    column: str,
    mapping: Mapping[str, str],
    tree: PopulationTree,
    *,
    max_epochs: int,
    seed: int,
) -> _Transferred:
    """Name cells by scANVI, trained on the labelled cells of a reference and these cells together."""
    given = read_reference(path, column, str(adata.obs["organism"].iloc[0]))
    names, left_out = as_populations(given.labels, mapping, tree, path)
    genes = shared_genes(given.genes, adata.var_names, path)
    own = sparse.csr_matrix(adata.layers["counts"])[:, adata.var_names.get_indexer(genes)]
    counts = sparse.vstack([own, given.counts[:, given.genes.get_indexer(genes)]], format="csr")
    labels = pd.Series(np.concatenate([np.full(adata.n_obs, UNASSIGNED, dtype=object), names]))
    batch = pd.Series([*adata.obs["sample_id"].astype(str), *given.batch])
    found, confidence = scanvi_labels(counts, labels, batch, max_epochs=max_epochs, seed=seed)
    source = {"file": Path(path).name, "n_labelled": int((names != UNASSIGNED).sum()), "left_out": _listed(left_out)}
    return found[: adata.n_obs], confidence[: adata.n_obs], set(names) - {UNASSIGNED}, source
