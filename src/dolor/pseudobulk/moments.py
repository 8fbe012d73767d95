"""Pairs of genes whose cross moments a permutation null needs, and where Profiles keep them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.knowledge import gene_logic

__all__ = ["PAIRS_KEY", "GenePairs", "gene_pairs", "pairs_to_uns"]

# In ``uns``: {"first", "second"} gene symbols of each pair, {"sample_id"} rows, {"s11", "s21", "s12"} samples × pairs.
PAIRS_KEY = "dolor_pairs"


@dataclass(frozen=True)
class GenePairs:
    """Pairs (a, b) of columns with a <= b, sorted; the partners of column a lie between two starts."""

    first: NDArray[np.uint32]
    second: NDArray[np.uint32]
    starts: NDArray[np.uint32]


def gene_pairs(interactions: pd.DataFrame, genes: pd.Index) -> GenePairs:
    """Collect the pairs of genes that meet in an interaction: across its sides, and within each side.

    Parameters
    ----------
    interactions
        With ``ligand`` and ``receptor`` in gene logic.
    genes
        Symbols of the columns; pairs with other genes are left out.
    """
    column = {gene: i for i, gene in enumerate(genes)}
    found: set[tuple[int, int]] = set()
    texts = pd.unique(pd.concat([interactions["ligand"], interactions["receptor"]]))
    # A gene of several alternatives stands once in each, and so meets itself.
    measured = {
        text: [column[gene] for subunits in gene_logic.parse(text) for gene in subunits if gene in column]
        for text in texts
    }
    for ligand, receptor in zip(interactions["ligand"], interactions["receptor"], strict=True):
        left, right = measured[ligand], measured[receptor]
        both = (*product(left, right), *combinations(left, 2), *combinations(right, 2))
        found.update((min(pair), max(pair)) for pair in both)
    table = np.array(sorted(found), dtype=np.uint32).reshape(-1, 2)
    starts = np.searchsorted(table[:, 0], np.arange(len(genes) + 1))
    return GenePairs(table[:, 0].copy(), table[:, 1].copy(), starts.astype(np.uint32))


def pairs_to_uns(
    pairs: GenePairs, genes: pd.Index, samples: list[str], products: NDArray[np.float64]
) -> dict[str, Any]:
    """Lay out cross moments so that an h5ad file can hold them; genes and samples by name, so subsets stay right."""
    return {
        "first": np.asarray(genes[pairs.first], dtype=object),
        "second": np.asarray(genes[pairs.second], dtype=object),
        "sample_id": np.asarray(samples, dtype=object),
        "s11": products[:, :, 0].copy(),
        "s21": products[:, :, 1].copy(),
        "s12": products[:, :, 2].copy(),
    }
