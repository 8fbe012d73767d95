"""Commands on what dolor knows: the catalog, the populations, the configuration's schema.

Tables are printed with tabs, so that they go straight into a spreadsheet or another program.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    import pandas as pd

    from dolor.knowledge.catalog import Organism

File = Annotated[Path | None, typer.Argument(help="A file of your own; default: the one that dolor ships.")]
Out = Annotated[Path | None, typer.Option(help="File to write; default: the terminal.")]
OfOrganism = Annotated[str, typer.Option(help="mouse or human.")]
# The words of the catalog, held to it by a test: reading it here would slow every command.
CHOICES = MappingProxyType({
    "compartment": "blood bone brain drg joint nerve skin spinal_cord systemic viscera not_stated",
    "pain_type": "cancer inflammatory neuropathic nociceptive nociplastic visceral not_stated",
    "sex": "both female_biased female_only male_biased male_only time_dependent not_stated",
    "effect": "pro anti dual homeostatic none not_evaluated",
    "kind": "ligand_receptor receptor_only pathway cell_only",
})  # fmt: skip


def _one_of(column: str) -> Any:
    words = CHOICES[column].split()
    return typer.Option(help=f"One of {', '.join(words)}.", autocompletion=lambda: words)


Compartment = Annotated[str | None, _one_of("compartment")]
PainType = Annotated[str | None, _one_of("pain_type")]
Sex = Annotated[str | None, _one_of("sex")]
Effect = Annotated[str | None, _one_of("effect")]
Kind = Annotated[str | None, _one_of("kind")]
Cell = Annotated[
    str | None, typer.Option(help="A population, such as macrophage: `dolor populations show` lists them.")
]

catalog = typer.Typer(help="The mediator catalog: the claims of the review.", no_args_is_help=True)
populations = typer.Typer(help="The populations and their markers.", no_args_is_help=True)


@catalog.command("show")
def show_catalog(
    compartment: Compartment = None,
    pain_type: PainType = None,
    sex: Sex = None,
    effect: Effect = None,
    kind: Kind = None,
    cell: Cell = None,
) -> None:
    """Print the statements, all of them or those that match every filter."""
    from dolor.knowledge.catalog import mediators

    _print(mediators(compartment=compartment, pain_type=pain_type, sex=sex, effect=effect, kind=kind, cell=cell))


@catalog.command("validate")
def validate_catalog(file: File = None) -> None:
    """Check a catalog and count what is in it; leave with 3 if there is a fault."""
    from dolor.core.errors import DataError
    from dolor.knowledge.catalog import validate

    report = validate(file)
    typer.echo(report)
    if not report.ok:
        raise DataError(f"{report.path}: {len(report.faults)} fault(s), the first: {report.faults[0]}")


@catalog.command("export")
def export_catalog(
    organism: OfOrganism = "mouse",
    layout: Annotated[str, typer.Option(help="dolor, liana or cellphonedb.")] = "dolor",
    resource: Annotated[str, typer.Option(help="A resource of the installed LIANA, in place of the catalog.")] = "",
    database: Annotated[Path | None, typer.Option(help="CellPhoneDB database that the tables are for.")] = None,
    out: Annotated[Path | None, typer.Option(help="File (for cellphonedb: folder) to write.")] = None,
) -> None:
    """Write the scoreable pairs, in the columns that LIANA or CellPhoneDB read if asked."""
    from dolor.core.errors import UsageError
    from dolor.knowledge.catalog import discovery, interactions, to_cellphonedb, to_liana

    species = cast("Organism", organism)
    pairs = discovery(resource, species) if resource else interactions(species)
    if layout == "cellphonedb":
        if database is None or out is None:
            raise UsageError(
                "for cellphonedb name the database that the tables are for and a folder: --database, --out"
            )
        for name, table in to_cellphonedb(pairs, database).items():
            _print(table, out / f"{name}.csv", separator=",")
    elif layout in ("dolor", "liana"):
        _print(to_liana(pairs) if layout == "liana" else pairs, out)
    else:
        raise UsageError(f"the layout '{layout}' is not known; choose dolor, liana or cellphonedb")


@catalog.command("page")
def page_catalog(out: Out = None) -> None:
    """Write the catalog as a page to read."""
    from dolor.knowledge.catalog import page

    _say(page(), out)


@populations.command("show")
def show_populations(compartment: Compartment = None) -> None:
    """Print the tree of populations with their markers."""
    from dolor.knowledge.populations import populations as table
    from dolor.knowledge.populations import tree

    found = table()
    if compartment is not None:
        found = found[found["id"].isin(tree().allowed_in(compartment))]
    _print(found.map(lambda cell: ", ".join(cell) if isinstance(cell, tuple) else cell))


@populations.command("validate")
def validate_populations(file: File = None) -> None:
    """Check a file of populations and count what is in it."""
    from dolor.knowledge.populations import validate

    _print(validate(file))


@populations.command("export")
def export_populations(organism: OfOrganism = "mouse", compartment: Compartment = None, out: Out = None) -> None:
    """Write the markers as a network: population, gene, sign."""
    from dolor.knowledge.populations import markers

    _print(markers(organism, compartment), out)


def schema() -> None:
    """Print the JSON schema of a configuration."""
    from dolor.config.models import schema_text

    typer.echo(schema_text(), nl=False)


def add_to(app: typer.Typer) -> None:
    """Register the commands on knowledge."""
    app.add_typer(catalog, name="catalog", rich_help_panel="Knowledge")
    app.add_typer(populations, name="populations", rich_help_panel="Knowledge")
    app.command(rich_help_panel="Knowledge")(schema)


def _print(table: pd.DataFrame, out: Path | None = None, *, separator: str = "\t") -> None:
    _say(table.to_csv(sep=separator, index=False, lineterminator="\n"), out)


def _say(text: str, out: Path | None) -> None:
    from dolor.io.write import write_text

    if out is None:
        typer.echo(text, nl=False)
    else:
        write_text(out, text)
