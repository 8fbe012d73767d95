"""Tell whether a change of supply is more cells or more transcript per cell.

The supply of a ligand by a cell type is the fraction of cells that are of this type times the ligand's expression per
cell. Its logarithm is a sum, and both parts are fitted on the same samples with the same design, so the change of
supply is exactly the sum of the infiltration part and the per-cell part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from dolor.contrasts.expression_array import Supply
from dolor.contrasts.linear.linear_model import fit, is_estimable

__all__ = ["Split", "split_supply"]

Floats = NDArray[np.float64]

DRIVERS = ("", "per_cell", "infiltration", "both")
_LEVEL = 0.05
# Replicates that vary by rounding only are copies of one sample, which say nothing of chance.
_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True)
class Split:
    """Parts of the log2 change of supply: M comparisons × T senders (× U units), with standard errors.

    ``driver`` (M × T × U) points into :data:`DRIVERS`: the parts that differ from zero at the 5 % level.
    """

    infiltration: Floats
    infiltration_se: Floats
    per_cell: Floats
    per_cell_se: Floats
    driver: NDArray[np.int8]


def split_supply(supply: Supply, design: Floats, comparisons: Floats) -> Split:
    """Split the change of supply of every unit by every cell type.

    Parameters
    ----------
    supply
        Expression of U units by S replicates and T cell types.
    design
        S × coefficients.
    comparisons
        M × coefficients.

    Returns
    -------
    The parts, NaN where the replicates that have the cell type cannot answer.
    """
    shape = (len(comparisons), *supply.log2.shape[1:])
    per_cell, per_cell_se = np.full(shape, np.nan), np.full(shape, np.nan)
    infiltration, infiltration_se = np.full(shape[:2], np.nan), np.full(shape[:2], np.nan)
    significant = np.zeros((2, *shape), dtype=bool)
    for cell_type in range(shape[1]):
        present = supply.cells[:, cell_type] > 0
        possible = np.array([is_estimable(c, design[present]) for c in comparisons], dtype=bool)
        if not possible.any():
            continue
        fraction = np.log2(supply.cells[present, cell_type] / supply.all_cells[present])
        response = np.column_stack([fraction, supply.log2[present, cell_type]])
        result = fit(response, np.ones_like(response), design[present], comparisons[possible])
        error = np.sqrt(result.unscaled_variance * result.variance)
        infiltration[possible, cell_type], infiltration_se[possible, cell_type] = result.effect[:, 0], error[:, 0]
        per_cell[possible, cell_type], per_cell_se[possible, cell_type] = result.effect[:, 1:], error[:, 1:]
        if result.df > 0:
            called = np.abs(result.effect) > error * special.stdtrit(result.df, 1 - _LEVEL / 2)
            called &= result.variance > _LEAST_VARIANCE
            significant[0, possible, cell_type] = called[:, 1:]
            significant[1, possible, cell_type] = called[:, :1]
    driver = (significant[0] + 2 * significant[1]).astype(np.int8)
    return Split(infiltration, infiltration_se, per_cell, per_cell_se, driver)
