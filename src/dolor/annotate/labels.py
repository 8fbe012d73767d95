"""What a verdict is called: the columns of ``obs``, the Cell Ontology, and the flag of a cell from next door.

Names from markers beside names that were transferred: where they agree.

What a transfer of labels learns from: cells whose markers leave no doubt, or the cells of a user's reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.annotate.assign import Verdict
from dolor.annotate.consensus import Candidates
from dolor.core.errors import DataError
from dolor.core.vocabulary import UNASSIGNED
from dolor.io.counts import at_raw, raw_counts
from dolor.io.genes import checked_organism, with_symbols, without_controls
from dolor.io.h5ad import read_h5ad

if TYPE_CHECKING:
    from collections.abc import Collection

    from anndata import AnnData
    from numpy.typing import NDArray
    from scipy import sparse

    from dolor.knowledge.populations import PopulationTree

__all__ = [
    "GIVEN",
    "OVERWRITTEN",
    "ROOT_CONTAMINATION",
    "UNKNOWN_TERM",
    "Reference",
    "agreement",
    "agreement_sentence",
    "as_populations",
    "keep_given",
    "marker_seeds",
    "ontology_term",
    "path_names",
    "read_reference",
    "shared_genes",
    "write_labels",
]

# As the CELLxGENE schema writes what is not known.
UNKNOWN_TERM = "unknown"
ROOT_CONTAMINATION = "root_contamination"
# Columns that a file may bring, such as one of CELLxGENE, and that bear our names afterwards.
OVERWRITTEN = ("cell_lineage", "cell_class", "cell_type", "cell_state", "cell_type_ontology_term_id", "cluster")
GIVEN = "_given"


def keep_given(obs: pd.DataFrame) -> None:
    """Keep what somebody else called the cells in columns that end in ``_given``; own names of before are replaced."""
    if "cell_type_confidence" not in obs.columns:
        for column in OVERWRITTEN:
            if column in obs.columns:
                obs[column + GIVEN] = obs[column]


def write_labels(adata: AnnData, verdicts: Sequence[Verdict], confidence: NDArray[np.float64], who: Candidates) -> None:
    """Write the name of each cell, its term, its confidence and its strongest rival into ``obs``."""
    names = {path: path_names(path, who.tree) for path in {verdict.path for verdict in verdicts}}
    for position, column in enumerate(("cell_lineage", "cell_class", "cell_type", "cell_state")):
        adata.obs[column] = pd.Categorical([names[verdict.path][position] for verdict in verdicts])
    assigned = (adata.obs["cell_type"] != UNASSIGNED).to_numpy()
    adata.obs["cell_type_confidence"] = confidence * assigned
    adata.obs["second_best"] = pd.Categorical([verdict.second_best for verdict in verdicts])
    terms = {path: ontology_term(names[path][2], who.tree) for path in names}
    adata.obs["cell_type_ontology_term_id"] = pd.Categorical([terms[verdict.path] for verdict in verdicts])
    flags = {path: ROOT_CONTAMINATION if who.foreign.intersection(path) else "" for path in names}
    adata.obs["annotation_flag"] = pd.Categorical([flags[verdict.path] for verdict in verdicts])


def path_names(path: tuple[str, ...], tree: PopulationTree) -> tuple[str, str, str, str]:
    """Return lineage, class, type and state of a path; what was not reached is ``unassigned``, no state is empty.

    A state (injured, proliferating) is kept beside the type, so that a condition is compared within one type and not
    between a type and its own injured form.
    """
    if not path:
        return UNASSIGNED, UNASSIGNED, UNASSIGNED, ""
    of_class = tree.level_of(path[-1], "class")
    state = tree.level_of(path[-1], "state")
    settled = [node for node in path if not tree.level_of(node, "state")]
    return path[0], of_class or UNASSIGNED, settled[-1] if of_class else UNASSIGNED, state or ""


def ontology_term(population: str, tree: PopulationTree) -> str:
    """Return the Cell Ontology id of a population; of the nearest above it where the ontology has no term for it."""
    if population not in tree:
        return UNKNOWN_TERM
    terms = (tree.cl(node) for node in (population, *tree.ancestors(population)))
    return next((term for term in terms if term), UNKNOWN_TERM)


def agreement(
    named: pd.Series,
    transferred: pd.Series,
    tree: PopulationTree,
    taught: Collection[str],
    seeds: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Count, for each cell type, the cells that a transfer gives the same name.

    Two names agree when they are one, or when one lies below the other in the tree: to know more is no disagreement.

    Parameters
    ----------
    named
        The name of each cell from its markers.
    transferred
        The name of each cell from the transfer; ``unassigned`` where it has none that the tree knows.
    tree
        The populations.
    taught
        The names that the transfer can give. Cells of which none of these is the name, nor above or below it, are not
        compared: it could only be wrong about them.
    seeds
        The cells that the transfer learned from. It repeats what it was taught, so that these are not compared.

    Returns
    -------
    One row a name of ``named``: ``cell_type``, ``n_cells``, ``n_seeds``, ``taught`` (the transfer can give this name,
    or one above or below it), ``n_compared`` (taught, no seeds, and named by both), ``agreeing`` (share of those
    compared; NaN where there are none), ``most_other`` (the most frequent name that its cells got and that does not
    agree, or an empty text).

    Examples
    --------
    >>> from dolor.knowledge import populations
    >>> named = pd.Series(["t_cell", "t_cell", "b_cell"])
    >>> transferred = pd.Series(["cd4_t_cell", "b_cell", "b_cell"])
    >>> agreement(named, transferred, populations.tree(), {"cd4_t_cell", "b_cell"})["agreeing"].tolist()
    [1.0, 0.5]
    """
    cells = pd.DataFrame({"named": named.astype(str).to_numpy(), "transferred": transferred.astype(str).to_numpy()})
    cells["seed"] = False if seeds is None else seeds
    names = set(cells["named"]) - {UNASSIGNED}
    known = {name for name in names if any(_akin(name, other, tree) for other in taught)}
    cells["compared"] = ~cells["seed"] & cells["named"].isin(known) & (cells["transferred"] != UNASSIGNED)
    pairs = cells[["named", "transferred"]].drop_duplicates()
    akin = {(one, other) for one, other in pairs.itertuples(index=False) if _akin(one, other, tree)}
    cells["agrees"] = [pair in akin for pair in zip(cells["named"], cells["transferred"], strict=True)]
    rows = []
    for name, group in cells.groupby("named", sort=True):
        compared = group[group["compared"]]
        others = group.loc[~group["agrees"] & (group["transferred"] != UNASSIGNED), "transferred"].value_counts()
        share = float(compared["agrees"].mean()) if len(compared) else np.nan
        other = "" if others.empty else str(others.sort_index().idxmax())
        rows.append((str(name), len(group), int(group["seed"].sum()), name in known, len(compared), share, other))
    columns = ["cell_type", "n_cells", "n_seeds", "taught", "n_compared", "agreeing", "most_other"]
    return pd.DataFrame(rows, columns=columns)


def agreement_sentence(table: pd.DataFrame, method: str) -> str:
    """Say in one sentence how far a transfer agrees with the markers, and where the least."""
    compared = table[table["n_compared"] > 0]
    if compared.empty:
        return f"{method}: no cell has a name from its markers and another from the transfer to compare it with"
    strange = table[~table["taught"] & (table["cell_type"] != UNASSIGNED)]
    untaught = f"; it does not know {', '.join(strange['cell_type'])}" if len(strange) else ""
    total = int(compared["n_compared"].sum())
    share = float((compared["agreeing"] * compared["n_compared"]).sum() / total)
    least = compared.sort_values("agreeing", kind="stable").iloc[0]
    other = f", else mostly {least['most_other']}" if least["most_other"] else ""
    where = f"{least['cell_type']} ({least['agreeing']:.0%} of {least['n_compared']}{other})"
    return (
        f"{method} gives {share:.0%} of {total} cells that it did not learn from the name that their markers give, "
        f"or one above or below it; least {where}{untaught}"
    )


def _akin(one: str, other: str, tree: PopulationTree) -> bool:
    """Tell whether two names are one, or one lies below the other."""
    if one == other:
        return True
    return one in tree and other in tree and (one in tree.ancestors(other) or other in tree.ancestors(one))


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
    dolor.core.errors.DataError
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
    dolor.core.errors.DataError
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
