"""Reading h5ad files that may be damaged or hostile.

What AnnData warns of and dolor deals with.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import h5py

from dolor.core.errors import DataError, IntegrityError
from dolor.io.guards import refuse_hostile

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

__all__ = [
    "check_is_file", "is_null", "read_h5ad", "read_obs", "read_tables", "read_var", "repeated_names",
    "sound_h5ad",
]  # fmt: skip

_KNOWN_COLUMNS = (
    "", "array", "categorical", "string-array", "nullable-integer", "nullable-boolean", "nullable-string-array",
)  # fmt: skip
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


def read_h5ad(path: Path | str) -> AnnData:
    """Read an h5ad file into memory, after a look at what it would unpack to.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    The object as stored; whether it is Cells is not checked here.

    Raises
    ------
    dolor.core.errors.DataError
        The file is missing, is not an h5ad file, points to other files, or would unpack to an absurd size.
    dolor.core.errors.IntegrityError
        The file is truncated or damaged.
    """
    import anndata

    with sound_h5ad(path, in_memory=True) as stored:
        try:
            return anndata.read_h5ad(path)
        except Exception:
            # One element that this version of AnnData does not know, such as a null, is no reason to refuse the cells.
            if not isinstance(stored["obs"], h5py.Group):
                raise
            return _read_apart(stored)


def read_tables(stored: h5py.File) -> dict[str, Any]:
    """Read the tables of cells and genes, and what else can be read; the rest is counted in ``uns["dropped"]``.

    Returns
    -------
    ``obs``, ``var``, ``uns``, ``obsm`` and ``varm``, to make an AnnData of.
    """
    from anndata.io import read_elem

    unread: list[str] = []
    found: dict[str, Any] = {name: _read_table(stored[name], unread) for name in ("obs", "var")}
    for name in ("uns", "obsm", "varm"):
        found[name] = {}
        members = stored.get(name)
        for key in members if isinstance(members, h5py.Group) else ():
            try:
                found[name][key] = read_elem(members[key])
            except Exception:
                unread.append(f"{key} of {name}")
    if unread:
        # A stroke in a key would be taken for a folder when the key is written.
        example = unread[0].replace("/", " ")
        reason = f"elements of the file that are not read here, such as {example!r} (no cell is lost)"
        told = found["uns"].get("dropped", {})
        found["uns"]["dropped"] = {**(told if isinstance(told, dict) else {}), reason: len(unread)}
    return found


def _read_table(stored: h5py.Group, unread: list[str]) -> pd.DataFrame:
    """Read a table, column by column where it cannot be read whole; damaged bytes are still an error."""
    import pandas as pd
    from anndata.io import read_elem

    try:
        return cast("pd.DataFrame", read_elem(stored))
    except OSError:
        raise
    except Exception:
        if not isinstance(stored, h5py.Group) or "_index" not in stored.attrs:
            raise
    index = str(stored.attrs["_index"])
    table = pd.DataFrame(index=pd.Index(read_elem(stored[index])))
    for name in map(str, stored.attrs.get("column-order", [])):
        known = stored[name].attrs.get("encoding-type", "") in _KNOWN_COLUMNS
        if known and stored[name].attrs.get("encoding-version", "0").startswith("0."):
            table[name] = read_elem(stored[name])
        else:
            unread.append(f"{name} of {stored.name.strip('/')}")
    return table


def _read_apart(stored: h5py.File) -> AnnData:
    """Read an object element by element."""
    import anndata
    from anndata.io import read_elem

    found = anndata.AnnData(**read_tables(stored))
    if "X" in stored and not is_null(stored["X"]):
        found.X = read_elem(stored["X"])
    layers = stored.get("layers")
    for name in layers if isinstance(layers, h5py.Group) else ():
        found.layers[name] = read_elem(layers[name])
    raw = stored.get("raw")
    if isinstance(raw, h5py.Group) and "X" in raw and not is_null(raw["X"]):
        found.raw = anndata.AnnData(read_elem(raw["X"]), obs=found.obs, var=read_elem(raw["var"]))
    return found


def is_null(stored: h5py.Group | h5py.Dataset) -> bool:
    """Return whether an element says that there is nothing."""
    return bool(stored.attrs.get("encoding-type") == "null")


@contextmanager
def sound_h5ad(path: Path | str, *, in_memory: bool = False) -> Iterator[h5py.File]:
    """Open an h5ad file that is neither hostile nor incomplete; what goes wrong while it is open becomes our own error.

    Parameters
    ----------
    path
        The file.
    in_memory
        Whether it will be read whole, and so has to fit into memory.

    Raises
    ------
    dolor.core.errors.DolorError
        As in :func:`read_h5ad`.
    """
    path = check_is_file(path)
    try:
        with h5py.File(path, "r") as stored:
            refuse_hostile(stored, path, in_memory=in_memory)
            lost = [name for name in ("obs", "var") if name not in stored]
            if lost:
                raise IntegrityError(f"{path}: has no table '{lost[0]}'; fetch or write it again")
            yield stored
    except (OSError, KeyError, ValueError, TypeError, IndexError, AttributeError, RuntimeError) as error:
        raise IntegrityError(
            f"{path}: is damaged, truncated or not a complete h5ad file ({_first_line(error)}); fetch or write it again"
        ) from error


def read_obs(path: Path | str) -> pd.DataFrame:
    """Read the table of cells of an h5ad file, and not its matrix.

    Raises
    ------
    dolor.core.errors.DolorError
        As in :func:`read_h5ad`.
    """
    return _read_member(path, "obs")


def read_var(path: Path | str) -> pd.DataFrame:
    """Read the table of genes of an h5ad file, and not its matrix; errors as in :func:`read_obs`."""
    return _read_member(path, "var")


def _read_member(path: Path | str, name: str) -> pd.DataFrame:
    from anndata.io import read_elem

    path = check_is_file(path)
    try:
        with h5py.File(path, "r") as stored:
            refuse_hostile(stored, path)
            return cast("pd.DataFrame", read_elem(stored[name]))
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise IntegrityError(f"{path}: its table '{name}' cannot be read ({_first_line(error)})") from error


def check_is_file(path: Path | str) -> Path:
    """Check that a path is a regular file that begins as HDF5 does, and give it back."""
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if not path.is_file():
        raise DataError(f"{path}: is not a regular file")
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if not start:
        raise DataError(f"{path}: is empty (0 bytes)")
    if not start.startswith(_HDF5_MAGIC):
        kind = "a web page" if start.lstrip().lower().startswith((b"<!doc", b"<html")) else "something else"
        raise DataError(f"{path}: is not an h5ad file but {kind}; check how it was downloaded")
    return path


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__


@contextmanager
def repeated_names() -> Iterator[None]:
    """Silence AnnData on old files, and on names that repeat: genes are summed, barcodes refused with a sentence."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(Variable|Observation) names are not unique", category=UserWarning)
        # Files of anndata 0.6 are read as they are.
        warnings.filterwarnings("ignore", message=".*was written without encoding metadata")
        yield
