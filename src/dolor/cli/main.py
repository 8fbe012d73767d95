"""The entry point: one sentence for an error, the exit code of its kind, and a traceback only when asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from dolor import __version__
from dolor.cli import acquire, cells, contrasts, export, knowledge, run, studies
from dolor.core.errors import DolorError
from dolor.core.threads import allot


class Grouped(TyperGroup):
    """The list of commands in groups, in the order of a run, each with its whole first sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the groups."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.commands[name]
            if not command.hidden:
                said = command.get_short_help_str(limit=200)
                groups.setdefault(getattr(command, "rich_help_panel", None) or "Other", []).append((name, said))
        for title, rows in groups.items():
            with formatter.section(title):
                formatter.write_dl(rows)


app = typer.Typer(
    name="dolor",
    cls=Grouped,
    help="Which immune signals reach which neurons, how injury changes it, and whether it differs by sex.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dolor {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
    threads: Annotated[int, typer.Option(min=0, help="Threads to use; 0: as many as there are processors.")] = 0,
) -> None:
    """Options before the command; ``--debug`` is read by :func:`main`, which sees errors of every command."""
    if threads:
        allot(threads)


run.add_to(app)
acquire.add_to(app)
cells.add_to(app)
contrasts.add_to(app)
export.add_to(app)
knowledge.add_to(app)
studies.add_to(app)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code.

    Parameters
    ----------
    arguments
        The words after ``dolor``; default: those of the process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        app(words, prog_name="dolor")
    except DolorError as error:
        if debug:
            raise
        print(f"dolor: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:
        if debug:
            raise
        print(
            f"dolor: unexpected {type(error).__name__}: {error}. This is a fault of dolor; "
            "run the command again with --debug and report what it prints",
            file=sys.stderr,
        )
        sys.exit(1)
    sys.exit(0)
