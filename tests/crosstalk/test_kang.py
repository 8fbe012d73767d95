"""Real cells with a known answer: blood of eight donors, with and without interferon-beta.

The published response of each cell type (DESeq2 on the whole study) is the truth; the cells here are a part of it. The
truth is also what a null must be kept clear of: exchanging the two samples of a few donors only nearly reproduces it.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dolor.contrasts.contrast import contrast
from dolor.contrasts.unit_changes import unit_changes

sys.path.insert(0, str(Path(__file__).parent))
from pseudobulk import kang, random_pairs

PUBLISHED = {
    "cd14": "CD14+ Monocytes", "cd16.mono": "FCGR3A+ Monocytes", "cd19": "B cells", "cd4": "CD4 T cells",
    "cd8": "CD8 T cells", "dc": "Dendritic cells", "mega": "Megakaryocytes", "nk": "NK cells",
}  # fmt: skip
REFERENCE = {"condition": "ctrl"}


@pytest.fixture(scope="module")
def profiles(data_dir: Path) -> anndata.AnnData:
    return kang(data_dir)


@pytest.fixture(scope="module")
def published(data_dir: Path) -> pd.DataFrame:
    """Log2 change of every gene that the study calls at 5 %, one column a cell type."""
    folder = data_dir / "kang2018_published_de"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}, which is absent")
    columns = {}
    for name, cell_type in PUBLISHED.items():
        table = pd.read_csv(folder / f"{name}.dscrnaseq.txt", sep="\t", index_col=0, lineterminator="\r")
        table = table[table["padj"] < 0.05].dropna(subset=["featureData.symbol"])
        columns[cell_type] = table.drop_duplicates("featureData.symbol").set_index("featureData.symbol")[
            "log2FoldChange"
        ]
    return pd.DataFrame(columns)


def test_every_gene_changes_as_published_in_every_cell_type(profiles: anndata.AnnData, published: pd.DataFrame):
    """The score of a gene with itself, within one cell type, is its log2 expression."""
    genes = sorted(set(published.index) & set(profiles.var_names))
    pairs = pd.DataFrame({"interaction_id": genes, "ligand": genes, "receptor": genes})
    table = contrast(profiles, pairs, "~ condition", REFERENCE)
    own = table[(table["sender"].astype(str) == table["receiver"].astype(str)) & (table["status"] == "tested")]
    agreement = {}
    for cell_type in PUBLISHED.values():
        ours = own[own["receiver"] == cell_type].set_index("interaction_id")
        ours.index = ours.index.astype(str)
        both = ours[["effect", "qvalue"]].join(published[cell_type].rename("published").dropna(), how="inner")
        same = np.sign(both["effect"]) == np.sign(both["published"])
        called = both["qvalue"] < 0.05
        rank = stats.spearmanr(both["effect"], both["published"]).statistic
        agreement[cell_type] = (len(both), same.mean(), same[called].mean(), called.mean(), rank)
    found = pd.DataFrame(agreement, index=["genes", "same_sign", "same_sign_called", "called", "rank"]).T
    # Dendritic cells, megakaryocytes and some donors of others have too few cells per sample to be tested.
    many = found[found["genes"] > 0]
    assert {"CD14+ Monocytes", "FCGR3A+ Monocytes", "B cells", "CD4 T cells", "NK cells"} <= set(many.index), found
    assert (many["genes"] > 80).all(), found
    assert (many["same_sign"] > 0.95).all(), found
    assert (many["same_sign_called"] > 0.99).all(), found
    assert (many["called"] > 0.4).all(), found
    assert (many["rank"] > 0.65).all(), found


def test_interferon_stimulated_interactions_rise_where_the_published_genes_do(
    profiles: anndata.AnnData, published: pd.DataFrame
):
    """Chemokines that interferon raises in monocytes reach receivers that carry their receptor."""
    known = [("CXCL10", "CXCR3"), ("CXCL11", "CXCR3"), ("CCL8", "CCR1"), ("CCL2", "CCR1"), ("TNFSF10", "TNFRSF10B")]
    known = [pair for pair in known if set(pair) <= set(profiles.var_names)]
    assert len(known) >= 3
    pairs = pd.DataFrame(known, columns=["ligand", "receptor"])
    pairs["interaction_id"] = pairs["ligand"] + ":" + pairs["receptor"]
    background = random_pairs(list(profiles.var_names), 200)
    table = contrast(profiles, pd.concat([pairs, background], ignore_index=True), "~ condition", REFERENCE)
    table = table[(table["status"] == "tested") & table["interaction_id"].isin(pairs["interaction_id"])]
    raised = {(str(cell_type), gene) for cell_type in published for gene in published.index[published[cell_type] > 1]}
    fallen = {(str(cell_type), gene) for cell_type in published for gene in published.index[published[cell_type] < 0]}
    senders = [pair in raised for pair in zip(table["sender"].astype(str), table["ligand"].astype(str), strict=True)]
    receivers = [
        pair in fallen for pair in zip(table["receiver"].astype(str), table["receptor"].astype(str), strict=True)
    ]
    expected = table[np.array(senders) & ~np.array(receivers) & table["effect_ligand"].notna().to_numpy()]
    assert len(expected) > 20
    assert (expected["effect_ligand"] > 0).mean() > 0.95
    assert (expected["qvalue"] < 0.05).mean() > 0.7
    to_t_cells = expected[(expected["interaction_id"] == "CXCL10:CXCR3") & (expected["sender"] == "CD14+ Monocytes")]
    assert {"CD8 T cells", "NK cells"} <= set(to_t_cells.loc[to_t_cells["qvalue"] < 0.05, "receiver"])


def test_labels_exchanged_in_half_of_the_donors_discover_nothing(profiles: anndata.AnnData):
    """Half of the donors, and no fewer: only then is the exchange clear of the truth.

    Where a gene answers, its answer becomes scatter, so that the test is on the safe side. Exchanging one donor of
    eight leaves three quarters of every true change, and many are then rightly called.
    """
    profiles = profiles.copy()
    donors, true = sorted(set(profiles.obs["donor_id"])), profiles.obs["condition"].astype(str)
    other = true.map({"ctrl": "stim", "stim": "ctrl"})
    pairs = random_pairs(list(profiles.var_names[np.asarray(profiles.X.sum(axis=0)).ravel() > 100]), 200, seed=3)
    halves = [half for half in itertools.combinations(donors, 4) if donors[0] in half]
    shares, discoveries = [], 0
    for i in np.random.default_rng(0).permutation(len(halves))[:6]:
        profiles.obs["condition"] = np.where(profiles.obs["donor_id"].isin(halves[i]), other, true)
        table = unit_changes(profiles, pairs, "~ condition", REFERENCE)
        shares.append((table["pvalue"].dropna() < 0.05).mean())
        discoveries += bool((table["qvalue"] < 0.05).any())
    # Few donors have 10 cells of the smaller populations in both samples; where all of these are in one half, the
    # exchange reverses the truth, which is then rightly called (FCGR3A+ monocytes and CD8 T cells in two drawings).
    assert discoveries <= 2
    assert 0.01 < np.mean(shares) < 0.055


def test_labels_of_condition_and_sex_drawn_over_donors_treated_alike_keep_the_level(profiles: anndata.AnnData):
    """All five kinds of contrast: eight donors of one condition, so nothing is true but how donors differ.

    Over 20 drawings in either condition every kind was called in 0.046 to 0.054 of the tests. Shares of single drawings
    scatter by 0.01 and more, for the interactions of eight donors stand or fall together, so that the fewer ones here
    may stray further. Discoveries are not asked about: donors do differ, and a gene in which two of eight stand out
    makes one in some drawings (4.6 % of the comparisons in that series, 13 % in another).
    """
    rng, parts = np.random.default_rng(1), []
    for condition in ("ctrl", "stim") * 4:
        alike = profiles[profiles.obs["condition"] == condition].copy()
        pairs = random_pairs(list(alike.var_names[np.asarray(alike.X.sum(axis=0)).ravel() > 50]), 150, seed=3)
        drawn = dict(zip(rng.permutation(sorted(set(alike.obs["donor_id"]))), itertools.cycle(range(4)), strict=False))
        arm = alike.obs["donor_id"].map(drawn)
        alike.obs["condition"] = np.where(arm < 2, "ctrl", "stim")
        alike.obs["sex"] = np.where(arm % 2 == 0, "female", "male")
        table = unit_changes(alike, pairs, "~ condition * sex", REFERENCE)
        parts.append((table["pvalue"].dropna() < 0.05).groupby(table["contrast_type"], observed=True).mean())
    share = pd.concat(parts, axis=1).mean(axis=1)
    assert len(share) == 5
    assert share.between(0.035, 0.065).all(), share
    assert share.mean() == pytest.approx(0.05, abs=0.01), share
