"""Small made-up tables for the figures."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from dolor.contrasts.meta import meta

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


@pytest.fixture
def evidence() -> pd.DataFrame:
    """Two markers of two populations: the one's expected gene must be absent from the other."""
    rows = [
        ("macrophage", "Aif1", "+", 2.0, 0.9), ("macrophage", "Scn10a", "-", 0.1, 0.05),
        ("nociceptor", "Scn10a", "+", 3.0, 0.95), ("nociceptor", "Aif1", "-", 0.2, 0.1),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["cell_type", "gene", "expected", "mean_expression", "detection"])
    return frame.sort_values("cell_type", ascending=False, ignore_index=True)


@pytest.fixture
def sex() -> pd.DataFrame:
    """Calls of four samples: one contradicts what was reported, one is pooled."""
    cells = {"s1": "female female", "s2": "male male unknown", "s3": "male male", "s4": "female male"}
    reported = {"s1": "female", "s2": "male", "s3": "female", "s4": "male"}
    called = {"s1": "female", "s2": "male", "s3": "male", "s4": "mixed"}
    rows = [(sample, "", reported[sample], called[sample]) for sample in cells]
    rows += [(sample, f"{sample}{n}", reported[sample], word) for sample, words in cells.items()
             for n, word in enumerate(words.split())]  # fmt: skip
    return pd.DataFrame(rows, columns=["sample_id", "barcode", "reported", "called"])


@pytest.fixture
def combined() -> pd.DataFrame:
    """Two questions over three datasets."""
    rows = [
        {"dataset_id": dataset, "contrast_type": "condition", "case": "injured", "reference": "naive", "stratum": "",
         "sender": "macrophage", "receiver": receiver, "interaction_id": "TNF:TNFRSF1A", "effect": effect, "se": 0.3,
         "status": "tested"}
        for receiver in ("nociceptor", "satellite_glia")
        for dataset, effect in (("a", 1.0), ("b", 1.5), ("c", 0.5))
    ]  # fmt: skip
    return meta(pd.DataFrame(rows))
