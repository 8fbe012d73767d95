from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dolor.crosstalk.contrasts.comparisons import comparisons_of
from dolor.crosstalk.contrasts.design import build_design
from dolor.crosstalk.contrasts.driver import DRIVERS, split_supply
from dolor.crosstalk.contrasts.linear_model import fit
from dolor.crosstalk.contrasts.models import samples_of
from dolor.crosstalk.contrasts.supply import supply_of

sys.path.insert(0, str(Path(__file__).parent))
from pseudobulk import synthetic

GENES = ["TIMP1", "APOE", "CSF1", "IL6"]


@pytest.fixture(scope="module")
def study(reference_dir: Path):
    profiles = synthetic(reference_dir, "null")
    genes = [gene for gene in GENES if gene in profiles.var_names] or list(profiles.var_names[:4])
    replicate = profiles.obs["sample_id"].astype(str)
    design = build_design(samples_of(profiles.obs, replicate), "~ condition * sex")
    comparisons = comparisons_of(design, {"condition": "naive", "sex": "male"})
    return supply_of(profiles, genes, replicate), design.matrix, np.array([c.weights for c in comparisons])


def test_the_parts_add_up_to_the_change_of_supply(study):
    supply, design, comparisons = study
    split = split_supply(supply, design, comparisons)
    for cell_type in range(len(supply.cell_types)):
        total = supply.log2[:, cell_type] + np.log2(supply.cells[:, cell_type] / supply.all_cells)[:, None]
        change = fit(total, np.ones_like(total), design, comparisons).effect
        parts = split.per_cell[:, cell_type] + split.infiltration[:, cell_type, None]
        np.testing.assert_allclose(parts, change, atol=1e-9)


def test_infiltrating_cells_are_called_so(study):
    supply, design, comparisons = study
    split = split_supply(supply, design, comparisons)
    drivers = pd.DataFrame(np.array(DRIVERS)[split.driver[0]], index=list(supply.cell_types))
    assert set(drivers.loc["Neut"]) <= {"infiltration", "both"}
    assert (split.infiltration_se > 0).all()


def test_a_cell_type_of_too_few_samples_has_no_split(study):
    supply, design, comparisons = study
    cells = supply.cells.copy()
    cells[2:, 0] = 0
    from dataclasses import replace

    split = split_supply(replace(supply, cells=cells), design, comparisons)
    assert np.isnan(split.infiltration[:, 0]).all()
    assert (split.driver[:, 0] == 0).all()
