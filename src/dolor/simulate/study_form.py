"""What a simulation hands out: cells, and the truth about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class Study:
    """A simulated study.

    Attributes
    ----------
    cells
        Cells, as every stage takes them; the ``truth_*`` columns of ``obs`` are the truth.
    truth
        What was planted and what each contrast should find, log2.
    samples
        One row a library: true sex, share of ambient transcripts, depth, doublets.
    levels
        Populations × genes: expected transcripts among 10,000 in the naive state, without those of one sex alone.
    ambient
        Samples × genes: ambient profiles, each summing to 1.
    """

    cells: AnnData
    truth: pd.DataFrame
    samples: pd.DataFrame
    levels: pd.DataFrame
    ambient: pd.DataFrame
