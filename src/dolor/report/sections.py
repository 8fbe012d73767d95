"""What each section of the page shows for each dataset: figures and short tables, ready for the templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dolor.pl.palette import lineage_of
from dolor.report import wording
from dolor.report.figures.axis_map import axis_map, traffic_of
from dolor.report.figures.composition import composition_figure, shift_figure
from dolor.report.figures.embedding import embedding_figure
from dolor.report.figures.markers import marker_figure
from dolor.report.figures.scatter import sex_scatter, volcano
from dolor.report.findings import FDR
from dolor.report.pairs import Crosstalk
from dolor.report.rows import rows_of
from dolor.report.run import DatasetRun, Run

__all__ = ["cells_section", "contrast_section", "design_table", "label_table", "map_section", "methods_blocks"]

_TOP_ROWS = 12


def design_table(dataset: DatasetRun) -> dict[str, Any]:
    """Count samples and cells by condition and sex, as one small table."""
    samples = dataset.samples
    sexes = [sex for sex in ("female", "male", "mixed", "unknown") if sex in set(samples["sex"])]
    rows = []
    for condition, group in samples.groupby("condition", sort=True):
        cells = [group[group["sex"] == sex] for sex in sexes]
        rows.append({
            "condition": str(condition),
            "samples": [len(cell) for cell in cells],
            "donors": int(group["donor_id"].nunique()),
            "n_cells": int(group["n_cells"].sum()),
        })  # fmt: skip
    return {"sexes": sexes, "rows": rows}


def cells_section(dataset: DatasetRun) -> dict[str, Any]:
    """Prepare the figures about the cells of a dataset."""
    shifts = []
    for key, rows in dataset.composition.groupby(
        ["contrast_type", "case", "reference", "stratum"], sort=False, observed=True
    ):
        if key[0] in ("condition", "condition_in_sex"):
            drawn = shift_figure(rows)
            name = dict(zip(("contrast_type", "case", "reference", "stratum"), key, strict=True))
            shifts += (
                [{"name": wording.comparison(name), "main": key[0] == "condition", "figure": drawn}] if drawn else []
            )
    return {
        "embedding": embedding_figure(dataset.embedding, dataset.obs["cell_type"]) if len(dataset.embedding) else None,
        "composition": composition_figure(dataset.obs, dataset.samples),
        "shifts": shifts,
        "markers": marker_figure(dataset.evidence),
    }


def label_table(dataset: DatasetRun) -> list[dict[str, Any]]:
    """Say for each population how many cells bear its name, how surely, and what they might be instead."""
    rows = []
    for name, cells in dataset.obs.groupby("cell_type", sort=True):
        second = cells["second_best"].astype(str) if "second_best" in cells else pd.Series(dtype=str)
        second = second[(second != "") & (second != "nan")]
        rows.append({
            "name": wording.population(str(name)),
            "n_cells": len(cells),
            "n_samples": int(cells["sample_id"].nunique()),
            "confidence": float(cells["cell_type_confidence"].mean()),
            "second": wording.population(str(second.mode().iloc[0])) if len(second) else "–",
        })  # fmt: skip
    return sorted(rows, key=lambda row: -row["n_cells"])


def map_section(
    run: Run, crosstalk: Crosstalk, knowledge: Mapping[str, dict[str, Any]], statements: pd.DataFrame
) -> list[dict[str, Any]]:
    """Draw a map of the pain axis for every comparison that the datasets have."""
    stated = statements["compartment"].str.split(";").explode().value_counts()
    about = {str(place): int(number) for place, number in stated.items()}
    place_of = {dataset.dataset_id: dataset.compartment for dataset in run.datasets}
    rows = _named(crosstalk, knowledge)
    names = pd.Series([wording.comparison(row) for row in rows_of(crosstalk.comparisons)], dtype=object)
    maps = []
    for name in dict.fromkeys(names):
        its = rows[rows["comparison"].isin(names.index[names == name])]
        hits = its[its["qvalue"] < FDR]
        at = hits["dataset_id"].astype(str).map(place_of)
        places = {place: traffic_of(_worth_drawing(hits[at == place])) for place in place_of.values()}
        n_drawn = sum(traffic.signals for traffic in places.values())
        title = f"Signals between neurons and other cells that differ, {name}: {n_drawn:,}"
        maps.append({"name": name, "hits": n_drawn, "figure": axis_map(places, about, title)})
    return maps


def _worth_drawing(hits: pd.DataFrame) -> pd.DataFrame:
    """Keep the signals between neurons and other cells; where there are none, as in nerve, those of immune cells."""
    lineage = {side: hits[side].map(lineage_of) for side in ("sender", "receiver")}
    crossing = (lineage["sender"] == "neuron") != (lineage["receiver"] == "neuron")
    immune = (lineage["sender"] == "immune") | (lineage["receiver"] == "immune")
    return hits[crossing] if crossing.any() else hits[immune]


def contrast_section(
    dataset: DatasetRun, crosstalk: Crosstalk, knowledge: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Draw a volcano and list the clearest signals for each comparison of a dataset; set the sexes side by side."""
    rows = _named(crosstalk, knowledge)
    rows = rows[rows["dataset_id"].astype(str) == dataset.dataset_id]
    comparisons = crosstalk.comparisons[crosstalk.comparisons["dataset_id"] == dataset.dataset_id]
    parts = []
    for key in rows_of(comparisons.rename_axis("number").reset_index()):
        its = rows[rows["comparison"] == key["number"]]
        status = its["status"].astype(str).value_counts().to_dict()
        parts.append({
            "number": key["number"],
            "name": wording.comparison(key),
            "type": key["contrast_type"],
            "tested": status.get("tested", 0),
            "described": status.get("described", 0),
            "figure": volcano(its, FDR),
            "rows": _clearest(its),
        })  # fmt: skip
    return {"comparisons": parts, "sexes": _sexes(rows, comparisons)}


def _named(crosstalk: Crosstalk, knowledge: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    """Join the contrasts with their pairs and say each signal in words."""
    pairs = crosstalk.pairs[["sender", "receiver", "interaction_id"]].copy()
    pairs["mediator"] = [knowledge[name]["mediator"] for name in pairs["interaction_id"]]
    pairs["pain_effect"] = [knowledge[name]["effect"] for name in pairs["interaction_id"]]
    pairs["name"] = [
        f"{row['mediator']}: {wording.population(row['sender'])} → {wording.population(row['receiver'])}"
        for row in rows_of(pairs)
    ]
    return crosstalk.contrasts.join(pairs, on="pair")


def _clearest(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """List the best signals of a comparison: the tested ones by p, and where none was tested the largest described."""
    one_each = ["mediator", "sender"]
    tested = (
        rows[rows["status"].astype(str) == "tested"].sort_values("pvalue").drop_duplicates(one_each).head(_TOP_ROWS)
    )
    if not len(tested):
        described = rows[rows["status"].astype(str) == "described"]
        tested = described.loc[described["effect"].abs().sort_values(ascending=False).index]
        tested = tested.drop_duplicates(one_each).head(_TOP_ROWS)
    return [
        {
            "pair": int(row["pair"]),
            "mediator": row["mediator"],
            "sender": wording.population(row["sender"]),
            "receiver": wording.population(row["receiver"]),
            "pain_effect": wording.pain_effect(row["pain_effect"]).removesuffix(" pain").removeprefix("effect "),
            "effect": wording.number(row["effect"]),
            "qvalue": wording.number(row["qvalue"], 2),
            "status": row["status"],
            "driver": str(row["driver"]).replace("_", " "),
        }
        for row in rows_of(tested)
    ]


def _sexes(rows: pd.DataFrame, comparisons: pd.DataFrame) -> list[dict[str, Any]]:
    """Draw, for each change with condition, the effect in females against the effect in males."""
    within = comparisons[comparisons["contrast_type"] == "condition_in_sex"]
    found: list[dict[str, Any]] = []
    for (case, reference), pair in within.groupby(["case", "reference"], sort=False):
        number = dict(zip(pair["stratum"], pair.index, strict=True))
        if not {"female", "male"} <= set(number):
            continue
        effect = {
            sex: rows[rows["comparison"] == number[sex]].set_index("pair")["effect"] for sex in ("female", "male")
        }
        table = pd.DataFrame(effect)
        of_change = comparisons[
            (comparisons["contrast_type"] == "interaction") & comparisons["case"].str.startswith(f"{case}:")
        ]
        change = rows[rows["comparison"].isin(of_change.index)].drop_duplicates("pair").set_index("pair")
        table["qvalue"] = change["qvalue"].reindex(table.index)
        table = table.join(rows.drop_duplicates("pair").set_index("pair")[["mediator", "name"]])
        drawn = sex_scatter(table, FDR)
        if drawn is not None:
            found.append({"name": f"{case} vs {reference}", "figure": drawn})
    return found


def methods_blocks(text: str) -> list[tuple[str, str]]:
    r"""Part the Markdown of the methods into headings and paragraphs; the title itself is left to the page.

    Examples
    --------
    >>> methods_blocks("# Methods\n\n## toy\n\nCells were\ncounted.\n")
    [('heading', 'toy'), ('paragraph', 'Cells were counted.')]
    """
    blocks = [" ".join(block.split()) for block in text.split("\n\n") if block.strip()]
    return [
        ("heading", block.lstrip("# ")) if block.startswith("##") else ("paragraph", block)
        for block in blocks
        if not block.startswith("# ")
    ]
