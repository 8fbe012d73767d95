from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.contrasts.contrast import contrast
from dolor.contrasts.response import flag_lost_identity

sys.path.insert(0, str(Path(__file__).parent))
from pseudobulk import profiles_of

GENES = [f"M{i}" for i in range(6)] + ["LIG", "REC"] + [f"G{i}" for i in range(292)]
PAIRS = pd.DataFrame({"interaction_id": ["LIG:REC", "LIG:G1"], "ligand": "LIG", "receptor": ["REC", "G1"]})
MARKERS = pd.DataFrame({"population": "nociceptor", "gene": GENES[:6], "sign": 1})
REFERENCE = {"condition": "naive"}


def injured_neurons(lose: bool):
    """Macrophages and nociceptors of eight animals; with injury nociceptors may lose markers and a receptor."""
    rng = np.random.default_rng(3)
    counts, cells = [], []
    for condition in ("naive", "injured"):
        for animal in range(4):
            for cell_type in ("macrophage", "nociceptor"):
                mean = np.full(len(GENES), 3.0) * rng.lognormal(0, 0.1, len(GENES))
                if lose and condition == "injured" and cell_type == "nociceptor":
                    mean[:6] *= 0.15
                if condition == "injured" and cell_type == "nociceptor":
                    mean[7] *= 0.15
                counts.append(rng.poisson(mean, (15, len(GENES))))
                row = {"sample_id": f"{condition}{animal}", "cell_type": cell_type}
                cells += [row | {"condition": condition, "sex": "male"}] * 15
    return profiles_of(sparse.csr_matrix(np.vstack(counts)), pd.DataFrame(cells), GENES)


def flags(lose: bool) -> pd.DataFrame:
    profiles = injured_neurons(lose)
    table = contrast(profiles, PAIRS, "~ condition", REFERENCE)
    return flag_lost_identity(table, profiles, MARKERS, "~ condition", REFERENCE)


def test_a_receptor_that_falls_with_the_markers_of_its_cells_is_flagged():
    found = flags(lose=True)
    flagged = found[found["flags"].astype(str).str.contains("lost_identity")]
    assert set(flagged["receiver"]) == {"nociceptor"}
    assert (flagged["effect"] < 0).all()
    assert "LIG:REC" in set(flagged["interaction_id"])
    assert found.attrs["identity_unknown"] == ["macrophage"]


def test_a_receptor_that_falls_alone_is_not():
    assert not flags(lose=False)["flags"].astype(str).str.contains("lost_identity").any()
