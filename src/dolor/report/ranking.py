"""The signals of a run as a ranked table, and the evidence of one of them in words: for a terminal or a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dolor.contrasts.expression_array import supply_of
from dolor.core.errors import UsageError
from dolor.core.tables import CONTRAST_TYPES
from dolor.report import wording
from dolor.report.data import DatasetRun, Run, read_run
from dolor.report.page_data import FLAG_WORDS
from dolor.report.pairs import crosstalk_of, named_contrasts
from dolor.report.sections.claims import catalog_of, knowledge_of
from dolor.report.wording import rows_of

__all__ = ["explain", "top"]

_COLUMNS = [
    "dataset_id", "comparison", "mediator", "sender", "receiver", "interaction_id", "effect", "qvalue", "changed_side",
    "pain_effect",
]  # fmt: skip
_MOST_EXPLAINED, _MOST_STATEMENTS = 3, 3


def top(
    results: Path | str,
    n: int = 20,
    *,
    words: Sequence[str] = (),
    contrast_type: str = "condition",
    datasets: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Rank the tested signals of a run as its page does: by q, then by p.

    Parameters
    ----------
    results
        Folder of the results.
    n
        Most rows to return.
    words
        Only signals that hold each of these words: a gene, mediator, population, dataset or comparison.
    contrast_type
        Kind of comparison: ``condition``, ``condition_in_sex``, ``sex``, ``sex_in_condition``, ``interaction``, or
        ``all``.
    datasets
        Names of the datasets; default: all that the folder holds.

    Returns
    -------
    One row a signal and comparison: ``dataset_id comparison mediator sender receiver interaction_id effect qvalue
    changed_side pain_effect``. Of the populations that receive one changed ligand, each has its row.

    Raises
    ------
    dolor.core.errors.DataError
        The folder holds no finished run.

    Examples
    --------
    >>> top("results", 5, words=["Csf1r", "macrophage"])  # doctest: +SKIP
    """
    _, ranked = _ranked(results, datasets, words, contrast_type)
    return ranked[[name for name in _COLUMNS if name in ranked]].head(n).reset_index(drop=True)


def explain(
    results: Path | str,
    words: Sequence[str],
    *,
    contrast_type: str = "condition",
    datasets: Sequence[str] | None = None,
) -> list[str]:
    """Say what a signal rests on: both ends, samples, the response of the receiver, what the review says.

    Parameters
    ----------
    results
        Folder of the results.
    words
        What the signal must hold, as in :func:`top`; the clearest of those that fit are explained.
    contrast_type, datasets
        As in :func:`top`.

    Returns
    -------
    Lines of text.

    Raises
    ------
    dolor.core.errors.DataError
        The folder holds no finished run.
    dolor.core.errors.UsageError
        No tested signal holds all the words.

    Examples
    --------
    >>> explain("results", ["CCL2", "satellite_glia"])  # doctest: +SKIP
    """
    run, ranked = _ranked(results, datasets, words, contrast_type)
    if not len(ranked):
        raise UsageError(
            f"no tested signal holds all of: {' '.join(words)}; `dolor top` lists the signals, and a gene, mediator, "
            "population, dataset or comparison can be named"
        )
    knowledge = knowledge_of(sorted(set(ranked["interaction_id"])), catalog_of())
    of = {dataset.dataset_id: dataset for dataset in run.datasets}
    lines: list[str] = []
    for row in rows_of(ranked.head(_MOST_EXPLAINED)):
        lines += [*_evidence(row, of[str(row["dataset_id"])], knowledge[str(row["interaction_id"])]), ""]
    more = len(ranked) - _MOST_EXPLAINED
    return [*lines, f"{more:,} more rows fit; `dolor top` lists them."] if more > 0 else lines[:-1]


def _ranked(
    results: Path | str, datasets: Sequence[str] | None, words: Sequence[str], contrast_type: str
) -> tuple[Run, pd.DataFrame]:
    if contrast_type not in (*CONTRAST_TYPES, "all"):
        raise UsageError(f"'{contrast_type}' is no kind of comparison; one of {', '.join(CONTRAST_TYPES)}, all")
    run = read_run(results, datasets)
    crosstalk = crosstalk_of(run)
    knowledge = knowledge_of(sorted(set(crosstalk.pairs["interaction_id"])), catalog_of())
    rows = named_contrasts(crosstalk, knowledge).join(crosstalk.pairs[["ligand", "receptor"]], on="pair")
    if contrast_type != "all":
        rows = rows[
            crosstalk.comparisons["contrast_type"].to_numpy()[rows["comparison"].to_numpy(dtype=int)] == contrast_type
        ]
    names = [wording.comparison(row) for row in rows_of(crosstalk.comparisons)]
    rows["comparison"] = np.array(names, dtype=object)[rows["comparison"].to_numpy(dtype=int)]
    rows = rows[rows["status"].astype(str) == "tested"].sort_values(["qvalue", "pvalue", "pair"], kind="stable")
    sought = ["dataset_id", "comparison", "mediator", "sender", "receiver", "interaction_id", "ligand", "receptor"]
    text = rows[sought].astype(str).agg(" ".join, axis=1).str.lower() if len(rows) else pd.Series(dtype=str)
    for word in " ".join(words).lower().split():
        text = text[text.str.contains(word, regex=False) | text.str.replace("_", " ").str.contains(word, regex=False)]
    return run, rows.loc[text.index]


def _evidence(row: Mapping[str, Any], dataset: DatasetRun, known: Mapping[str, Any]) -> list[str]:
    flags = [FLAG_WORDS.get(flag, flag) for flag in str(row["flags"]).split(";") if flag]
    samples = f"{row['n_case']:.0f} against {row['n_reference']:.0f} samples"
    return [
        f"{row['name']} ({row['interaction_id']}); {row['dataset_id']}, {row['comparison']}",
        f"  Changed end: {row.get('changed_side', 'not stated')}, {wording.probability('p', float(row['pvalue']))}, "
        f"{wording.probability('q', float(row['qvalue']))}, {samples}",
        *_end(row, dataset, "ligand", "sender"),
        *_end(row, dataset, "receptor", "receiver"),
        *([f"  Driven by: {str(row['driver']).replace('_', ' ')}"] if row["driver"] else []),
        *_response(row, dataset),
        *(f"  Caveat: {flag}" for flag in flags),
        *_review(known),
    ]


def _end(row: Mapping[str, Any], dataset: DatasetRun, end: str, side: str) -> list[str]:
    """Say of one end whether it is present, how it changes, and what each sample has of it."""
    unit, population = str(row[end]), str(row[side])
    said = [str(row.get(f"present_{end}", "unknown"))]
    if np.isfinite(row.get(f"effect_{end}", np.nan)):
        said.append(wording.fold(float(row[f"effect_{end}"])))
    supply = supply_of(dataset.profiles, [unit], dataset.profiles.obs["sample_id"].astype(str))
    lines = [f"  {end.capitalize()} {unit} in {wording.population(population)}: {', '.join(said)}"]
    if population not in supply.cell_types:
        return lines
    values = pd.Series(supply.log2[:, list(supply.cell_types).index(population), 0], index=list(supply.replicates))
    conditions = dataset.samples.set_index("sample_id")["condition"].astype(str)
    for condition in sorted(set(conditions)):
        samples = [name for name in conditions.index[conditions == condition] if name in values.index]
        shown = ", ".join(wording.number(float(values[name]), 2) for name in samples)
        lines.append(f"    {condition}, log2 of counts per 10,000 by sample: {shown}")
    return lines


def _response(row: Mapping[str, Any], dataset: DatasetRun) -> list[str]:
    if not len(dataset.response):
        return []
    table = dataset.response
    compared = [wording.comparison(one) for one in rows_of(table)]
    its = table[(np.array(compared) == row["comparison"]) & (table["receiver"].astype(str) == str(row["receiver"]))]
    said = [
        f"{wording.programme(str(one['programme']))} {wording.number(float(one['effect']), 2)} "
        f"({wording.probability('q', float(one['qvalue']))})"
        for one in rows_of(its[its["status"].astype(str) == "tested"].sort_values("pvalue"))
    ]
    return [f"  Response programmes of the receiver: {wording.listing(said, 4)}"] if said else []


def _review(known: Mapping[str, Any]) -> list[str]:
    if not known["statements"]:
        return ["  Review: does not name this pair"]
    return [
        f"  Review ({wording.pain_effect(one['effect'])}): {one['statement']} [{one['references'].replace(';', '; ')}]"
        for one in known["statements"][:_MOST_STATEMENTS]
    ]
