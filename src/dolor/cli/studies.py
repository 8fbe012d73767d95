"""Commands on the registry of public studies: list, show, fetch, add."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(help="Id of the study.")]
Word = Annotated[str, typer.Option(help="Only studies of this one.")]

datasets = typer.Typer(help="The public studies that dolor knows by name.", no_args_is_help=True)


@datasets.command("list")
def list_datasets(
    organism: Word = "",
    compartment: Word = "",
    model: Annotated[str, typer.Option(help="Only studies with this model, such as nerve_injury.")] = "",
    ready: Annotated[bool, typer.Option("--ready", help="Only studies that can be fetched and read by name.")] = False,
) -> None:
    """List the studies like a catalogue."""
    from dolor.studies.listing import listing

    typer.echo(listing(organism=organism, compartment=compartment, model=model, ready=ready), nl=False)


@datasets.command("show")
def show_dataset(
    name: Name,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="The entry itself, to copy and change.")] = False,
) -> None:
    """Show a study: what was done, how its files are read, what no source confirmed."""
    import yaml

    from dolor.datasets import show
    from dolor.studies.listing import page

    if as_yaml:
        entry = show(name).model_dump(mode="json", exclude_defaults=True, exclude={"id"})
        typer.echo(yaml.safe_dump({name: entry}, sort_keys=False, allow_unicode=True), nl=False)
    else:
        typer.echo(page(show(name)), nl=False)


@datasets.command("fetch")
def fetch_dataset(
    name: Name,
    folder: Annotated[
        Path | None, typer.Option(help="Where public data is kept; default: $DOLOR_DATA, or data.")
    ] = None,
    mirror: Annotated[
        str, typer.Option(help="Folder or address to take the files from; default: $DOLOR_MIRROR, or the source.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be fetched, and its size.")] = False,
    receipt: Annotated[
        Path | None, typer.Option(help="File to write once all is here: each file and its checksum.")
    ] = None,
) -> None:
    """Download the files of a study; what is there already is verified and kept."""
    import json

    from dolor.core.errors import UsageError
    from dolor.datasets import fetch
    from dolor.io.write import write_text
    from dolor.studies.fetch import recorded

    if dry_run and receipt is not None:
        raise UsageError("a dry run fetches nothing that a receipt could be given for; leave one of the two away")
    files = fetch(name, folder=folder, mirror=mirror or None, say=typer.echo, dry_run=dry_run)
    if receipt is not None:
        content = {"study": name, "files": recorded(files[0].parent)}
        write_text(receipt, json.dumps(content, indent=2, sort_keys=True) + "\n")


@datasets.command("add")
def add_dataset(
    entry: Annotated[Path, typer.Argument(help="YAML file with one or more entries.")],
    to: Annotated[
        Path | None, typer.Option(help="The registry file of your laboratory; default: that of $DOLOR_REGISTRY.")
    ] = None,
) -> None:
    """Add studies of your own to a registry file, once they are found sound."""
    from dolor.datasets import add

    typer.echo("added " + ", ".join(add(entry, to)))


@datasets.command("validate")
def validate_datasets(
    file: Annotated[Path | None, typer.Argument(help="A registry file; default: the one that dolor ships.")] = None,
) -> None:
    """Check a registry file; leave with 3 if there is a fault."""
    from dolor.core.errors import DataError
    from dolor.datasets import table, validate

    faults = validate(file)
    for fault in faults:
        typer.echo(f"FAULT {fault}")
    if faults:
        raise DataError(f"{file or 'datasets.yaml'}: {len(faults)} fault(s), the first: {faults[0]}")
    if file is None:
        found = table()
        counts = (found["organism"] + ", " + found["compartment"]).value_counts()
        typer.echo(f"{len(found)} studies, {(found['readable'] == 'yes').sum()} of them readable, no faults")
        typer.echo("\n".join(f"  {where}: {number}" for where, number in counts.items()))


@datasets.command("export")
def export_datasets(
    out: Annotated[Path | None, typer.Option(help="File to write; default: the terminal.")] = None,
) -> None:
    """Write the registry as a table."""
    from dolor.datasets import table
    from dolor.io.write import write_text

    text = table().to_csv(sep="\t", index=False, lineterminator="\n")
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_text(out, text)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(datasets, name="datasets", rich_help_panel="Knowledge")
