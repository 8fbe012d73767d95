"""What a transfer of labels learns from: cells whose markers leave no doubt, or the cells of a user's reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.contracts.vocabulary import UNASSIGNED
from dolor.errors import DataError
from dolor.io.counts import at_raw, raw_counts
from dolor.io.genes import checked_organism, with_symbols, without_controls
from dolor.io.h5ad import read_h5ad

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from dolor.knowledge.populations import PopulationTree

# With fewer examples a network learns the cells and not their kind.
_FEWEST_EXAMPLES = 10
# Share of the sure cells that is kept back, so that there are some whose transferred name nobody taught.
_HELD_BACK = 0.2
_FEWEST_GENES = 50


@dataclass(frozen=True)
class Reference:
    """Labelled cells of somebody else.

    Attributes
    ----------
    counts
        Cells × ``genes``, raw.
    genes
        Symbols.
    labels
        The label of each cell, as its author wrote it.
    batch
        The sample of each cell, where the file says it.
    """

    counts: sparse.csr_matrix
    genes: pd.Index
    labels: pd.Series
    batch: pd.Series


def marker_seeds(obs: pd.DataFrame, confidence: float, tree: PopulationTree, *, seed: int = 0) -> NDArray[np.object_]:
    """Return the names of the cells that markers name with confidence, and ``unassigned`` for all others.

    A fifth of them, drawn with the seed, is kept back: confidence is much the same throughout a cluster, so that
    otherwise hardly a cell of a kind that was learned would be left to compare the names of.

    A name that stands above another seed's is no seed (a network would have to choose between T cells and CD4 T
    cells), and neither is one with fewer than ten such cells.
    """
    names = obs["cell_type"].astype(str).to_numpy(dtype=object)
    sure = (obs["cell_type_confidence"].to_numpy(dtype=float) >= confidence) & (names != UNASSIGNED)
    sure &= np.random.default_rng(seed).random(len(names)) >= _HELD_BACK
    enough = {name for name, number in pd.Series(names[sure]).value_counts().items() if number >= _FEWEST_EXAMPLES}
    above = {parent for name in enough for parent in tree.ancestors(str(name))}
    chosen = enough - above
    if len(chosen) < 2:
        raise DataError(
            f"{len(chosen)} cell types have {_FEWEST_EXAMPLES} cells to learn from, named with a confidence of "
            f"{confidence:g} or more; scANVI needs two: lower the confidence of seeds or give a reference"
        )
    return np.where(sure & np.isin(names, sorted(chosen)), names, UNASSIGNED)


def read_reference(path: Path | str, column: str, organism: str) -> Reference:
    """Read the labelled cells of an h5ad file.

    Raises
    ------
    dolor.errors.DataError
        It holds no raw counts, no such column, or genes of another species.
    """
    found, _ = without_controls(at_raw(read_h5ad(path), source=str(path)))
    if column not in found.obs.columns:
        raise DataError(
            f"{path}: obs has no column '{column}' with labels; there are {', '.join(map(str, found.obs.columns))}"
        )
    found = with_symbols(found, checked_organism(found.var_names, organism, str(path)) or organism, source=str(path))
    sample = found.obs["sample_id"].astype(str) if "sample_id" in found.obs.columns else "cells"
    batch = pd.Series("reference/" + pd.Series(sample, index=found.obs_names), index=found.obs_names)
    return Reference(raw_counts(found, source=str(path)), found.var_names, found.obs[column].astype(str), batch)


def shared_genes(reference: pd.Index, own: pd.Index, source: str) -> pd.Index:
    """Return the genes that both have, in the order of ``own``; too few to compare cells by are an error."""
    shared = own[own.isin(reference)]
    if len(shared) < _FEWEST_GENES:
        raise DataError(
            f"{source}: shares {len(shared)} genes with these cells and {_FEWEST_GENES} are needed; "
            "check its species and that its genes are symbols"
        )
    return shared


def as_populations(
    labels: pd.Series, mapping: Mapping[str, str], tree: PopulationTree, source: str
) -> tuple[NDArray[np.object_], dict[str, int]]:
    """Bring labels to our populations.

    Parameters
    ----------
    labels
        The label of each cell.
    mapping
        The population that each label names; a label that is itself the name of a population needs no entry.
    tree
        The populations.
    source
        Where the labels are from, for messages.

    Returns
    -------
    The population of each cell, ``unassigned`` where its label names none; and how many cells each such label has.

    Raises
    ------
    dolor.errors.DataError
        The mapping names an unknown population, or no label names a population.
    """
    unknown = sorted(set(mapping.values()) - set(tree.ids()))
    if unknown:
        raise DataError(f"the mapping of labels names {', '.join(map(repr, unknown))}, which are no populations")
    words = labels.astype(str)
    name_of = {word: mapping.get(word, word if word in tree else UNASSIGNED) for word in words.unique()}
    if set(name_of.values()) <= {UNASSIGNED}:
        some = ", ".join(map(repr, sorted(name_of)[:5]))
        raise DataError(f"{source}: none of its labels ({some}) names a population; give a table label, population")
    names = words.map(name_of)
    left_out = words[(names == UNASSIGNED).to_numpy()].value_counts()
    return names.to_numpy(dtype=object), {str(label): int(number) for label, number in left_out.items()}
