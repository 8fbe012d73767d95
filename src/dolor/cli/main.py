"""The entry point: one sentence for an error, the exit code of its kind, and a traceback only when asked for."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Annotated, Any, NoReturn, TextIO, cast

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


# What the system says of a disk that is full or may not be filled.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
# Escape sequences of a terminal, and characters that turn the direction of writing round: a name out of a file may
# hold them.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _leave(code: int, error: BaseException) -> NoReturn:
    """End with a code; at once where HDF5 would try again to write its file, and crash over it."""
    if "h5py" in sys.modules:
        from dolor.io.write import is_broken_hdf5

        if is_broken_hdf5(error):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    sys.exit(code)


def printable(text: str) -> str:
    r"""Write control characters as what they are, so that a name out of a file cannot steer a terminal.

    Examples
    --------
    >>> printable("cells\x1b[2J")
    'cells\\x1b[2J'
    """
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


class _Printable:
    """A stream on which only printable text is written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text without control characters; bytes are refused as a text stream does."""
        return self._stream.write(printable(text) if isinstance(text, str) else text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


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
    if not debug:
        # What HDF5 says of a file that it cannot close comes beside the sentence that already tells of it.
        sys.unraisablehook = lambda _: None
    try:
        with redirect_stdout(cast("TextIO", _Printable(sys.stdout))):
            app(words, prog_name="dolor")
    except DolorError as error:
        if debug:
            raise
        print(f"dolor: {printable(str(error))}", file=sys.stderr)
        _leave(error.exit_code, error)
    except MemoryError:
        if debug:
            raise
        print("dolor: there is not enough memory for this; use a larger machine or fewer cells", file=sys.stderr)
        sys.exit(3)
    except OSError as error:
        if debug or error.errno not in _FULL:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"dolor: {printable(where)}cannot be written ({error.strerror}); make room for it", file=sys.stderr)
        sys.exit(3)
    except Exception as error:
        if debug:
            raise
        print(
            f"dolor: unexpected {type(error).__name__}: {printable(str(error))}. This is a fault of dolor; "
            "run the command again with --debug and report what it prints",
            file=sys.stderr,
        )
        _leave(1, error)
    sys.exit(0)
