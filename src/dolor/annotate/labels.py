"""What a verdict is called: the columns of ``obs``, the Cell Ontology, and the flag of a cell from next door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.annotate.consensus import Candidates
from dolor.annotate.descent import Verdict
from dolor.contracts.vocabulary import UNASSIGNED

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from dolor.knowledge.populations import PopulationTree

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
