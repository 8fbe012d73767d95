from __future__ import annotations

import sys
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from dolor.contrasts.contrast import contrast
from dolor.contrasts.response import beside_response, receiver_response
from dolor.contrasts.unit_changes import unit_changes
from dolor.core.errors import DataError

sys.path.insert(0, str(Path(__file__).parent))
from pseudobulk import kang, random_pairs

INTERFERON = ("ISG15", "IFI6", "IFIT1", "IFIT3", "MX1", "OAS1", "LY6E", "IFITM3", "STAT1", "IRF7")


@pytest.fixture(scope="module")
def interferon_study(data_dir: Path) -> anndata.AnnData:
    """Blood cells of eight donors with and without interferon-beta."""
    return kang(data_dir)


def programmes(genes: tuple[str, ...] = INTERFERON) -> pd.DataFrame:
    return pd.DataFrame({"programme": "interferon", "gene": genes, "weight": 1.0})


def test_every_cell_type_answers_interferon(interferon_study: anndata.AnnData):
    table = receiver_response(interferon_study, programmes(), "~ condition", {"condition": "ctrl"})
    assert len(table) == 8
    assert (table["effect"] > 0).all()
    assert (table["qvalue"] < 0.001).all()


def test_interferon_stimulated_interactions_rise_and_stand_beside_the_response(interferon_study: anndata.AnnData):
    pairs = pd.DataFrame({"interaction_id": ["CXCL10:CXCR3"], "ligand": ["CXCL10"], "receptor": ["CXCR3"]})
    many = pd.concat([pairs, random_pairs(list(interferon_study.var_names), 300)], ignore_index=True)
    contrasts = contrast(interferon_study, many, "~ condition", {"condition": "ctrl"})
    responses = receiver_response(interferon_study, programmes(), "~ condition", {"condition": "ctrl"})
    links = pd.DataFrame({"interaction_id": ["CXCL10:CXCR3"], "programme": ["interferon"]})
    beside = beside_response(contrasts, responses, links)
    assert set(beside["interaction_id"]) == {"CXCL10:CXCR3"}
    found = beside[(beside["sender"] == "CD14+ Monocytes") & (beside["receiver"] == "CD8 T cells")].iloc[0]
    assert found["effect"] > 1
    assert found["qvalue"] < 0.01
    assert found["response_qvalue"] < 0.01


def test_donors_are_their_own_controls(interferon_study: anndata.AnnData):
    pairs = random_pairs(list(interferon_study.var_names), 300)
    paired = contrast(interferon_study, pairs, "~ condition", {"condition": "ctrl"})
    strangers = interferon_study.copy()
    strangers.obs["donor_id"] = strangers.obs["sample_id"]
    unpaired = contrast(strangers, pairs, "~ condition", {"condition": "ctrl"})
    complete = (paired["status"] == "tested") & (paired["n_case"] == 8) & (paired["n_reference"] == 8)
    assert paired.loc[complete, "se"].median() < unpaired.loc[complete, "se"].median()


def test_exchanged_labels_within_donors_are_called_as_often_as_the_level_says(interferon_study: anndata.AnnData):
    control = interferon_study[interferon_study.obs["condition"] == "ctrl"].copy()
    well_measured = control.var_names[np.asarray((control.X > 0).mean(axis=0)).ravel() > 0.2]
    pairs = random_pairs(list(well_measured), 400)
    donors, shares = np.array(sorted(set(control.obs["sample_id"]))), []
    for seed in range(10):
        case = np.random.default_rng(seed).permutation(donors)[:4]
        control.obs["condition"] = np.where(control.obs["sample_id"].isin(case), "stim", "ctrl")
        found = unit_changes(control, pairs, "~ condition", {"condition": "ctrl"})
        shares.append((found["pvalue"].dropna() < 0.05).mean())
    assert 0.04 < np.mean(shares) < 0.06


def test_programmes_that_are_not_measured_are_named(interferon_study: anndata.AnnData):
    found = receiver_response(interferon_study, programmes(("Isg15", "Ifit1")), "~ condition", {"condition": "ctrl"})
    assert found.empty
    assert found.attrs["left_out"] == ["interferon"]
    with pytest.raises(DataError, match="programmes lack the column.* weight"):
        receiver_response(interferon_study, programmes().drop(columns="weight"), "~ condition", {"condition": "ctrl"})
