"""Thresholds that several stages share, each defined once."""

from __future__ import annotations

__all__ = ["FDR", "FEW_CELLS", "LOW_DETECTION"]

# A change is called below this q-value, unless a configuration or an argument says otherwise.
FDR = 0.05
# A ligand or receptor detected in a smaller part of the cells is flagged.
LOW_DETECTION = 0.05
# A population with fewer cells in a sample is flagged.
FEW_CELLS = 10
