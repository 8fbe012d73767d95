"""Verdicts on simulated studies against what was simulated, on seeds that no rule was tuned on."""

from __future__ import annotations

import pytest

import dolor as dl
from dolor.knowledge import gene_logic
from dolor.knowledge.readouts import readouts

MODELS = {"naive": "naive", "injured": "nerve_injury"}
REFERENCE = {"condition": "naive", "sex": "male"}


@pytest.fixture(scope="module", params=[("spinal_cord", 212)], ids=lambda each: f"{each[0]}-{each[1]}")
def judged(request):
    compartment, seed = request.param
    study = dl.simulate.study(compartment, seed=seed, n_animals=4, cells_per_sample=200)
    study.cells.obs["cell_type"] = study.cells.obs["truth_class"].astype(str)
    pairs = dl.catalog.interactions("mouse")
    profiles = dl.tl.profiles(study.cells, pairs)
    changes = dl.tl.contrast(profiles, pairs, "~ condition * sex", reference=REFERENCE)
    shares = dl.tl.composition(profiles, "~ condition * sex", REFERENCE)
    units = dl.tl.unit_changes(profiles, pairs, "~ condition * sex", reference=REFERENCE)
    name = str(changes["dataset_id"].iloc[0])
    shown, mediators = readouts(), dl.catalog.mediators()
    found = dl.tl.claims(
        changes, mediators, dl.populations.tree(), {name: dl.tl.Setting(compartment, MODELS)},
        readouts=shown, units=units, composition=shares,
    )  # fmt: skip
    return found.merge(shown[["id", "readout", "direction"]], left_on="claim_id", right_on="id"), study.truth


def test_no_change_is_called_against_the_simulated_truth(judged):
    found, truth = judged
    called = found[
        found["readout"].isin(["pair", "abundance", "state"]) & found["verdict"].isin(["supports", "opposes"])
    ]
    assert len(called)
    true = truth[truth["contrast_type"] == "condition"].astype({"effect": float})
    catalog = dl.catalog.mediators().set_index("id")
    for row in called.itertuples():
        if row.readout == "pair":
            genes = gene_logic.genes(catalog.loc[row.claim_id, "ligand_mouse"])
            genes = {*genes, *gene_logic.genes(catalog.loc[row.claim_id, "receptor_mouse"])}
            effects = true.loc[(true["kind"] == "expression") & true["gene"].isin(genes), "effect"]
        else:
            effects = true.loc[(true["kind"] == "composition") & (true["population"] == row.sender), "effect"]
        assert (effects * row.effect > 0).any(), row.claim_id
