"""Which populations a library holds, and how many cells of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.simulate.knowledge import Knowledge
from dolor.simulate.plants import ARMS, Plant, total_change

_DONOR_SPREAD = 0.2


def expected_proportions(numbers: Mapping[str, float], plants: Sequence[Plant]) -> pd.DataFrame:
    """Return the expected share of each population in each arm.

    Parameters
    ----------
    numbers
        Relative numbers of the populations in the naive compartment.
    plants
        Planted changes; those of genes are passed over.

    Returns
    -------
    Populations × arms (condition, sex); each column sums to 1.
    """
    shares = pd.DataFrame(index=list(numbers), columns=pd.MultiIndex.from_tuples(ARMS), dtype=float)
    for condition, sex in ARMS:
        change = [
            total_change([p for p in plants if not p.gene and p.population == name], condition, sex) for name in numbers
        ]
        weights = np.array(list(numbers.values())) * np.exp2(change)
        shares[(condition, sex)] = weights / weights.sum()
    return shares


def draw_cells(
    expected: NDArray[np.float64], lacking: NDArray[np.bool_], n_cells: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draw the population of each cell of one animal.

    Parameters
    ----------
    expected
        Expected shares of the populations.
    lacking
        Populations that this library does not hold.
    n_cells
        Cells to draw.
    rng
        Source of the animal's own composition and of the draw.

    Returns
    -------
    The place of each cell's population, in random order.
    """
    own = expected * np.exp(rng.normal(0, _DONOR_SPREAD, len(expected))) * ~lacking
    numbers = rng.multinomial(n_cells, own / own.sum())
    return rng.permutation(np.repeat(np.arange(len(expected)), numbers))


def lacking(knowledge: Knowledge, names: Sequence[str], missing: str) -> NDArray[np.bool_]:
    """Say which populations a library without ``missing`` (a population or a node above) does not hold."""
    members = set(knowledge.members(missing)) if missing else set()
    return np.array([name in members for name in names])
