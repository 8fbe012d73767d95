"""Commands around the workflow: look whether it can run, run it, see it at work on the embedded study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Argument(help="The configuration of the run (YAML).", show_default=False)]
Folder = Annotated[Path, typer.Option("--directory", help="Where results, logs and records are written.")]
Cores = Annotated[int, typer.Option(min=1, help="Processors to use.")]
Profile = Annotated[str, typer.Option(help="default, slurm, or a folder with a profile of Snakemake.")]
More = Annotated[list[str] | None, typer.Argument(help="After `--`: words for Snakemake.", show_default=False)]


def run(
    config: Config,
    more: More = None,
    directory: Folder = Path(),
    cores: Cores = 1,
    profile: Profile = "default",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    free: Annotated[bool, typer.Option("--unlock", help="Free the folder of a run that was killed.")] = False,
) -> None:
    """Run the workflow, or resume it."""
    from dolor import workflow
    from dolor.workflow.launch import unlock

    if free:
        unlock(directory, config)
        return
    words = [*(["--dry-run"] if dry_run else []), *(more or [])]
    workflow.launch(config, folder=directory, cores=cores, profile=profile, more=words)
    if not words:
        _say_what_was_found(config, directory)


def demo(directory: Folder = Path(), cores: Cores = 2) -> None:
    """Run the workflow on the embedded, simulated study."""
    from dolor import workflow

    run(workflow.workflow_path("config/config.yaml"), directory=directory, cores=cores)


def doctor(
    config: Annotated[Path | None, typer.Argument(help="The configuration of a run.", show_default=False)] = None,
    directory: Folder = Path(),
) -> None:
    """Check installation, machine and configuration."""
    from dolor import workflow

    code = 0
    for finding in workflow.examine(config, directory):
        typer.echo(finding)
        code = code or finding.code
    raise typer.Exit(code)


def config() -> None:
    """Print a configuration to start from, with comments."""
    from dolor import workflow

    typer.echo(workflow.workflow_path("config/config.yaml").read_text(encoding="utf-8"), nl=False)


def _say_what_was_found(config: Path, directory: Path) -> None:
    from dolor import report
    from dolor.config import load

    run = load(config)
    names = [dataset.id for dataset in run.datasets if not isinstance(dataset, str)]
    for line in report.summary(directory / run.results, names):
        typer.echo(line)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (run, demo, doctor, config):
        app.command(rich_help_panel="Run")(command)
