"""Commands on what dolor knows: the catalog, the populations, the registry of studies, the configuration's schema."""

from __future__ import annotations

import typer


def schema() -> None:
    """Print the JSON schema of a run's configuration."""
    from dolor.config.schema import schema_text

    typer.echo(schema_text(), nl=False)


def add_to(app: typer.Typer) -> None:
    """Hang the commands on knowledge into the command line."""
    app.command()(schema)
