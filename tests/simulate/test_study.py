"""What the simulated studies hide is in their cells: measured on sums over samples, without any stage of dolor."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

import dolor as dl
from dolor.core.contracts import SAMPLE_FIELDS, check_cells
from dolor.core.errors import UsageError
from dolor.simulate import Plant
from dolor.simulate.truth import TRUTH_COLUMNS

COMPARTMENTS = ("drg", "nerve", "spinal_cord")


@pytest.fixture(scope="module", params=COMPARTMENTS)
def made(request):
    return dl.simulate.study(request.param, seed=5, n_animals=4, cells_per_sample=400)


def per_sample(made, populations, gene):
    """Log2 transcripts among 10,000 of a gene in some populations, one value a sample, true arms as columns."""
    obs, counts = made.cells.obs, made.cells.layers["counts"]
    chosen = obs["truth_cell_type"].isin(populations).to_numpy()
    of_gene = counts[:, made.cells.var_names.get_loc(gene)].toarray().ravel()
    depth = np.asarray(counts.sum(axis=1)).ravel()
    sums = pd.DataFrame({"gene": of_gene, "depth": depth})[chosen]
    sums = sums.groupby(obs["sample_id"].astype(str).to_numpy()[chosen]).sum()
    level = np.log2((sums["gene"] + 0.25) / sums["depth"] * 1e4).rename("level")
    return made.samples.set_index("sample_id").join(level, how="inner").query("true_sex != 'mixed'")


def arms(samples, contrast_type):
    """The two sides of a contrast between samples: condition, sex, or for the interaction the change in each sex."""
    level, injured, female = samples["level"], samples["condition"] == "injured", samples["true_sex"] == "female"
    if contrast_type == "condition":
        return level[injured].mean() - level[~injured].mean()
    if contrast_type == "sex":
        return level[female].mean() - level[~female].mean()
    change = {sex: level[injured & chosen].mean() - level[~injured & chosen].mean() for sex, chosen in
              (("female", female), ("male", ~female))}  # fmt: skip
    return change["female"] - change["male"]


def test_it_is_cells_and_says_that_it_is_simulated(made):
    check_cells(made.cells)
    assert bool(made.cells.uns["simulated"])
    assert "imulated" in made.cells.uns["title"]
    assert made.cells.obs["dataset_id"].astype(str).str.startswith("simulated_").all()
    assert made.cells.layers["counts"].format == "csr"
    assert made.cells.layers["counts"].dtype.kind == "i"
    np.testing.assert_allclose(np.expm1(made.cells.X[:50]).sum(axis=1), 1e4, rtol=1e-4)
    truth = [name for name in made.cells.obs.columns if name.startswith("truth_")]
    assert set(made.cells.obs.columns) == {*SAMPLE_FIELDS, "batch", "condition_model", *truth}


def test_counts_are_as_deep_as_droplet_data(made):
    depth = np.asarray(made.cells.layers["counts"].sum(axis=1)).ravel()
    lineage = made.cells.obs["truth_lineage"]
    for name in ("glia", "stroma", "immune"):
        assert 1200 < np.median(depth[lineage == name]) < 3500
    if (lineage == "neuron").any():
        assert np.median(depth[lineage == "neuron"]) > 4000
    detected = np.asarray((made.cells.layers["counts"] > 0).mean(axis=1)).ravel()
    assert np.median(detected) < 0.5


@pytest.mark.parametrize("pattern", ["condition", "one_sex", "sex"])
def test_planted_changes_of_transcripts_are_found_with_their_sign(made, pattern):
    contrast_type = {"condition": "condition", "one_sex": "interaction", "sex": "sex"}[pattern]
    truth = made.truth.query("kind == 'expression' and pattern == @pattern and contrast_type == @contrast_type")
    assert len(truth) >= 2
    missed = []
    for row in truth.itertuples():
        found = arms(per_sample(made, row.populations.split(";"), row.gene), contrast_type)
        assert np.sign(found) == np.sign(row.effect), (row.population, row.gene)
        missed.append(abs(found - row.pooled_effect))
    assert np.median(missed) < 1.0


def test_matched_genes_without_a_change_do_not_change(made):
    truth = made.truth.query("kind == 'null' and contrast_type == 'condition'")
    assert (truth["effect"] == 0).all()
    assert (truth["pooled_effect"].abs() <= 0.1).all()
    assert not set(truth["gene"]) & set(made.truth.query("kind == 'expression'")["gene"])
    found = [arms(per_sample(made, row.populations.split(";"), row.gene), "condition") for row in truth.itertuples()]
    assert abs(np.mean(found)) < 0.3
    assert np.median(np.abs(found)) < 0.4


def test_planted_changes_of_numbers_are_found_with_their_sign(made):
    obs = made.cells.obs
    shares = pd.crosstab(obs["sample_id"], obs["truth_cell_type"], normalize="index")
    samples = made.samples.set_index("sample_id").query("true_sex != 'mixed'")
    truth = made.truth.query("kind == 'composition' and planted == 'yes' and pattern == 'condition'")
    truth = truth.query("contrast_type == 'condition'")
    assert len(truth) >= 5
    for row in truth.itertuples():
        share = shares.loc[samples.index, row.populations.split(";")].sum(axis=1)
        mean = share.groupby(samples["condition"]).mean()
        found = np.log2(mean["injured"] + 1e-3) - np.log2(mean["naive"] + 1e-3)
        if abs(row.effect) > 0.8:
            assert np.sign(found) == np.sign(row.effect), row.population


def test_infiltrating_cells_do_not_change_in_themselves(made):
    """Neutrophils and monocytes come, and none of their genes is planted."""
    planted = made.truth.query("kind == 'expression'")["populations"].str.split(";").explode()
    assert not {"neutrophil", "classical_monocyte"} & set(planted)


def test_females_have_xist_and_males_y_genes(made):
    obs, counts = made.cells.obs, made.cells.layers["counts"]
    where = made.cells.var_names.get_indexer(["Xist", "Ddx3y", "Eif2s3y", "Kdm5d", "Uty"])
    xist = counts[:, where[0]].toarray().ravel()
    y_genes = counts[:, where[1:]].toarray().sum(axis=1)
    female, male = (obs["truth_sex"] == "female").to_numpy(), (obs["truth_sex"] == "male").to_numpy()
    assert xist[female].mean() > 20 * xist[male].mean()
    assert y_genes[male].mean() > 20 * y_genes[female].mean()


def test_the_faults_of_the_design_are_real(made):
    obs, faults = made.cells.obs, made.truth.set_index("kind")["sample_id"]
    pool = obs[obs["sample_id"] == faults["pooled_library"]]
    assert set(pool["sex"]) == {"mixed"}
    assert pool["truth_sex"].value_counts(normalize=True)[["female", "male"]].min() > 0.3
    swapped = obs[obs["sample_id"] == faults["swapped_sex"]]
    assert (set(swapped["sex"]), set(swapped["truth_sex"])) == ({"female"}, {"male"})
    missing = made.truth.set_index("kind").loc["missing_population"]
    held = obs["truth_class"] == missing["population"]
    assert not held[obs["sample_id"] == missing["sample_id"]].any()
    assert not (obs.loc[obs["sample_id"] == missing["sample_id"], "truth_partner"] == missing["population"]).any()
    assert (held.groupby(obs["sample_id"], observed=True).sum() == 0).sum() == 1


def test_doublets_are_four_in_a_hundred_and_larger(made):
    doublet = made.cells.obs["truth_doublet"].to_numpy()
    assert 0.03 < doublet.mean() < 0.05
    depth = np.asarray(made.cells.layers["counts"].sum(axis=1)).ravel()
    assert np.median(depth[doublet]) > 1.3 * np.median(depth[~doublet])
    assert ((made.cells.obs["truth_partner"] != "") == doublet).all()


def test_ambient_transcripts_leak_into_cells_that_make_none(made):
    obs, counts = made.cells.obs, made.cells.layers["counts"]
    leak = {"drg": "Mpz", "nerve": "Mpz", "spinal_cord": "Mbp"}[obs["dataset_id"].iloc[0].removeprefix("simulated_")]
    lymphoid = obs["truth_class"].isin(["t_cell", "b_cell", "nk_cell"]).to_numpy() & ~obs["truth_doublet"].to_numpy()
    of_gene = counts[:, made.cells.var_names.get_loc(leak)].toarray().ravel()
    haemoglobin = counts[:, made.cells.var_names.get_loc("Hbb-bs")].toarray().ravel()
    assert (of_gene[lymphoid] > 0).mean() > 0.3
    assert (haemoglobin[lymphoid] > 0).mean() > 0.1
    np.testing.assert_allclose(made.ambient.sum(axis=1), 1.0)
    leaked = obs["truth_ambient"].groupby(obs["sample_id"], observed=True).mean()
    shares = made.samples.set_index("sample_id")["ambient_share"]
    assert np.corrcoef(leaked, shares.loc[leaked.index])[0, 1] > 0.9


def test_immune_populations_are_rare_and_all_there(made):
    share = made.cells.obs["truth_cell_type"].value_counts(normalize=True)
    for name in ("nk_cell", "cd4_t_cell", "cd8_t_cell", "regulatory_t_cell", "gamma_delta_t_cell", "ilc2", "b_cell",
                 "plasma_cell", "mast_cell", "cdc1", "cdc2", "mature_dc", "neutrophil"):  # fmt: skip
        assert 0.0005 < share[name] < 0.03, name


def test_the_truth_table_is_complete(made):
    truth = made.truth
    assert tuple(truth.columns) == TRUTH_COLUMNS
    assert truth.drop(columns=["effect", "pooled_effect"]).notna().all(axis=None)
    per_plant = truth.query("kind in ('expression', 'null')").groupby(["kind", "population", "gene"]).size()
    assert (per_plant == 7).all()
    assert set(truth["dataset_id"]) == set(made.cells.obs["dataset_id"])


def test_the_same_seed_gives_the_same_study_and_another_seed_another():
    first, again, other = (dl.simulate.study("drg", seed=seed, n_animals=1, cells_per_sample=60) for seed in (7, 7, 8))
    assert (first.cells.layers["counts"] != again.cells.layers["counts"]).nnz == 0
    pd.testing.assert_frame_equal(first.cells.obs, again.cells.obs)
    pd.testing.assert_frame_equal(first.truth, again.truth)
    assert (
        first.cells.shape != other.cells.shape or (first.cells.layers["counts"] != other.cells.layers["counts"]).nnz > 0
    )


def test_compartments_of_one_seed_share_what_their_populations_express():
    drg, cord = (dl.simulate.study(name, seed=2, n_animals=1, cells_per_sample=40) for name in ("drg", "spinal_cord"))
    shared = drg.levels.index.intersection(cord.levels.index)
    assert "b_cell" in shared
    pd.testing.assert_frame_equal(drg.levels.loc[shared], cord.levels.loc[shared])


def test_a_null_study_plants_nothing():
    made = dl.simulate.null(4, n_animals=2, cells_per_sample=60)
    assert (made.truth["effect"] == 0).all()
    assert not (made.truth["planted"] == "yes").any()
    assert set(made.cells.obs["sex"]) == {"female", "male"}
    assert (made.cells.obs["sex"].astype(str) == made.cells.obs["truth_sex"].astype(str)).all()


def test_no_stage_needs_the_truth_columns():
    made = dl.simulate.study("nerve", n_animals=1, cells_per_sample=50)
    blind = made.cells[:, :].copy()
    blind.obs = blind.obs[[name for name in blind.obs.columns if not name.startswith("truth_")]]
    assert dl.read(blind).n_obs == made.cells.n_obs


def test_own_effects_replace_the_shipped_ones():
    plant = Plant("satellite_glia", 4.0, gene="Tnf", condition="injured")
    made = dl.simulate.study("drg", n_animals=2, cells_per_sample=200, effects=[plant])
    assert set(made.truth.query("kind == 'expression'")["gene"]) == {"Tnf"}
    assert arms(per_sample(made, ["satellite_glia"], "Tnf"), "condition") > 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"compartment": "skin"}, "'skin' cannot be simulated: use drg, nerve, spinal_cord"),
        ({"organism": "rat"}, "organism 'rat' cannot be simulated: use mouse, human"),
        ({"suspension_type": "na"}, "suspension_type 'na' cannot be simulated: use cell, nucleus"),
        ({"n_animals": 0}, "n_animals is 0"),
        ({"cells_per_sample": -3}, "cells_per_sample is -3"),
        ({"doublet_rate": 1.0}, "doublet_rate is 1.0"),
        ({"effects": [Plant("microglia", 1.0)]}, "'microglia', which this compartment does not hold"),
        ({"effects": [Plant("macrophage", 1.0)]}, "'macrophage', which this compartment does not hold"),
        ({"effects": [Plant("macrophage", 1.0, gene="Nope")]}, "the gene 'Nope', which is not simulated"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, message):
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        dl.simulate.study(**arguments)


def test_writing_gives_the_same_bytes_for_the_tables_and_the_same_cells(tmp_path):
    made = dl.simulate.study("nerve", seed=3, n_animals=1, cells_per_sample=40)
    first, again = dl.simulate.write(made, tmp_path / "a"), dl.simulate.write(made, tmp_path / "b")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["cells.h5ad", "samples.tsv", "truth.tsv"]
    for name in ("truth", "samples", "cells"):
        assert first[name].read_bytes() == again[name].read_bytes()
    back = anndata.read_h5ad(first["cells"])
    check_cells(back)
    assert (back.layers["counts"] != made.cells.layers["counts"]).nnz == 0
    read = pd.read_csv(first["truth"], sep="\t", keep_default_na=False)
    assert len(read) == len(made.truth)
