"""Other ways to name cells, for the benchmark of annotation: same markers and clusters, or labels to learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

import dolor as dl
from dolor.annotate.evaluate import read_mapping
from dolor.annotate.labels import as_populations
from dolor.annotate.transfer import celltypist_labels
from dolor.core.normalize import log_values
from dolor.core.package_files import signature_path
from dolor.knowledge import populations
from dolor.studies.read import read_study


def decoupler_scores(cells: anndata.AnnData, listed: pd.DataFrame) -> pd.DataFrame:
    """Score each cell by decoupler's univariate linear model."""
    import decoupler

    net = listed.rename(columns={"population": "source", "gene": "target", "sign": "weight"})
    work = anndata.AnnData(cells.X, obs=cells.obs[[]], var=cells.var[[]])
    decoupler.mt.ulm(work, net, tmin=2)
    return work.obsm["score_ulm"]


def scanpy_scores(cells: anndata.AnnData, listed: pd.DataFrame) -> pd.DataFrame:
    """Score each cell by scanpy's mean of markers less that of control genes."""
    import scanpy as sc

    work = anndata.AnnData(cells.X, obs=cells.obs[[]], var=cells.var[[]])
    for name, genes in listed[listed["sign"] > 0].groupby("population")["gene"]:
        if len(genes) > 1:
            sc.tl.score_genes(work, genes.tolist(), score_name=str(name), ctrl_size=min(50, work.n_vars // 2))
    return work.obs


def voted(
    score: Callable[[anndata.AnnData, pd.DataFrame], pd.DataFrame],
    cells: anndata.AnnData,
    compartment: str,
    known: Sequence[populations.Population],
) -> pd.DataFrame:
    """Name each cell after its best score, and each cluster after most of its cells."""
    tree = populations.PopulationTree(known)
    living = {name for name in tree.allowed_in(compartment) if tree.level(name) in ("class", "type")}
    organism = str(cells.obs["organism"].iloc[0])
    listed = populations.markers(organism, compartment, known=known, measured=cells.var_names)
    scores = score(cells, listed[listed["population"].isin(living)])
    best = pd.Series(scores.columns[np.nan_to_num(scores.to_numpy(), nan=-np.inf).argmax(axis=1)], index=scores.index)
    clusters = cells.obs["cluster"].astype(str).to_numpy()
    name = best.groupby(clusters).transform(lambda members: members.mode().iloc[0])
    return at_levels(name, tree)


def at_levels(names: pd.Series, tree: populations.PopulationTree) -> pd.DataFrame:
    """Return lineage and class beside each name."""
    above = {name: [tree.level_of(name, level) if name in tree else name for level in ("lineage", "class")]
             for name in names.unique()}  # fmt: skip
    columns = {
        "cell_lineage": names.map(lambda name: above[name][0]),
        "cell_class": names.map(lambda name: above[name][1]),
    }
    return pd.DataFrame({**columns, "cell_type": names})


def celltypist_names(cells: anndata.AnnData, model: str, words: Mapping[str, str]) -> pd.DataFrame:
    """Name cells by a CellTypist model with its vote in the same clusters."""
    labels, _, _ = celltypist_labels(cells.X, cells.var_names, cells.obs["cluster"].astype(str), model)
    tree = populations.tree()
    return at_levels(pd.Series(as_populations(labels, words, tree, model)[0], index=cells.obs_names), tree)


def teach(path: str) -> None:
    """Learn a model from four of Kang's donors and write it as CellTypist keeps it, which is a pickle.

    CellTypist's own training asks scikit-learn for an argument that is gone by 1.8.
    """
    import pickle

    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    cells, _ = dl.pp.quality(read_study("kang2018")[0])
    donors, labels = cells.obs["donor_id"].astype(str), cells.obs["cell_type_author"].astype(str)
    words = read_mapping(signature_path("labels/kang2018.tsv"))
    cells = cells[(donors.isin(sorted(donors.unique())[:4]) & labels.isin(words)).to_numpy()].copy()
    values = log_values(cells.layers["counts"]).toarray()
    scaler = StandardScaler().fit(values)
    classifier = LogisticRegression(max_iter=100).fit(
        np.minimum(scaler.transform(values), 10), cells.obs["cell_type_author"].astype(str)
    )
    classifier.features = cells.var_names.to_numpy()
    Path(path).write_bytes(pickle.dumps({"Model": classifier, "Scaler_": scaler, "description": {}}))


def taught(cells: anndata.AnnData, label: str, sensitivity: float = 0.95) -> dict[str, object]:
    """Teach a logistic regression one label, and say how precise it is where it finds that share of unseen such cells.

    What a method cannot reach that was told the answer for four fifths of the cells, markers alone cannot.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import precision_recall_curve
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    true = (cells.obs["celltype"].astype(str) == label).to_numpy()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    values = cells.layers["counts"].log1p()
    chance = cross_val_predict(LogisticRegression(max_iter=300), values, true, cv=folds, method="predict_proba")[:, 1]
    precision, found, _ = precision_recall_curve(true, chance)
    best = 2 * precision * found / np.maximum(precision + found, 1e-9)
    return {
        "data": "allen", "method": "logistic regression, taught the labels", "cells": int(true.sum()),
        f"precision_at_{sensitivity:g}": precision[found >= sensitivity].max(),
        f"sensitivity_at_{sensitivity:g}": found[precision >= sensitivity].max(), "best_f1": best.max(),
    }  # fmt: skip
