"""Commands that take results out to other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from anndata import AnnData

Source = Annotated[Path, typer.Argument(help="The file to export.", show_default=False)]
Out = Annotated[Path, typer.Option(help="The file to write.", show_default=False)]

export = typer.Typer(help="Results in the forms that other programs read.", no_args_is_help=True)


@export.command("cellxgene")
def export_cellxgene(
    source: Source, out: Out, title: Annotated[str, typer.Option(help="Title of the dataset.")]
) -> None:
    """Write cells with the fields of CELLxGENE; names those that are still unknown."""
    from dolor.io.export import write_cellxgene

    unknown = write_cellxgene(_cells(source), out, title=title)
    typer.echo("unknown: " + (", ".join(unknown) or "nothing"))


@export.command("10x")
def export_10x(source: Source, out: Annotated[Path, typer.Option(help="The folder to make.")]) -> None:
    """Write cells as a 10x folder: matrix, barcodes, features."""
    from dolor.io.export import write_tenx

    typer.echo(write_tenx(_cells(source), out))


@export.command("tsv")
def export_tsv(source: Source, out: Out) -> None:
    """Write a Parquet table for a spreadsheet; nothing in it runs as a formula."""
    from dolor.io.export import write_tsv
    from dolor.io.write import read_table

    write_tsv(read_table(source), out)


@export.command("graphml")
def export_graphml(source: Source, out: Out) -> None:
    """Write a table with senders and receivers as a network."""
    from dolor.io.export import write_graphml
    from dolor.io.write import read_table

    write_graphml(read_table(source), out)


@export.command("liana")
def export_liana(source: Source, out: Out) -> None:
    """Write scores or contrasts with the columns of LIANA."""
    from dolor.io.export import liana_table, write_tsv
    from dolor.io.write import read_table

    write_tsv(liana_table(read_table(source)), out)


@export.command("anndata")
def export_anndata(source: Source, out: Out) -> None:
    """Write scores or contrasts as h5ad: who speaks to whom, by interaction; and a table that LIANA's plots read."""
    from dolor.io.export import signals_as_anndata
    from dolor.io.write import atomic_path, read_table

    signals = signals_as_anndata(read_table(source))
    with atomic_path(out) as temporary:
        signals.write_h5ad(temporary, compression="gzip")


def add_to(app: typer.Typer) -> None:
    """Hang the commands into the command line."""
    app.add_typer(export, name="export")


def _cells(source: Path) -> AnnData:
    from dolor.core.contracts import check_cells
    from dolor.io.h5ad import read_h5ad

    return check_cells(read_h5ad(source), source=str(source))
