"""Commands that bring cells in: from a study of the registry, from files of your own, from a census."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData

    from dolor.io.matrix.cell_rows import CellRows
    from dolor.knowledge.vocabulary import Organism

Out = Annotated[Path, typer.Option(help="The file to write.", show_default=False)]


def read(
    study: Annotated[str, typer.Argument(help="A study of the registry, or a file or folder of your own.")],
    out: Out,
    dataset_id: Annotated[str, typer.Option(help="Name of the dataset; default: the study's.")] = "",
    path: Annotated[
        Path | None, typer.Option(help="The study's file or folder, if it is not where the registry says.")
    ] = None,
    metadata: Annotated[Path | None, typer.Option(help="Own files: a table that describes the cells.")] = None,
    key: Annotated[str, typer.Option(help="Its column with the barcodes; default: the first.")] = "",
    field: Annotated[
        list[str] | None,
        typer.Option(
            help="Own files: where a field of the sample stands, FIELD=COLUMN, or what it is, FIELD==VALUE; "
            "may be given several times."
        ),
    ] = None,
    organism: Annotated[str, typer.Option(help="Own files: mouse or human; default: told from the genes.")] = "",
    layer: Annotated[str, typer.Option(help="Own files: the layer with raw counts.")] = "",
    duplicates: Annotated[
        str, typer.Option(help="Own files: sum the counts of genes with one name, or refuse them.")
    ] = "sum",
) -> None:
    """Read a study, or files of your own, into checked cells.

    An h5ad file of your own may exceed the memory: its matrix is copied a block of cells at a time.

    dolor read GSE162610 --out cells.h5ad

    dolor read filtered_feature_bc_matrix --metadata cells.csv --field sample_id=mouse --field condition=group
    --out cells.h5ad
    """
    from dolor.io.matrix.cell_rows import counts_of
    from dolor.io.provenance import write_provenance
    from dolor.io.read import expression
    from dolor.io.stored_cells import write_cells
    from dolor.io.write import atomic_path
    from dolor.studies.read import is_registered, read_study

    how = {"metadata": metadata, "key": key, "fields": _fields(field or []), "organism": organism, "layer": layer}
    given = {name: value for name, value in how.items() if value}
    if is_registered(study):
        _refuse(given, study)
        cells, source, dropped = read_study(study, path=path, dataset_id=dataset_id)
        counts: CellRows = counts_of(cells)
    else:
        source = Path(path or study)
        cells, counts, dropped = _read_own(source, dataset_id, {**given, "duplicates": duplicates})
    with atomic_path(out) as temporary:
        write_cells(temporary, cells, {"X": expression(counts), "counts": counts})
    inputs = [file for file in (source, metadata) if file is not None and file.is_file()]
    write_provenance(out, stage="read", inputs=inputs, parameters={"study": study, **given}, dropped=dropped)
    typer.echo(f"{cells.n_obs} cells × {cells.n_vars} genes, {cells.obs['sample_id'].nunique()} samples")
    for reason, number in dropped.items():
        typer.echo(f"{'note' if 'no cell is lost' in reason else 'left out'}, {reason}: {number}")


def census(
    uri: Annotated[str, typer.Option(help="Folder or address of a Census.")],
    organism: Annotated[str, typer.Option(help="mouse or human.")],
    out: Annotated[Path | None, typer.Option(help="File for the cells themselves.")] = None,
    profiles: Annotated[
        Path | None, typer.Option(help="File for profiles by sample and cell type, summed without keeping the cells.")
    ] = None,
    tissue: Annotated[list[str] | None, typer.Option(help="Tissue wanted; may be given several times.")] = None,
    tissue_general: Annotated[list[str] | None, typer.Option(help="Broad tissue wanted, such as spinal cord.")] = None,
    disease: Annotated[list[str] | None, typer.Option(help="Disease wanted; normal where there is none.")] = None,
    cell_type: Annotated[list[str] | None, typer.Option(help="Cell type wanted, in the words of the Census.")] = None,
    sex: Annotated[list[str] | None, typer.Option(help="Sex wanted.")] = None,
    assay: Annotated[list[str] | None, typer.Option(help="Assay wanted.")] = None,
    suspension_type: Annotated[list[str] | None, typer.Option(help="cell or nucleus.")] = None,
    dataset: Annotated[list[str] | None, typer.Option(help="Dataset of CELLxGENE, by its id.")] = None,
) -> None:
    """Select cells from the CELLxGENE Census by metadata.

    dolor census --uri census_folder --organism mouse --tissue "dorsal root ganglion" --profiles profiles.h5ad
    """
    from dolor.core.errors import UsageError

    asked = {
        "tissue": tissue, "tissue_general": tissue_general, "disease": disease, "cell_type": cell_type, "sex": sex,
        "assay": assay, "suspension_type": suspension_type, "dataset_id": dataset,
    }  # fmt: skip
    query = {name: values for name, values in asked.items() if values}
    if out is None and profiles is None:
        raise UsageError("say what to write: --out for the cells, --profiles for their sums")
    if out is not None:
        _census_cells(uri, organism, query, out)
    if profiles is not None:
        _census_profiles(uri, organism, query, profiles)


def _fields(given: list[str]) -> dict[str, str]:
    from dolor.core.errors import UsageError

    fields = {}
    for text in given:
        name, sign, where = text.partition("=")
        if not sign or not name.strip() or not where.strip("= "):
            raise UsageError(f"--field {text!r} is not understood; write FIELD=COLUMN, or FIELD==VALUE")
        fields[name.strip()] = where
    return fields


def _refuse(given: Mapping[str, object], study: str) -> None:
    from dolor.core.errors import UsageError

    if given:
        raise UsageError(
            f"--{next(iter(given)).rstrip('s')} is for files of your own: how '{study}' is read stands in its entry of "
            f"the registry; to change it copy the entry:  dolor datasets show {study} --yaml"
        )


def _read_own(source: Path, dataset_id: str, how: dict[str, Any]) -> tuple[AnnData, CellRows, dict[str, int]]:
    """Read a file of one's own: an h5ad file stays where it is, other formats are read into memory."""
    from dolor.core.errors import UsageError
    from dolor.io.matrix.cell_rows import counts_of
    from dolor.io.read import is_h5ad, read_stored
    from dolor.io.read import read as read_cells

    if how["duplicates"] not in ("sum", "refuse"):
        raise UsageError(f"--duplicates {how['duplicates']!r} is not known; choose sum or refuse")
    if is_h5ad(source):
        cells, counts = read_stored(source, **how)
    else:
        cells = read_cells(source, **how)
        counts = counts_of(cells)
    if dataset_id:
        cells.obs["dataset_id"] = dataset_id
    return cells, counts, dict(cells.uns.pop("dropped", {}))


def _census_cells(uri: str, organism: str, query: dict[str, list[str]], out: Path) -> None:
    from dolor.io.census import read_census
    from dolor.io.provenance import write_provenance
    from dolor.io.write import atomic_path

    cells = read_census(uri, organism, query)
    with atomic_path(out) as temporary:
        cells.write_h5ad(temporary, compression="lzf")
    write_provenance(out, stage="census", parameters={"organism": organism, "query": query})
    typer.echo(f"{cells.n_obs} cells × {cells.n_vars} genes, {cells.obs['sample_id'].nunique()} samples")


def _census_profiles(uri: str, organism: str, query: dict[str, list[str]], out: Path) -> None:
    from dolor import tl
    from dolor.cli.contrasts import pairs_of
    from dolor.core.vocabulary import organism_word
    from dolor.io.census import abundant_genes, cell_fields, experiment_of, value_filter
    from dolor.io.matrix.soma import open_soma
    from dolor.io.provenance import write_provenance
    from dolor.io.write import atomic_path
    from dolor.pseudobulk.kept_genes import genes_besides

    species = cast("Organism", organism_word(organism))
    cells = open_soma(
        uri, member=experiment_of(species), where=value_filter(query), prepare=lambda obs: cell_fields(obs, species)
    )
    genes = genes_besides(cells.genes, abundant_genes(uri, species), species)
    found = tl.profiles(cells, pairs_of(species), genes=genes)
    with atomic_path(out) as temporary:
        found.write_h5ad(temporary)
    write_provenance(out, stage="census", parameters={"organism": species, "query": query})
    typer.echo(f"{found.n_obs} profiles of {found.obs['sample_id'].nunique()} samples, {found.n_vars} genes")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(rich_help_panel="Cells")(read)
    app.command(rich_help_panel="Cells")(census)
