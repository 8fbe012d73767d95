from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from dolor.contrasts.decomposition import DRIVERS, split_supply
from dolor.contrasts.expression_array import supply_of
from dolor.contrasts.linear.comparisons import comparisons_of
from dolor.contrasts.linear.design import build_design
from dolor.contrasts.linear.linear_model import fit
from dolor.contrasts.linear.models import samples_of

sys.path.insert(0, str(Path(__file__).parent))
from supplies import supply

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


RNG = np.random.default_rng(5)
CASES = np.column_stack([np.ones(10), np.repeat([0.0, 1.0], 5)])
CHANGE = np.array([[0.0, 1.0]])


def test_parts_and_what_is_called_are_those_of_ordinary_least_squares():
    cells = RNG.integers(20, 200, (10, 3))
    log2 = RNG.normal(0, 1, (10, 3, 12)) + np.linspace(0, 3, 12) * CASES[:, 1:, None]
    made = supply(log2, cells)
    split = split_supply(made, CASES, CHANGE)
    for cell_type in range(3):
        shares = sm.OLS(np.log2(cells[:, cell_type] / 500), CASES).fit()
        assert split.infiltration[0, cell_type] == pytest.approx(shares.params[1])
        assert split.infiltration_se[0, cell_type] == pytest.approx(shares.bse[1])
        for unit in range(12):
            own = sm.OLS(log2[:, cell_type, unit], CASES).fit()
            assert split.per_cell[0, cell_type, unit] == pytest.approx(own.params[1])
            assert split.per_cell_se[0, cell_type, unit] == pytest.approx(own.bse[1])
            called = [name for name, found in (("per_cell", own), ("infiltration", shares)) if found.pvalues[1] < 0.05]
            expected = "both" if len(called) == 2 else "".join(called)
            assert DRIVERS[split.driver[0, cell_type, unit]] == expected
    assert {0, 1} <= set(split.driver.ravel()) <= {0, 1, 2, 3}


def test_only_comparisons_that_the_replicates_with_the_cell_type_answer_are_split():
    """Of three conditions one lacks the first cell type, so that only the other comparison of it has an answer."""
    groups = np.repeat([0, 1, 2], 4)
    design = np.column_stack([np.ones(12), groups == 1, groups == 2]).astype(float)
    cells = RNG.integers(20, 200, (12, 2))
    cells[groups == 2, 0] = 0
    split = split_supply(supply(RNG.normal(size=(12, 2, 2)), cells), design, np.eye(3)[1:])
    assert np.isfinite(split.per_cell).tolist() == [[[True] * 2, [True] * 2], [[False] * 2, [True] * 2]]
    assert np.isfinite(split.per_cell_se).tolist() == np.isfinite(split.per_cell).tolist()
    assert np.isfinite(split.infiltration_se).tolist() == [[True, True], [False, True]]


def test_one_cell_is_enough_to_be_there_and_one_degree_of_freedom_to_be_tested():
    cells = np.array([[1, 0], [1, 5], [8, 5]])
    log2 = np.array([0.0, 1e-4, 3.0]).reshape(3, 1, 1) * np.ones((3, 2, 1))
    split = split_supply(supply(log2, cells), CASES[[0, 1, 5]], CHANGE)
    assert split.infiltration[0, 0] == pytest.approx(3)
    assert split.driver.ravel().tolist() == [1, 0]
    # The second cell type has one replicate a group, the first none in the other order.
    turned = split_supply(supply(log2[:, ::-1], np.array([[1, 4], [1, 5], [0, 5]])), CASES[[0, 1, 5]], CHANGE)
    assert np.isnan(turned.per_cell).ravel().tolist() == [True, False]


def test_nothing_is_called_without_replicates_or_without_scatter():
    alone = split_supply(supply(np.array([[[0.0]], [[3.0]]]), np.array([[10], [200]])), CASES[[0, 5]], CHANGE)
    assert alone.per_cell.ravel().tolist() == pytest.approx([3.0])
    assert alone.driver.ravel().tolist() == [0]
    steps = np.column_stack([3 * CASES[:, 1], RNG.normal(0, 1e-4, 10) + 3 * CASES[:, 1]])
    copies = split_supply(supply(steps[:, None], (20 * (1 + CASES[:, 1:]))), CASES, CHANGE)
    np.testing.assert_allclose(copies.per_cell[0, 0], 3, atol=1e-3)
    assert copies.infiltration[0, 0] == pytest.approx(1)
    assert copies.driver.ravel().tolist() == [0, 1]
