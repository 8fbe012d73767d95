"""Supplies made by hand, small enough to be seen through."""

from __future__ import annotations

import numpy as np

from dolor.contrasts.expression_array import Supply


def supply(log2: np.ndarray, cells: np.ndarray, **more: object) -> Supply:
    """Make a supply of S replicates, T cell types and U units named a, b, c ... of their expression and cells."""
    n_replicates, n_types, n_units = log2.shape
    plain = {
        "replicates": tuple(f"s{number}" for number in range(n_replicates)),
        "cell_types": tuple(f"t{number}" for number in range(n_types)),
        "units": {letter: place for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz"[:n_units])},
        "missing_genes": {},
        "cells": cells.astype(float),
        "totals": 1000.0 * cells,
        "all_cells": np.full(n_replicates, 500.0),
        "log2": np.where(cells[:, :, None] > 0, log2, np.nan),
        "pooled": np.ones((n_types, n_units)),
        "detection": np.ones((n_types, n_units)),
    }
    return Supply(**(plain | more))
