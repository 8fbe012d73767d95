"""Small made-up tables for the figures."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

POPULATIONS = ("macrophage", "nociceptor", "satellite_glia")
COMPARISONS = (
    ("condition", "injured", "naive", ""),
    ("condition_in_sex", "injured", "naive", "female"),
    ("condition_in_sex", "injured", "naive", "male"),
    ("interaction", "injured:female", "naive:male", ""),
)


@pytest.fixture
def contrasts() -> pd.DataFrame:
    """Thirty-six signals in four comparisons; those of the macrophage rise and are found, by infiltration."""
    rng = np.random.default_rng(3)
    ligands = ("Il1b", "Tnf", "Ngf", "Ccl2")
    rows = list(itertools.product(COMPARISONS, POPULATIONS, POPULATIONS, ligands))
    frame = pd.DataFrame(
        [(*comparison, sender, receiver, ligand) for comparison, sender, receiver, ligand in rows],
        columns=["contrast_type", "case", "reference", "stratum", "sender", "receiver", "ligand"],
    )
    rises = frame["sender"] == "macrophage"
    effect = np.where(rises, 2.0, 0.0) + rng.normal(scale=0.2, size=len(frame))
    return frame.assign(
        dataset_id="toy", interaction_id=frame["ligand"].str.upper() + ":R", receptor="R1", effect=effect,
        pvalue=np.where(rises, 1e-5, 0.6), qvalue=np.where(rises, 1e-4, 0.9), infiltration=effect * 0.9,
        per_cell=effect * 0.1, driver=np.where(rises, "infiltration", ""), status="tested",
    )  # fmt: skip
