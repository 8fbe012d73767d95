"""NATMI: the share of sender and receiver in the expression of all cell types."""

from __future__ import annotations

import numpy as np

from dolor.scores.method import Floats, Method, Side


def spec_weight(ligand: Side, receptor: Side) -> Floats:
    """Product of the shares; 0 where no cell type expresses the gene."""
    return _share(ligand) * _share(receptor)


def _share(side: Side) -> Floats:
    total = side["means_sums"]
    return np.asarray(side["means"] / np.where(total > 0, total, 1.0))


METHOD = Method("NATMI specificity", "spec_weight", spec_weight, ("means", "means_sums"), "specificity", upper=1.0)
