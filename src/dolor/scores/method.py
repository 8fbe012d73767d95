"""The record that each method of scoring leaves in the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Method", "Side"]

Floats = NDArray[np.float64]

# Statistics by name, of the subunit that counts: those of ligands T × 1 × I, those of receptors 1 × T × I.
Side = Mapping[str, Floats]


@dataclass(frozen=True)
class Method:
    """A method of scoring.

    Attributes
    ----------
    name
        As its authors call it.
    column
        Column of the table.
    function
        From the statistics of ligand and receptor to scores, T × T × I.
    needs
        Statistics that it reads (:data:`dolor.scores.statistics.STATISTICS`).
    kind
        ``magnitude``: how strong; ``specificity``: how particular to sender and receiver.
    lower, upper
        Bounds of the score. Larger is stronger in every method.
    limited_by
        Statistic whose smallest value names the subunit of a complex that counts.
    doi
        Of its publication, where confirmed.
    """

    name: str
    column: str
    function: Callable[[Side, Side], Floats]
    needs: tuple[str, ...]
    kind: Literal["magnitude", "specificity"]
    lower: float = 0.0
    upper: float = np.inf
    limited_by: str = "means"
    doi: str = ""
