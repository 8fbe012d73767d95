"""From a folder of results to one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from dolor.io.provenance import versions
from dolor.io.write import write_text
from dolor.report.data import Run, read_run
from dolor.report.findings import findings_of
from dolor.report.methods import blocks_of
from dolor.report.page import render
from dolor.report.page_data import islands_of
from dolor.report.pairs import crosstalk_of
from dolor.report.sections.across import across_section, map_section
from dolor.report.sections.cells import (
    cell_quality,
    cell_section,
    contradictions_of,
    design_table,
    label_table,
    sexes_of,
)
from dolor.report.sections.claims import (
    board_of,
    catalog_of,
    knowledge_of,
    overview_of,
    reasons_of,
    stated_cells,
    tally,
)
from dolor.report.sections.contrasts import contrast_section
from dolor.report.warnings import cautions_of
from dolor.report.wording import rows_of

__all__ = ["build"]


def build(results: Path | str, out: Path | str, *, title: str | None = None) -> Path:
    """Write the report of a run: one HTML file that needs nothing else, on a disk or in a mail.

    Parameters
    ----------
    results
        Folder of the results: one folder a dataset, and the tables of the whole run.
    out
        The file to write.
    title
        Title of the report.

    Returns
    -------
    The path of the file.

    Raises
    ------
    dolor.core.errors.DataError
        Results are missing or not of their form, or the file cannot be written. An earlier file stays as it was.
    dolor.core.errors.IntegrityError
        A file of the results is damaged.

    Examples
    --------
    >>> build("results", "results/report.html")  # doctest: +SKIP
    PosixPath('results/report.html')
    """
    out = Path(out)
    write_text(out, _page(read_run(results), title or "Neuroimmune interactions"))
    return out


def _page(run: Run, title: str) -> str:
    crosstalk = crosstalk_of(run)
    statements = catalog_of()
    knowledge = knowledge_of(sorted(set(crosstalk.pairs["interaction_id"])), statements)
    crosstalk.pairs["review_cells"] = stated_cells(crosstalk.pairs, knowledge)
    board = board_of(run.claims, statements)
    sexes = sexes_of(run)
    context: dict[str, Any] = {
        "title": title,
        "simulated": run.simulated,
        "sexes": sexes,
        "datasets": [
            {
                "id": dataset.dataset_id,
                "compartment": dataset.compartment,
                "simulated": dataset.simulated,
                "organism": dataset.organism,
                "tissue": ", ".join(sorted(set(dataset.samples["tissue"]))),
                "assay": ", ".join(sorted(set(dataset.samples["assay"]))),
                "n_cells": len(dataset.obs),
                "n_samples": len(dataset.samples),
                "n_donors": int(dataset.samples["donor_id"].nunique()),
                "design": design_table(dataset, sexes),
                "cells": cell_section(dataset),
                "labels": label_table(dataset),
                "contrasts": contrast_section(dataset, crosstalk, knowledge),
                "quality": cell_quality(dataset),
                "provenance": dataset.provenance,
            }
            for dataset in run.datasets
        ],
        "findings": findings_of(run, crosstalk, knowledge),
        "contradictions": contradictions_of(run),
        "cautions": cautions_of(run, crosstalk),
        "maps": map_section(run, crosstalk, knowledge, statements),
        "board": board,
        "overview": overview_of(board),
        "reasons": reasons_of(board),
        "verdicts": tally(board),
        "across": across_section(run.meta, pd.Series({name: known["mediator"] for name, known in knowledge.items()})),
        "left_out": rows_of(crosstalk.left_out),
        "n_pairs": len(crosstalk.pairs),
        "n_contrasts": len(crosstalk.contrasts),
        "methods": blocks_of(run.methods),
        "versions": versions(),
        "provenance": run.provenance,
    }
    return render(context, islands_of(run, crosstalk, knowledge))
