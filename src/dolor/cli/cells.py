"""One command a stage: read files, call the stage's function, write files and their side files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dolor.core import tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from anndata import AnnData

    from dolor.io.matrix.cell_rows import CellRows

In = Annotated[Path, typer.Argument(help="The file that the stage before made.", show_default=False)]
Out = Annotated[Path, typer.Option(help="The file to write.", show_default=False)]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything random.")]


def simulate(
    compartment: Annotated[str, typer.Argument(help="drg, nerve or spinal_cord.")],
    out: Out,
    truth: Annotated[Path, typer.Option(help="Table of what was planted.")],
    dataset_id: Annotated[str, typer.Option(help="Name of the dataset.")] = "",
    animals: Annotated[int, typer.Option(help="Animals for each condition and sex.")] = 4,
    cells: Annotated[int, typer.Option(help="Cells a sample, on average.")] = 400,
    seed: Seed = 0,
) -> None:
    """Simulate a study with known truth."""
    from dolor import simulate as simulation
    from dolor.io.provenance import write_provenance
    from dolor.io.write import atomic_path, write_text

    study = simulation.study(compartment, seed=seed, n_animals=animals, cells_per_sample=cells)
    if dataset_id:
        study.cells.obs["dataset_id"] = dataset_id
    with atomic_path(out) as temporary:
        study.cells.write_h5ad(temporary, compression="gzip")
    write_text(truth, study.truth.to_csv(sep="\t", index=False, lineterminator="\n"))
    write_provenance(out, stage="simulate", parameters={"compartment": compartment, "seed": seed, "simulated": True})


def quality(
    source: In,
    out: Out,
    summary: Annotated[Path, typer.Option(help="What was dropped and why (JSON).")],
    sex: Annotated[Path, typer.Option(help="Table of sex calls (Parquet).")],
    ambient: Annotated[str, typer.Option(help="Table of what leaks in each library, to write (Parquet).")] = "",
    dropped: Annotated[str, typer.Option(help="The droplets that were dropped, to write (h5ad).")] = "",
    empty: Annotated[str, typer.Option(help="h5ad file of droplets without a cell, with sample_id in obs.")] = "",
    min_genes: Annotated[int, typer.Option(help="Fewest detected genes.")] = 50,
    mads: Annotated[float, typer.Option(help="Median absolute deviations tolerated.")] = 5.0,
    max_mito: Annotated[float, typer.Option(help="Largest mitochondrial share of a cell.")] = 0.4,
    max_mito_nuclei: Annotated[float, typer.Option(help="Largest mitochondrial share of a nucleus.")] = 0.1,
    doublet_rate: Annotated[float, typer.Option(help="Share of doublets that is expected.")] = 0.05,
    correct: Annotated[bool, typer.Option(help="Also write counts without what leaked.")] = False,
    split_pooled: Annotated[bool, typer.Option(help="Split libraries that pool both sexes.")] = True,
    seed: Seed = 0,
) -> None:
    """Filter cells; flag doublets; ambient RNA; sex.

    The counts stay in the file: memory holds the table of cells and the counts of one sample.
    """
    import json

    from dolor import pp
    from dolor.io.h5ad import read_h5ad
    from dolor.io.provenance import write_provenance
    from dolor.io.stored_cells import RAW, open_cells, write_cells
    from dolor.io.write import atomic_path, write_table, write_text

    cells, layers = open_cells(source)
    # The annotation computes expression from the counts.
    layers = {name: rows for name, rows in layers.items() if name not in ("X", RAW)}
    found = pp.quality_control(
        cells,
        read_h5ad(empty) if empty else None,
        min_genes=min_genes,
        mads=mads,
        max_mito=max_mito,
        max_mito_nuclei=max_mito_nuclei,
        doublet_rate=doublet_rate,
        correct=correct,
        split_pooled=split_pooled,
        seed=seed,
        counts=_counts(layers, source),
    )
    if dropped:
        with atomic_path(dropped) as temporary:
            write_cells(
                temporary, cells[~found.passed], {name: rows.of(~found.passed) for name, rows in layers.items()}
            )
    layers = {name: rows.of(found.passed) for name, rows in layers.items()}
    if found.corrected is not None:
        layers["corrected"] = found.corrected
    report = found.report
    report["parameters"] |= {"empty": Path(empty).name}
    write_table(found.sex, sex, tables.SEX)
    if ambient:
        write_table(found.ambient.table(), ambient, tables.AMBIENT)
    write_text(summary, json.dumps(report, indent=2, sort_keys=True) + "\n")
    with atomic_path(out) as temporary:
        write_cells(temporary, found.cells, {name: rows.of(found.told) for name, rows in layers.items()})
    record = {"parameters": report["parameters"], "dropped": report["dropped"]}
    for result in (out, sex, summary, *([Path(ambient)] if ambient else [])):
        write_provenance(result, stage="quality", inputs=[source, *([empty] if empty else [])], **record)
    typer.echo(f"{found.told.sum()} of {report['cells_before']} cells kept")


def _counts(layers: Mapping[str, CellRows], source: Path) -> CellRows:
    from dolor.core.errors import DataError

    if "counts" not in layers:
        raise DataError(f"{source}: has no layer 'counts'; put the raw integer counts into layers['counts']")
    return layers["counts"]


def annotate(
    source: In,
    out: Out,
    annotation: Annotated[Path, typer.Option(help="Table of labels, one row a cell (Parquet).")],
    evidence: Annotated[Path, typer.Option(help="Table of marker evidence by cell type (Parquet).")],
    compartment: Annotated[str, typer.Option(help="Where the tissue stands on the pain axis.")],
    summary: Annotated[str, typer.Option(help="Quality by kind, partners, integration, clusters, to write.")] = "",
    dropped: Annotated[str, typer.Option(help="The droplets that quality control dropped (h5ad).")] = "",
    signatures: Annotated[str, typer.Option(help="A file of your own populations.")] = "",
    integration: Annotated[str, typer.Option(help="none, harmony or scvi.")] = "none",
    resolution: Annotated[float, typer.Option(help="Leiden resolution.")] = 4.0,
    min_confidence: Annotated[float, typer.Option(help="Below it a cell keeps its parent's name, or none.")] = 0.5,
    transfer: Annotated[
        str, typer.Option(help="none, scanvi or celltypist: names by label transfer, beside.")
    ] = "none",
    seed_confidence: Annotated[float, typer.Option(help="Confidence from which scANVI learns from a cell.")] = 0.9,
    reference: Annotated[str, typer.Option(help="h5ad of labelled cells that scANVI learns from instead.")] = "",
    reference_labels: Annotated[str, typer.Option(help="Column of its obs with the labels.")] = "cell_type",
    label_map: Annotated[str, typer.Option(help="Table label, population for reference or model.")] = "",
    celltypist_model: Annotated[
        str,
        typer.Option(help="CellTypist model: a pickle, which runs what its author put in. Name one that you trust."),
    ] = "",
    seed: Seed = 0,
) -> None:
    """Annotate cell types and report their quality.

    The counts stay in the file, but for label transfer, which holds them all. Of more than 150,000 cells the clusters
    are learnt on a sketch.
    """
    import json

    from dolor.annotate import annotate as annotate_cells
    from dolor.annotate import annotation_remarks, annotation_table, transfer_labels
    from dolor.annotate.transfer import check_transfer
    from dolor.io.h5ad import read_h5ad
    from dolor.io.provenance import write_provenance
    from dolor.io.read import expression
    from dolor.io.stored_cells import RAW, open_cells, write_cells
    from dolor.io.write import atomic_path, write_table, write_text

    options: dict[str, Any] = {
        "compartment": compartment,
        "signatures": signatures,
        "integration": integration,
        "resolution": resolution,
        "min_confidence": min_confidence,
        "seed": seed,
    }
    given = {"reference": reference, "label_map": label_map, "celltypist_model": celltypist_model}
    if transfer != "none":
        check_transfer(transfer, **given)  # before minutes are spent
    cells, layers = open_cells(source)
    counts = _counts(layers, source)
    layers = {name: rows for name, rows in layers.items() if name != RAW} | {"X": expression(counts)}
    markers = annotate_cells(cells, **options, counts=counts)
    if transfer != "none":
        cells.X, cells.layers["counts"] = layers["X"].whole(), counts.whole()
        learned: dict[str, Any] = {"seed_confidence": seed_confidence, "reference_labels": reference_labels, **given}
        transfer_labels(cells, transfer, **learned, signatures=signatures, seed=seed)
        options |= {"transfer": transfer, **learned}
    write_table(annotation_table(cells), annotation, tables.ANNOTATION)
    write_table(markers, evidence)
    without = read_h5ad(dropped) if dropped else None
    found = _quality_of_names(cells, counts, without, seed) | {"method": integration}
    if summary:
        write_text(summary, json.dumps(found, indent=2, sort_keys=True) + "\n")
    with atomic_path(out) as temporary:
        write_cells(temporary, cells, layers)
    unassigned = int((cells.obs["cell_type"] == "unassigned").sum())
    for result in (out, annotation, evidence, *([Path(summary)] if summary else [])):
        write_provenance(
            result,
            stage="annotate",
            inputs=[source, *filter(None, (signatures, *(given.values() if transfer != "none" else ())))],
            parameters=options,
            dropped={"unassigned_cells": unassigned},
        )
    typer.echo(f"{cells.n_obs} cells, {unassigned} unassigned, {cells.obs['cell_type'].nunique()} populations")
    for sentence in annotation_remarks(cells):
        typer.echo(sentence)


def _quality_of_names(cells: AnnData, counts: CellRows, dropped: AnnData | None, seed: int) -> dict[str, Any]:
    """Flag second cells and meals, and sum up quality by kind, integration and stability of the clusters."""
    from dolor import pp
    from dolor.pp.pipeline import as_records

    return {
        "partners": as_records(pp.partners(cells, counts=counts)),
        "kinds": as_records(pp.quality_by_kind(cells, dropped, counts=counts)),
        "integration": as_records(pp.integration_quality(cells, seed=seed)),
        "clusters": as_records(cells.uns["cluster_stability"]),
        "names": as_records(cells.uns["annotation_clusters"]),
        "limits": as_records(cells.uns["annotation_limits"]),
    } | _transfer(cells)


def _transfer(cells: AnnData) -> dict[str, Any]:
    """Give what label transfer said, where there was one: what it learned from, and the agreement by cell type."""
    from dolor.pp.pipeline import as_records

    if "label_transfer" not in cells.uns:
        return {}
    return {"transfer": {**cells.uns["label_transfer_source"], "agreement": as_records(cells.uns["label_transfer"])}}


def evaluate(
    source: In,
    out: Out,
    labels: Annotated[str, typer.Option(help="Column of obs with the labels to compare with.")],
    mapping: Annotated[
        str,
        typer.Option(
            help="Table label, population; default: the one shipped for the dataset, else labels are read as terms of "
            "the Cell Ontology or ids of populations."
        ),
    ] = "",
    figure: Annotated[str, typer.Option(help="Picture of what was taken for what, to write (.svg, .pdf, .png).")] = "",
    signatures: Annotated[str, typer.Option(help="A file of your own populations.")] = "",
) -> None:
    """Compare cell types with given labels."""
    import json

    from dolor import populations
    from dolor.annotate import evaluate as compare
    from dolor.annotate.evaluate import mapping_of_terms, read_mapping
    from dolor.annotate.labels import GIVEN
    from dolor.core.errors import DataError
    from dolor.core.package_files import signature_path
    from dolor.io.h5ad import read_obs
    from dolor.io.provenance import write_provenance
    from dolor.io.write import write_text

    obs = read_obs(source)
    if labels not in obs.columns:
        raise DataError(f"{source}: obs has no column '{labels}'; there are {', '.join(map(str, obs.columns))}")
    given = obs[labels + GIVEN if labels + GIVEN in obs.columns else labels]
    tree = populations.tree(signatures or None)
    table = mapping or signature_path(f"labels/{obs['dataset_id'].iloc[0]}.tsv")
    listed = bool(mapping) or Path(table).is_file()
    found = compare(obs, given, read_mapping(table) if listed else mapping_of_terms(given, tree), obs["donor_id"], tree)
    if figure:
        _draw_confusion(obs["cell_type"], given, Path(figure))
    write_text(out, json.dumps(found, indent=2, sort_keys=True) + "\n")
    inputs = [source, table] if listed else [source]
    write_provenance(out, stage="evaluate", inputs=inputs, parameters={"labels": labels})
    typer.echo(
        f"agreement with {labels}: class {found['class']['median_over_donors']:.3f} (median over donors), "
        f"{found['class']['agreement_assigned']:.3f} of the assigned cells, type {found['type']['agreement']:.3f}, "
        f"unassigned {found['unassigned']:.3f} of {found['n_cells']} cells"
    )


def _draw_confusion(called: pd.Series, given: pd.Series, target: Path) -> None:
    """Draw the share of the cells of each given label that bears each name."""
    from matplotlib.figure import Figure

    from dolor import pl
    from dolor.core.errors import UsageError
    from dolor.io.write import atomic_path

    if target.suffix not in (".svg", ".pdf", ".png"):
        raise UsageError(f"{target}: a figure is written as .svg, .pdf or .png")
    drawn = pl.confusion(called, given).get_figure()
    if isinstance(drawn, Figure):
        with atomic_path(target) as temporary:
            drawn.savefig(temporary, format=target.suffix.removeprefix("."), bbox_inches="tight", dpi=200)


def add_to(app: typer.Typer) -> None:
    """Hang the stages into the command line, in the order in which a run takes them."""
    for command in (simulate, quality, annotate, evaluate):
        app.command(rich_help_panel="Cells")(command)
