"""scSeqComm: the less remarkable of ligand and receptor."""

from __future__ import annotations

import numpy as np

from dolor.scores.method import Floats, Method, Side


def inter_score(ligand: Side, receptor: Side) -> Floats:
    """Smaller of the two probabilities that a gene of average expression has a smaller mean in the cell type."""
    return np.minimum(ligand["cdf"], receptor["cdf"])


METHOD = Method("scSeqComm", "inter_score", inter_score, ("cdf",), "magnitude", upper=1.0)
