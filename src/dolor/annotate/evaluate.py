"""How well labels agree with given ones: accuracy, macro-F1, immune sensitivity, what stayed unassigned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dolor.core.errors import DataError
from dolor.core.vocabulary import UNASSIGNED
from dolor.knowledge import populations

if TYPE_CHECKING:
    from dolor.knowledge.populations import PopulationTree


def evaluate(
    labels: pd.DataFrame,
    given: pd.Series,
    mapping: Mapping[str, str],
    donors: pd.Series,
    tree: PopulationTree | None = None,
) -> dict[str, Any]:
    """Compare labels with given ones.

    Parameters
    ----------
    labels
        One row a cell: ``cell_lineage``, ``cell_class``, ``cell_type``.
    given
        Somebody else's label of each cell; cells whose label is not in ``mapping`` are left out and counted.
    mapping
        The population that each given label names; several joined by ``|`` where a label is a group of them.
    donors
        The donor of each cell; agreement is summed up over donors, since cells of one donor are alike.
    tree
        The populations that the labels name; default: those that dolor ships.

    Returns
    -------
    ``class`` and ``type``: agreement over all compared cells, over those assigned, its median over donors, and
    macro-F1. A type agrees when it is the given population or one below it. ``immune``: sensitivity and
    specificity of being called immune. ``unassigned``: share. ``n_cells``, ``n_left_out``.

    Raises
    ------
    dolor.core.errors.DataError
        No cell has a label that the mapping knows, or the mapping names an unknown population.

    Examples
    --------
    >>> import pandas as pd
    >>> labels = pd.DataFrame({"cell_lineage": ["immune"], "cell_class": ["t_cell"], "cell_type": ["cd4_t_cell"]})
    >>> found = evaluate(labels, pd.Series(["CD4 T"]), {"CD4 T": "cd4_t_cell"}, pd.Series(["d1"]))
    >>> found["type"]["agreement"]
    1.0
    """
    tree = populations.tree() if tree is None else tree
    named = {label: tuple(names.split("|")) for label, names in mapping.items()}
    unknown = sorted({name for names in named.values() for name in names} - set(tree.ids()))
    if unknown:
        raise DataError(f"the mapping of labels names {', '.join(map(repr, unknown))}, which are no populations")
    compared = given.astype(str).isin(mapping).to_numpy()
    if not compared.any():
        raise DataError(f"none of the given labels is in the mapping; it knows {', '.join(mapping)}")
    own = labels[compared].astype(str)
    wanted = [named[label] for label in given[compared].astype(str)]
    truth = np.array(["|".join(names) for names in wanted])
    donor = donors[compared].astype(str).to_numpy()
    of_class = np.array([tree.level_of(names[0], "class") or names[0] for names in wanted])
    lineage = np.array([tree.level_of(names[0], "lineage") or names[0] for names in wanted])
    settled = np.array([_settled(name, names, tree) for name, names in zip(own["cell_type"], wanted, strict=True)])
    return {
        "class": _agreement(own["cell_class"].to_numpy(), of_class, donor),
        "type": _agreement(settled, truth, donor),
        "immune": _immune(own["cell_lineage"].to_numpy(), lineage),
        "unassigned": float((own["cell_class"] == UNASSIGNED).mean()),
        "n_cells": int(compared.sum()),
        "n_left_out": int((~compared).sum()),
    }


def read_mapping(path: Path | str) -> dict[str, str]:
    """Read a table with the columns ``label`` and ``population``.

    Raises
    ------
    dolor.core.errors.DataError
        The table is missing, lacks a column, or maps a label twice.
    """
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8-sig")
        labels, names = table["label"], table["population"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read as a table with the columns label and population ({error})") from error
    if labels.duplicated().any():
        raise DataError(f"{path}: the label {labels[labels.duplicated()].iloc[0]!r} is mapped twice")
    return dict(zip(labels, names, strict=True))


def mapping_of_terms(given: pd.Series, tree: PopulationTree | None = None) -> dict[str, str]:
    """Map labels that need no table: ids of populations, and terms of the Cell Ontology that populations bear.

    Parameters
    ----------
    given
        The label of each cell, such as ``cell_type_ontology_term_id`` of CELLxGENE.
    tree
        The populations; default: those that dolor ships.

    Returns
    -------
    The population that each label names. Where several bear a term, those without another of them above are joined by
    ``|``. A term that no population bears is left out, though one above or below it may be borne.

    Raises
    ------
    dolor.core.errors.DataError
        No label is such an id or term.

    Examples
    --------
    >>> mapping_of_terms(pd.Series(["CL:0000129", "b_cell", "hepatocyte 3"]))
    {'CL:0000129': 'microglia', 'b_cell': 'b_cell'}
    """
    tree = populations.tree() if tree is None else tree
    bearers: dict[str, list[str]] = {name: [name] for name in tree.ids()}
    for name in tree.ids():
        if tree.cl(name):
            bearers.setdefault(tree.cl(name), []).append(name)
    labels = sorted(set(given.astype(str)) & set(bearers))
    if not labels:
        raise DataError(
            "no label is the id of a population or a term of the Cell Ontology that one bears; give a table with the "
            "columns label and population"
        )
    return {
        label: "|".join(name for name in bearers[label] if not set(tree.ancestors(name)) & set(bearers[label]))
        for label in labels
    }


def confusion(labels: pd.DataFrame, given: pd.Series, column: str = "cell_type") -> pd.DataFrame:
    """Count the cells of each given label by the name that they got.

    Parameters
    ----------
    labels
        One row a cell.
    given
        Somebody else's label of each cell.
    column
        The column of ``labels`` with the names.

    Returns
    -------
    Given labels × names, numbers of cells; every given label has a row.
    """
    return pd.crosstab(given.astype(str).to_numpy(), labels[column].astype(str).to_numpy()).rename_axis(
        index="given", columns="named"
    )


def _settled(name: str, wanted: tuple[str, ...], tree: PopulationTree) -> str:
    """Give the wanted name to a finer one, so that knowing more is no disagreement."""
    agrees = name in wanted or (name in tree and not set(wanted).isdisjoint(tree.ancestors(name)))
    return "|".join(wanted) if agrees else name


def _agreement(own: np.ndarray, truth: np.ndarray, donor: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import f1_score

    same = own == truth
    assigned = own != UNASSIGNED
    by_donor = pd.Series(same).groupby(donor).mean()
    return {
        "agreement": float(same.mean()),
        "agreement_assigned": float(same[assigned].mean()) if assigned.any() else float("nan"),
        "median_over_donors": float(by_donor.median()),
        "worst_donor": float(by_donor.min()),
        "macro_f1": float(f1_score(truth, own, labels=sorted(set(truth)), average="macro", zero_division=0)),
    }


def _immune(own: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    called, true = own == "immune", truth == "immune"
    return {
        "sensitivity": float(called[true].mean()) if true.any() else float("nan"),
        "specificity": float((~called[~true]).mean()) if (~true).any() else float("nan"),
    }
