"""From the results of a run to one HTML file.

Templates, one style sheet and one script are locked by their hashes: the policy of the page lets nothing load and
nothing run but that one script, so that a label with markup in it stays a label even if an escape were missed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from dolor.io.provenance import versions
from dolor.io.write import write_text
from dolor.report import encode, wording
from dolor.report.data import Run, read_run
from dolor.report.findings import findings_of
from dolor.report.methods import blocks_of
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

__all__ = ["build", "render"]


def render(context: Mapping[str, Any], islands: Mapping[str, Any]) -> str:
    """Write the page.

    Parameters
    ----------
    context
        What the templates show.
    islands
        What the scripts read, by name.

    Returns
    -------
    HTML.
    """
    import jinja2

    package = files("dolor.report")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (package / "templates" / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "compartment": wording.compartment, "count": wording.count, "number": wording.number,
        "population": wording.population, "pain_effect": wording.pain_effect,
        "verdict": wording.verdict,
    }  # fmt: skip
    environment.filters["capitalize_first"] = wording.capitalize_first
    style = _joined(package / "static" / "css")
    script = "(() => {\n'use strict';\n" + _joined(package / "static" / "js") + "\n})();"
    return (
        environment.get_template("report.html.j2").render(
            **context,
            style=Markup(style),  # noqa: S704  our own file
            script=Markup(script),  # noqa: S704  our own files
            policy=_policy(style, script),
            islands={name: Markup(encode.island(content)) for name, content in islands.items()},  # noqa: S704  escaped there
        )
        + "\n"
    )


def _joined(folder: Traversable) -> str:
    """Join the files of a folder in the order of their names."""
    sources = sorted((entry for entry in folder.iterdir() if entry.is_file()), key=lambda entry: entry.name)
    return "\n".join(source.read_text(encoding="utf-8").strip() for source in sources)


def _policy(style: str, script: str) -> str:
    locked = {name: _hash(content) for name, content in (("script-src", script), ("style-src", style))}
    rules = [f"{name} '{digest}'" for name, digest in locked.items()]
    return "; ".join(["default-src 'none'", *rules, "img-src data:", "base-uri 'none'", "form-action 'none'"])


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")


def build(
    results: Path | str,
    out: Path | str,
    *,
    title: str | None = None,
    datasets: Sequence[str] | None = None,
    signatures: Path | str | None = None,
) -> Path:
    """Write the report of a run: one HTML file that needs nothing else, on a disk or in a mail.

    Parameters
    ----------
    results
        Folder of the results: one folder a dataset, and the tables of the whole run.
    out
        The file to write.
    title
        Title of the report.
    datasets
        Names of the datasets to report; default: all that the folder holds.
    signatures
        The file of own populations that the run was given.

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
    write_text(out, _page(read_run(results, datasets, signatures=signatures), title or "Neuroimmune interactions"))
    return out


def _page(run: Run, title: str) -> str:
    crosstalk = crosstalk_of(run)
    statements = catalog_of()
    knowledge = knowledge_of(sorted(set(crosstalk.pairs["interaction_id"])), statements)
    crosstalk.pairs["review_cells"] = stated_cells(crosstalk.pairs, knowledge, run.tree)
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
