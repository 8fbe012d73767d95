"""Something to draw: the contrasts of a simulated study."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from dolor import simulate
from dolor.contrasts.contrast import contrast
from dolor.knowledge import catalog
from dolor.pseudobulk.profiles import profiles

__all__ = ["example_contrasts"]


def example_contrasts() -> pd.DataFrame:
    """Return the contrasts of a small **simulated** study, to try the figures on.

    Returns
    -------
    Columns of :data:`dolor.core.tables.CONTRASTS`, of injured and naive animals of both sexes.

    Examples
    --------
    >>> sorted(example_contrasts()["contrast_type"].unique())
    ['condition', 'condition_in_sex', 'interaction', 'sex', 'sex_in_condition']
    """
    return _contrasted().copy()


@lru_cache(maxsize=1)
def _contrasted() -> pd.DataFrame:
    cells = simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80).cells
    cells.obs["cell_type"] = cells.obs["truth_class"]
    pairs = catalog.interactions("mouse")
    return contrast(profiles(cells, pairs), pairs, reference={"condition": "naive"})
