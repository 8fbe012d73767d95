"""Commands that take results out: the best signals, the evidence of one, tables for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

Source = Annotated[Path, typer.Argument(help="The file to export.", show_default=False)]
Out = Annotated[Path, typer.Option(help="The file to write.", show_default=False)]

Results = Annotated[Path, typer.Argument(help="The folder of the results.", show_default=False)]
Kind = Annotated[
    str, typer.Option("--of", help="condition, condition_in_sex, sex, sex_in_condition, interaction or all.")
]
BelowQ = Annotated[float, typer.Option("--q", min=0, max=1, help="Only rows with a q-value below this.")]
OfSender = Annotated[str, typer.Option("--sender", help="Only rows of this sender, such as macrophage.")]
OfReceiver = Annotated[str, typer.Option("--receiver", help="Only rows of this receiver.")]
Present = Annotated[bool, typer.Option("--present", help="Only rows whose ligand and receptor are both present.")]

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
def export_tsv(
    source: Source,
    out: Out,
    q: BelowQ = 1.0,
    sender: OfSender = "",
    receiver: OfReceiver = "",
    present: Present = False,
) -> None:
    """Write a Parquet table for a spreadsheet; nothing in it runs as a formula."""
    from dolor.io.export import write_tsv

    write_tsv(_chosen(source, q, sender, receiver, present), out)


@export.command("graphml")
def export_graphml(
    source: Source,
    out: Out,
    q: BelowQ = 1.0,
    sender: OfSender = "",
    receiver: OfReceiver = "",
    present: Present = False,
) -> None:
    """Write a table with senders and receivers as a network."""
    from dolor.io.export import write_graphml

    write_graphml(_chosen(source, q, sender, receiver, present), out)


@export.command("liana")
def export_liana(
    source: Source,
    out: Out,
    q: BelowQ = 1.0,
    sender: OfSender = "",
    receiver: OfReceiver = "",
    present: Present = False,
) -> None:
    """Write scores or contrasts with the columns of LIANA."""
    from dolor.io.export import liana_table, write_tsv

    write_tsv(liana_table(_chosen(source, q, sender, receiver, present)), out)


@export.command("anndata")
def export_anndata(
    source: Source,
    out: Out,
    q: BelowQ = 1.0,
    sender: OfSender = "",
    receiver: OfReceiver = "",
    present: Present = False,
) -> None:
    """Write scores or contrasts as h5ad: sender-receiver pairs by interaction; and a table that LIANA's plots read."""
    from dolor.io.export import signals_as_anndata
    from dolor.io.write import atomic_path

    signals = signals_as_anndata(_chosen(source, q, sender, receiver, present))
    with atomic_path(out) as temporary:
        signals.write_h5ad(temporary, compression="gzip")


def top(
    results: Results,
    words: Annotated[
        list[str] | None, typer.Argument(help="Words that a signal must hold, as Csf1r macrophage.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Most rows to print.")] = 20,
    of: Kind = "condition",
) -> None:
    """Print the clearest signals of a run."""
    from dolor import report

    found = report.top(results, n, words=words or (), contrast_type=of)
    for column in ("effect", "qvalue"):
        found[column] = [f"{value:.3g}" for value in found[column]]
    typer.echo(found.to_string(index=False, max_colwidth=None) if len(found) else "no tested signal fits")


def explain(
    signal: Annotated[
        list[str], typer.Argument(help="Words that name it: CCL2, or Ccr2 nociceptor.", show_default=False)
    ],
    results: Annotated[Path, typer.Option(help="The folder of the results.")] = Path("results"),
    of: Kind = "condition",
) -> None:
    """Print the evidence of a signal in words."""
    from dolor import report

    for line in report.explain(results, signal, contrast_type=of):
        typer.echo(line)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (top, explain):
        app.command(rich_help_panel="Results")(command)
    app.add_typer(export, name="export", rich_help_panel="Results")


def _chosen(source: Path, q: float, sender: str, receiver: str, present: bool) -> pd.DataFrame:
    """Read a table and keep the rows that are asked for."""
    from dolor.core.errors import DataError
    from dolor.io.write import read_table

    table = read_table(source)
    wanted = {"qvalue": q < 1, "sender": bool(sender), "receiver": bool(receiver),
              "present_ligand": present, "present_receptor": present}  # fmt: skip
    lacking = [name for name, asked in wanted.items() if asked and name not in table.columns]
    if lacking:
        raise DataError(f"{source}: has no column {', '.join(lacking)} to choose rows by; leave out that option")
    if q < 1:
        table = table[table["qvalue"] < q]
    for side, name in (("sender", sender), ("receiver", receiver)):
        if not name:
            continue
        known = sorted(set(table[side].astype(str)))
        if len(table) and name not in known:
            raise DataError(f"{source}: no row has the {side} '{name}'; there are {', '.join(known[:40])}")
        table = table[table[side].astype(str) == name]
    if present:
        both = [table[f"present_{end}"].astype(str) == "present" for end in ("ligand", "receptor")]
        table = table[both[0] & both[1]]
    return table.reset_index(drop=True)


def _cells(source: Path) -> AnnData:
    from dolor.core.contracts import check_cells
    from dolor.io.h5ad import read_h5ad

    return check_cells(read_h5ad(source), source=str(source))
