from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dolor.claims.claims import claims
from dolor.claims.scope import Setting
from dolor.core.tables import COMPOSITION, CONTRASTS, UNIT_CHANGES
from dolor.knowledge.vocabulary import COLUMNS, READOUT_COLUMNS

NERVE = Setting("nerve", {"naive": "naive", "injured": "nerve_injury"})
TEST = {
    "dataset_id": "d1", "contrast_type": "condition", "case": "injured", "reference": "naive", "status": "tested",
    "effect": 1.2, "se": 0.2, "statistic": 6.0, "df": 8.0, "pvalue": 1e-5, "qvalue": 1e-4, "n_case": 4,
    "n_reference": 4,
}  # fmt: skip


class Tree:
    def descendants(self, population: str) -> tuple[str, ...]:
        return {"immune": ("nk_cell", "macrophage")}.get(population, ())


def row_of(form, **values):
    return dict.fromkeys(form.columns, "") | TEST | values


def judge(readout: dict[str, str], *, pairs=(), units=(), shares=(), setting: Setting = NERVE) -> pd.Series:
    plain = dict.fromkeys(READOUT_COLUMNS, "") | dict.fromkeys(("sex", "condition", "phase", "tissue"), "any")
    statement = dict.fromkeys(COLUMNS, "") | {"id": "s1", "effect": "not_evaluated", "sex": "not_stated"}
    filler = {"sender": "x", "receiver": "x", "interaction_id": "A:B", "infiltration": 0.0, "per_cell": 0.0}
    pairs = [row_of(CONTRASTS, **filler)] if not pairs else [row_of(CONTRASTS, **(filler | row)) for row in pairs]
    found = claims(
        pd.DataFrame(pairs), pd.DataFrame([statement]), Tree(), {"d1": setting},
        readouts=pd.DataFrame([plain | {"id": "s1"} | readout]),
        units=pd.DataFrame([row_of(UNIT_CHANGES, smallest_detectable=np.nan, **row) for row in units],
                           columns=list(UNIT_CHANGES.columns)) if units else None,
        composition=pd.DataFrame([row_of(COMPOSITION, **row) for row in shares]) if shares else None,
    )  # fmt: skip
    return found.iloc[0]


SHARE = {"cell_type": "nk_cell", "mean_case": 0.05, "mean_reference": 0.02}
ABUNDANCE = {"readout": "abundance", "population": "immune", "direction": "up"}


def test_what_no_expression_can_show_is_not_observable_whatever_the_data():
    found = judge({"readout": "none", "reason": "depletion"})
    assert found["verdict"] == "not_observable"
    assert found["reason"]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "supports"),
        ({"effect": -1.2}, "opposes"),
        ({"effect": -0.6, "se": 0.2}, "silent"),  # the interval reaches -0.14
        ({"pvalue": 0.4}, "silent"),
        ({"cell_type": "sensory_neuron"}, "untestable"),
    ],
)
def test_shares_of_cells_are_judged_by_direction_and_interval(change, verdict):
    assert judge(ABUNDANCE, shares=[SHARE | change])["verdict"] == verdict


def test_condition_phase_and_tissue_of_a_readout_must_be_those_of_the_data():
    late = Setting("nerve", NERVE.models, {"injured": "late"})
    assert judge(ABUNDANCE | {"condition": "cancer"}, shares=[SHARE])["verdict"] == "untestable"
    assert judge(ABUNDANCE | {"tissue": "drg"}, shares=[SHARE])["verdict"] == "untestable"
    assert judge(ABUNDANCE | {"phase": "late"}, shares=[SHARE])["verdict"] == "untestable"
    assert judge(ABUNDANCE | {"phase": "early"}, shares=[SHARE], setting=late)["verdict"] == "untestable"
    assert judge(ABUNDANCE | {"phase": "late"}, shares=[SHARE], setting=late)["verdict"] == "supports"


def test_a_population_is_there_where_its_share_is_more_than_misnamed_cells():
    there = {"readout": "presence", "population": "nk_cell", "direction": "present", "condition": "nerve_injury"}
    assert judge(there, shares=[SHARE])["verdict"] == "supports"
    assert judge(there, shares=[SHARE | {"mean_case": 0.001}])["verdict"] == "silent"
    both = there | {"population": "nk_cell+macrophage"}
    assert judge(both, shares=[SHARE])["verdict"] == "untestable"
    assert judge(both, shares=[SHARE, SHARE | {"cell_type": "macrophage"}])["verdict"] == "supports"


def test_a_gene_is_expressed_where_presence_says_so():
    gene = {"readout": "expressed", "population": "immune", "genes_mouse": "Tnf", "genes_human": "TNF"}
    unit = {"population": "macrophage", "unit": "Tnf", "role": "ligand"}
    present = gene | {"direction": "present"}
    assert judge(present, units=[unit | {"presence": "present"}])["verdict"] == "supports"
    assert judge(present, units=[unit | {"presence": "absent"}])["verdict"] == "silent"
    assert judge(present, units=[unit | {"unit": "Ngf", "presence": "present"}])["verdict"] == "untestable"


def test_a_family_of_pairs_needs_both_ends_in_one_pair():
    family = {"readout": "family_of_pairs", "population": "immune", "partner": "neuron", "direction": "present"}
    family |= {"family": "any"}
    ends = {"sender": "macrophage", "receiver": "neuron", "present_ligand": "present", "present_receptor": "present"}
    assert judge(family, pairs=[ends])["verdict"] == "supports"
    assert judge(family, pairs=[ends | {"present_receptor": "absent"}])["verdict"] == "silent"
    assert judge(family, pairs=[ends | {"receiver": "glia"}])["verdict"] == "untestable"
    assert judge(family | {"family": "cytokine"}, pairs=[ends])["verdict"] == "untestable"
