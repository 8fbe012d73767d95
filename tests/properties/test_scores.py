"""More ligand or receptor never lowers a score, and what has nothing to do with a pair does not move it."""

from __future__ import annotations

from collections.abc import Callable

import anndata
import numpy as np
import pandas as pd
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import dolor as dl

GENES = [f"Gene{i}" for i in range(12)]
PAIRS = pd.DataFrame({
    "interaction_id": ["one", "complex", "alternatives"],
    "ligand": ["Gene0", "Gene2", "Gene5|Gene6+Gene7"],
    "receptor": ["Gene1", "Gene3+Gene4", "Gene8"],
})  # fmt: skip
KEYS = ["sample_id", "sender", "receiver", "interaction_id"]
EXPRESSION = ["score", "lr_means", "expr_prod", "pvalue", "detect_ligand", "detect_receptor"]


def labelled(make_cells: Callable[..., AnnData], counts: np.ndarray) -> AnnData:
    cells = make_cells(len(counts), GENES, n_samples=2)
    cells.obs["cell_type"] = np.where(np.arange(len(counts)) // 2 % 2 == 0, "macrophage", "neuron")
    cells.layers["counts"] = sparse.csr_matrix(counts)
    return cells


def scored(cells: AnnData, pairs: pd.DataFrame = PAIRS) -> pd.DataFrame:
    # Keys as text: categories name all pairs that were asked for, which is not what is compared here.
    return dl.tl.score(dl.tl.profiles(cells, pairs), pairs).astype(dict.fromkeys(KEYS, str)).set_index(KEYS)


@settings(max_examples=15)
@given(data=st.data(), more=st.integers(1, 30), side=st.sampled_from(["ligand", "receptor"]))
def test_scores_rise_with_ligand_and_with_receptor(
    make_cells: Callable[..., AnnData], strategies: type, data, more: int, side: str
) -> None:
    counts = data.draw(strategies.counts(48, len(GENES)))
    before = labelled(make_cells, counts)
    raised = counts.copy()
    of_side = before.obs["cell_type"].to_numpy() == {"ligand": "macrophage", "receptor": "neuron"}[side]
    genes = {"ligand": [0, 2, 5, 6, 7], "receptor": [1, 3, 4, 8]}[side]
    raised[np.ix_(of_side, genes)] += more
    there = scored(before).xs(("macrophage", "neuron"), level=("sender", "receiver"))
    after = scored(labelled(make_cells, raised)).xs(("macrophage", "neuron"), level=("sender", "receiver"))
    assert (after["score"] > there["score"]).all()
    assert (after[f"detect_{side}"] >= there[f"detect_{side}"]).all()


@settings(max_examples=10)
@given(data=st.data())
def test_an_unrelated_gene_or_pair_changes_nothing(make_cells: Callable[..., AnnData], strategies: type, data) -> None:
    cells = labelled(make_cells, data.draw(strategies.counts(48, len(GENES))))
    expected = scored(cells)
    wider = sparse.hstack([cells.layers["counts"], sparse.csr_matrix((cells.n_obs, 1))]).tocsr()
    names = pd.DataFrame(index=[*GENES, data.draw(strategies.symbols.filter(lambda name: name not in GENES))])
    with_gene = scored(anndata.AnnData(obs=cells.obs, var=names, layers={"counts": wider}))
    pd.testing.assert_frame_equal(with_gene[EXPRESSION], expected[EXPRESSION], rtol=1e-12)
    unrelated = pd.DataFrame({"interaction_id": ["other"], "ligand": ["Gene9"], "receptor": ["Gene10"]})
    with_pair = scored(cells, pd.concat([PAIRS, unrelated], ignore_index=True))
    pd.testing.assert_frame_equal(with_pair.loc[expected.index, EXPRESSION], expected[EXPRESSION], rtol=1e-12)
