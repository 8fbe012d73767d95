"""Naming cells: clusters, the evidence of their markers, and a walk down the tree of populations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.annotate.clusters import cluster, cluster_means, refine
from dolor.annotate.consensus import name_clusters
from dolor.annotate.descent import Verdict
from dolor.contracts.cells import check_cells
from dolor.contracts.tables import ANNOTATION, check
from dolor.contracts.vocabulary import UNASSIGNED
from dolor.errors import DataError
from dolor.io.read import log_normalised
from dolor.knowledge import populations

if TYPE_CHECKING:
    from anndata import AnnData

    from dolor.knowledge.populations import PopulationTree


def annotate(
    adata: AnnData,
    compartment: str,
    *,
    signatures: str = "",
    integration: str = "none",
    resolution: float = 2.0,
    min_confidence: float = 0.5,
    seed: int = 0,
) -> pd.DataFrame:
    """Name the cells from marker signatures, and say how sure that is.

    Cells are clustered, and each class that is found is clustered once more by itself. In each cluster every population
    that may live in the compartment is weighed by its markers against markers of the others, and the cluster takes the
    deepest name in the tree that the evidence supports. Clusters without enough evidence stay ``unassigned``.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]``. Changed in place: ``obs`` gets ``cell_lineage``, ``cell_class``,
        ``cell_type``, ``cell_state``, ``cell_type_confidence``, ``second_best``, ``cluster``,
        ``compartment``; ``obsm`` gets ``X_pca``, ``X_umap``; ``var`` gets ``n_counts``; ``X`` becomes
        log-normalised.
    compartment
        Where the tissue stands on the pain axis, such as ``drg``: only populations that live there compete.
    signatures
        A file of your own populations; empty: those that dolor ships.
    integration
        ``none``, ``harmony`` or ``scvi``: how samples are aligned before clustering.
    resolution
        Leiden resolution. Fine clusters do no harm, since clusters of one name become one population.
    min_confidence
        Confidence, from 0 to 1, below which a cell keeps its parent's name, or none.
    seed
        Seed of everything random.

    Returns
    -------
    The evidence: one row a (cell type, marker) with ``expected`` (+ or -), ``mean_expression`` and ``detection``.

    Raises
    ------
    dolor.errors.DataError
        The object is not Cells, or too few markers of any population were measured.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=100)
    >>> adata = dl.read(study.cells)
    >>> evidence = dl.tl.annotate(adata, compartment="drg")
    >>> {"cell_lineage", "cell_class", "cell_type"} <= set(adata.obs)
    True
    """
    check_cells(adata)
    organism = str(adata.obs["organism"].iloc[0])
    signs = _signs(organism, compartment, signatures, adata.var_names)
    adata.obs["compartment"] = compartment
    adata.X = log_normalised(adata)
    adata.var["n_counts"] = np.asarray(adata.layers["counts"].sum(axis=0)).ravel()
    tree = populations.tree(path=signatures or None)

    coarse = cluster(adata, resolution=resolution, integration=integration, seed=seed)
    names, means = cluster_means(adata[:, signs.columns], coarse)
    first = name_clusters(means, signs, tree, compartment, min_confidence)
    classes = coarse.map({name: _names(verdict.path, tree)[1] for name, verdict in zip(names, first, strict=True)})
    fine = refine(adata, coarse, classes, signs.columns, integration=integration, seed=seed)
    names, means = cluster_means(adata[:, signs.columns], fine)
    believed = [name.partition("/")[0].replace(UNASSIGNED, "") for name in names]
    verdicts = name_clusters(means, signs, tree, compartment, min_confidence, believed)
    adata.obs["cluster"] = fine.to_numpy()
    _write_labels(adata, dict(zip(names, verdicts, strict=True)), tree)
    return marker_evidence(adata, signs)


def annotation_table(adata: AnnData) -> pd.DataFrame:
    """Return the labels as the table ``annotation``: one row a cell, in the order of ``obs``."""
    columns = ["sample_id", "cell_lineage", "cell_class", "cell_type", "cell_state"]
    frame = adata.obs[columns].astype(str).reset_index(drop=True)
    frame.insert(0, "barcode", adata.obs_names.astype(str))
    frame["cell_type_confidence"] = adata.obs["cell_type_confidence"].to_numpy(dtype=float)
    frame["second_best"] = adata.obs["second_best"].astype(str).to_numpy()
    return check(frame, ANNOTATION)


def marker_evidence(adata: AnnData, signs: pd.DataFrame) -> pd.DataFrame:
    """Return, for every cell type found, how its markers are expressed in it.

    Parameters
    ----------
    adata
        Annotated cells; reads ``X`` (log-normalised).
    signs
        Populations × genes: +1 for a marker, -1 for a marker of what it is not.

    Returns
    -------
    Columns ``cell_type gene expected mean_expression detection n_cells``.
    """
    rows = []
    labels = adata.obs["cell_type"].astype(str).to_numpy()
    for cell_type in sorted(set(labels) & set(signs.index)):
        expected = signs.loc[cell_type]
        genes = expected.index[expected.to_numpy() != 0]
        values = adata[labels == cell_type, genes].X
        mean = np.asarray(values.mean(axis=0)).ravel()
        detection = np.asarray((values > 0).mean(axis=0)).ravel()
        for gene, sign, level, share in zip(genes, expected[genes], mean, detection, strict=True):
            rows.append((cell_type, gene, "+" if sign > 0 else "-", level, share, values.shape[0]))
    return pd.DataFrame(rows, columns=["cell_type", "gene", "expected", "mean_expression", "detection", "n_cells"])


def _signs(organism: str, compartment: str, signatures: str, genes: pd.Index) -> pd.DataFrame:
    """Lay the markers out as populations × measured genes."""
    path = signatures or None
    wanted = populations.markers(organism, compartment, path=path)["gene"].nunique()
    measured = populations.markers(organism, compartment, measured=genes, path=path)
    if measured["gene"].nunique() < 5:
        raise DataError(
            f"of {wanted} marker genes for {organism} {compartment} only {measured['gene'].nunique()} are in the data; "
            "check the organism and that var_names are gene symbols"
        )
    table = measured.pivot_table(index="population", columns="gene", values="sign", aggfunc="first", fill_value=0)
    return table.astype(np.int8)


def _write_labels(adata: AnnData, verdicts: dict[str, Verdict], tree: PopulationTree) -> None:
    of_cluster = {name: _names(verdict.path, tree) for name, verdict in verdicts.items()}
    clusters = adata.obs["cluster"].astype(str)
    for position, column in enumerate(("cell_lineage", "cell_class", "cell_type", "cell_state")):
        names = clusters.map({name: labels[position] for name, labels in of_cluster.items()})
        adata.obs[column] = pd.Categorical(names)
    sure = {name: verdict.confidence * (of_cluster[name][2] != UNASSIGNED) for name, verdict in verdicts.items()}
    adata.obs["cell_type_confidence"] = clusters.map(sure).astype(float)
    adata.obs["second_best"] = clusters.map({n: v.second_best for n, v in verdicts.items()}).astype("category")


def _names(path: tuple[str, ...], tree: PopulationTree) -> tuple[str, str, str, str]:
    """Return lineage, class, type and state of a path; what was not reached is ``unassigned``, no state is empty.

    A state (injured, proliferating) is kept beside the type, so that a condition is compared within one type and not
    between a type and its own injured form.
    """
    if not path:
        return UNASSIGNED, UNASSIGNED, UNASSIGNED, ""
    of_class = tree.level_of(path[-1], "class")
    state = tree.level_of(path[-1], "state")
    settled = [node for node in path if not tree.level_of(node, "state")]
    return path[0], of_class or UNASSIGNED, settled[-1] if of_class else UNASSIGNED, state or ""
