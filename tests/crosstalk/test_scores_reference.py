"""Scores equal those of the tools that they are named after, on the tools' own outputs."""

from collections import defaultdict

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from dolor.pseudobulk.expression import compile_units
from dolor.scores.interaction_index import slots_of
from dolor.scores.rank_aggregate import MAGNITUDES, SPECIFICITIES, rank_aggregate
from dolor.scores.score import evaluate, sides
from dolor.scores.statistics import SampleSums

# File of LIANA's output, column.
LIANA = [
    ("cellphonedb", "lr_means"),
    ("natmi", "expr_prod"),
    ("natmi", "spec_weight"),
    ("connectome", "expr_prod"),
    ("connectome", "scaled_weight"),
    ("logfc", "lr_logfc"),
    ("singlecellsignalr", "lrscore"),
    ("geometric_mean", "lr_gmeans"),
    ("cellchat", "lr_probs"),
    ("scseqcomm", "inter_score"),
]
KEYS = ["source", "target", "ligand_complex", "receptor_complex"]


def sums_of(x, labels, sample="all"):
    """Sums over cells of log-normalised expression, which is all that these inputs give."""
    x = np.asarray(x.toarray() if sparse.issparse(x) else x, dtype=float)
    kinds = sorted(set(labels))
    groups = [x[np.asarray(labels) == kind] for kind in kinds]
    stack = {power: np.array([(group**power).sum(axis=0) for group in groups]) for power in (1, 2, 3)}
    quartiles = [np.quantile(group, [0.25, 0.5, 0.5, 0.75], axis=0).mean(axis=0) for group in groups]
    return SampleSums(
        sample=sample,
        cell_types=tuple(kinds),
        n=np.array([float(len(group)) for group in groups]),
        detected=np.array([(group > 0).sum(axis=0) for group in groups], dtype=float),
        s1=stack[1],
        s2=stack[2],
        s3=stack[3],
        linear=np.array([np.expm1(group).sum(axis=0) for group in groups]),
        counts=stack[1],
        n_counts=np.array([group.sum() for group in groups]),
        whole_s1=stack[1].sum(axis=1),
        whole_s2=stack[2].sum(axis=1),
        whole_max=np.array([group.max() for group in groups]),
        n_genes=x.shape[1],
        trimean=np.array(quartiles),
    )


def slots_for(units, genes):
    return slots_of(compile_units(units, genes), defaultdict(int))


def table_of(sums, genes, pairs):
    """All scores as a table with LIANA's keys, one row a (source, target, pair)."""
    ligand, receptor = (slots_for([name.replace("_", "+") for name in pairs[side]], genes) for side in KEYS[2:])
    columns = evaluate(sums, ligand, receptor)
    left, right = sides(sums, ligand, receptor, ("props",), "means")
    columns |= {"ligand_props": left["props"], "receptor_props": right["props"]}
    shape = (len(sums.cell_types), len(sums.cell_types), len(pairs))
    index = pd.MultiIndex.from_tuples(
        [(s, t, *pair) for s in sums.cell_types for t in sums.cell_types for pair in pairs[KEYS[2:]].to_numpy()],
        names=KEYS,
    )
    return pd.DataFrame({name: np.broadcast_to(values, shape).ravel() for name, values in columns.items()}, index)


def read(path):
    return pd.read_csv(path, dtype=dict.fromkeys(KEYS, str), keep_default_na=False, na_values=[""])


@pytest.fixture(scope="module")
def liana(reference_dir):
    data = anndata.read_h5ad(reference_dir / "liana" / "input_pbmc68k.h5ad")
    return data, reference_dir / "liana"


@pytest.mark.parametrize(("name", "column"), LIANA)
def test_scores_equal_those_of_liana(liana, name, column):
    data, folder = liana
    expected = read(folder / f"{name}.csv.gz").set_index(KEYS)[column]
    pairs = expected.index.to_frame(index=False)[KEYS[2:]].drop_duplicates()
    found = table_of(sums_of(data.X, data.obs["bulk_labels"]), list(data.var_names), pairs)
    assert len(expected) > 500
    assert np.abs(found.loc[expected.index, column] - expected).max() < 1e-6 * max(1.0, expected.abs().max())


def test_rank_aggregate_equals_that_of_liana(liana):
    _, folder = liana
    table = read(folder / "rank_aggregate.csv.gz")
    every = np.ones(len(table), dtype=bool)
    specific = rank_aggregate([-table["cellphone_pvals"], *(table[name] for name in SPECIFICITIES)], every)
    assert np.abs(specific - table["specificity_rank"]).max() < 1e-6
    # LIANA 1.10.0 ranks expr_prod once for NATMI and then ranks these ranks for Connectome, which turns them over.
    as_liana = {name: (-1 if name == "expr_prod" else 1) * table[name] for name in MAGNITUDES}
    assert np.abs(rank_aggregate(list(as_liana.values()), every) - table["magnitude_rank"]).max() < 1e-6


def test_scores_by_sample_equal_those_of_liana(liana):
    data, folder = liana
    expected = read(folder / "rank_aggregate_by_sample.csv.gz")
    for sample, rows in expected.groupby("sample"):
        cells = data[data.obs["sample"] == sample]
        cells = cells[:, np.asarray(cells.X.sum(axis=0)).ravel() > 0]
        kept = cells.obs["bulk_labels"].value_counts()
        cells = cells[cells.obs["bulk_labels"].isin(kept.index[kept >= 5])]
        wanted = rows.set_index(KEYS)
        pairs = wanted.index.to_frame(index=False)[KEYS[2:]].drop_duplicates()
        sums = sums_of(cells.X, list(cells.obs["bulk_labels"].astype(str)))
        found = table_of(sums, list(cells.var_names), pairs).loc[wanted.index]
        for column in (*MAGNITUDES, *SPECIFICITIES):
            assert np.abs(found[column] - wanted[column]).max() < 2e-6, (sample, column)


def test_natmi_edges(reference_dir):
    folder = reference_dir / "natmi"
    x = pd.read_csv(folder / "toy.sc.em.txt.gz", sep="\t", index_col=0).T
    label = pd.read_csv(folder / "toy.sc.ann.txt", sep="\t", index_col=0).loc[x.index].iloc[:, 0]
    edges = pd.read_csv(folder / "Edges_lrc2p.csv")
    edges.columns = [name.replace(" symbol", "").replace(" cluster", "") for name in edges.columns]
    edges = edges.rename(columns=dict(zip(["Sending", "Target", "Ligand", "Receptor"], KEYS, strict=True)))
    edges = edges.set_index(KEYS)
    pairs = edges.index.to_frame(index=False)[KEYS[2:]].drop_duplicates()
    found = table_of(sums_of(x.to_numpy(), list(label)), list(x.columns), pairs).loc[edges.index]
    assert np.allclose(found["expr_prod"], edges["Edge average expression weight"], rtol=1e-6)
    assert np.allclose(found["spec_weight"], edges["Edge average expression derived specificity"], rtol=1e-6)
    assert np.allclose(found["ligand_props"], edges["Ligand detection rate"], rtol=1e-6)


def test_means_of_squidpy(reference_dir, liana):
    expected = pd.read_csv(reference_dir / "squidpy" / "means.csv.gz", index_col=[0, 1])
    data, _ = liana
    pairs = expected.index.to_frame(index=False).set_axis(KEYS[2:], axis=1)
    found = table_of(sums_of(data.X, data.obs["bulk_labels"]), list(data.var_names), pairs)
    wide = expected.rename_axis(KEYS[2:]).melt(ignore_index=False, value_name="mean").reset_index()
    wide[["source", "target"]] = wide["variable"].str.split("|", expand=True)
    wide = wide[wide["mean"] > 0].set_index(KEYS)
    assert len(wide) > 500
    assert np.abs(found.loc[wide.index, "lr_means"] - wide["mean"]).max() < 1e-5
