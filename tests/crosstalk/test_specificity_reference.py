"""P-values and means against the outputs of the tools that permute."""

import anndata
import numpy as np
import pandas as pd
import pytest

from dolor.pseudobulk.expression import compile_units
from dolor.scores.cell_moments import population
from dolor.scores.interaction_index import meetings, slots_of
from dolor.scores.specificity import specificity

PERMUTATIONS = 1000


@pytest.fixture(scope="module")
def cells(reference_dir):
    data = anndata.read_h5ad(reference_dir / "liana" / "input_pbmc68k.h5ad")
    return data.X.toarray().astype(float), data.obs["bulk_labels"].astype(str), list(data.var_names)


def compare(cells, ligands, receptors, columns):
    """Means, p-values, smaller detection and smaller group: pairs × columns named ``sender|receiver``."""
    x, labels, genes = cells
    kinds = sorted(set(labels))
    label = labels.map({kind: i for i, kind in enumerate(kinds)}).to_numpy()
    place = np.array([[genes.index(a), genes.index(b)] for a, b in zip(ligands, receptors, strict=True)])
    first, second = place.min(axis=1), place.max(axis=1)
    numbers = {pair: i for i, pair in enumerate(zip(first.tolist(), second.tolist(), strict=True))}
    slots = [slots_of(compile_units(side, genes), numbers) for side in (ligands, receptors)]
    a, b = np.array(list(numbers)).T
    cross = np.stack([(x[:, a] ** i * x[:, b] ** j).sum(axis=0) for i, j in ((1, 1), (2, 1), (1, 2))], axis=-1)
    sums = population(len(x), *((x**power).sum(axis=0) for power in (1, 2, 3)), a, b, cross)
    n = np.bincount(label).astype(float)
    means = np.array([x[label == t].mean(axis=0) for t in range(len(n))])
    detected = np.array([(x[label == t] > 0).mean(axis=0) for t in range(len(n))])
    left, right = means[:, place[:, 0]], means[:, place[:, 1]]
    p = specificity(left[:, None] + right[None], n, sums, *slots, meetings(*slots, {**numbers}))
    pairs = [[kinds.index(kind) for kind in column.split("|")] for column in columns]
    both = np.stack([np.minimum(detected[s, place[:, 0]], detected[t, place[:, 1]]) for s, t in pairs], axis=1)
    mean = np.stack([np.where((left[s] > 0) & (right[t] > 0), left[s] + right[t], 0) / 2 for s, t in pairs], axis=1)
    return mean, np.stack([p[s, t] for s, t in pairs], axis=1), both


def test_pvalues_agree_with_those_of_squidpy(reference_dir, cells):
    table = pd.read_csv(reference_dir / "squidpy" / "pvalues.csv.gz", index_col=[0, 1])
    _, p, _ = compare(cells, *(list(table.index.get_level_values(i)) for i in (0, 1)), table.columns)
    expected = table.to_numpy()
    tested = np.isfinite(expected)
    assert tested.sum() > 1000
    noise = np.sqrt(p * (1 - p) / PERMUTATIONS)
    assert (np.abs(expected - p)[tested] < 4 * noise[tested] + 0.02).all()
    assert np.abs(expected - p)[tested].mean() < 0.005
    assert ((p < 0.05) != (expected < 0.05))[tested].mean() < 0.01


def test_means_and_pvalues_agree_with_those_of_cellphonedb(reference_dir, cells):
    folder = reference_dir / "cellphonedb" / "pbmc68k"
    means, pvalues = (
        pd.read_csv(folder / f"statistical_analysis_{kind}_seed42.txt", sep="\t", keep_default_na=False)
        for kind in ("means", "pvalues")
    )
    simple = (means["gene_a"] != "") & (means["gene_b"] != "")
    columns = [name for name in means.columns if "|" in name]
    mean, p, detected = compare(cells, list(means.loc[simple, "gene_a"]), list(means.loc[simple, "gene_b"]), columns)
    assert np.abs(mean - means.loc[simple, columns].to_numpy(dtype=float)).max() < 1e-5
    # CellPhoneDB gives 1 to what it leaves untested, such as what less than a tenth of the cells of a side express.
    expected = pvalues.loc[simple, columns].to_numpy(dtype=float)
    assert (expected[detected < 0.1] == 1).all()
    tested = (mean > 0) & (expected < 1)
    assert tested.sum() > 20
    noise = np.sqrt(p * (1 - p) / PERMUTATIONS)
    assert (np.abs(expected - p)[tested] < 4 * noise[tested] + 0.02).all()
