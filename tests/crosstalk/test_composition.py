from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from dolor.contrasts.composition import composition
from dolor.core.tables import COMPOSITION

sys.path.insert(0, str(Path(__file__).parent))
from pseudobulk import synthetic

REFERENCE = {"condition": "naive", "sex": "male"}


@pytest.fixture(scope="module")
def table(reference_dir: Path):
    return composition(synthetic(reference_dir, "null"), reference=REFERENCE)


def test_infiltration_is_found_in_the_cells_that_infiltrate(table):
    assert list(table.columns) == list(COMPOSITION.columns)
    condition = table[table["contrast_type"] == "condition"].set_index("cell_type")
    assert (condition.loc[["MacInf", "Neut"], "effect"] > 0.5).all()
    assert condition.loc["Neut", "qvalue"] < 0.05
    assert condition.loc["Neut", "mean_case"] > condition.loc["Neut", "mean_reference"]


def test_effects_of_one_comparison_add_up_to_nothing(table):
    total = table.groupby(["contrast_type", "stratum"])["effect"].sum()
    np.testing.assert_allclose(total, 0, atol=1e-9)
