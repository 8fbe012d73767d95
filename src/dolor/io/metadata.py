"""Tables that describe cells or samples, beside the counts: text tables, data frames of R, GEO series matrices."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from dolor.core.errors import DataError
from dolor.io.formats.content import kind_of, lines, read_rows, split, unpacked
from dolor.io.formats.rds import read_rds_table

_NO_NAME = re.compile(r"[^A-Za-z0-9._]")


def read_metadata(path: Path | str, key: str = "") -> pd.DataFrame:
    """Read a table of cells.

    Parameters
    ----------
    path
        A text table, an R data frame, or a GEO series matrix (whose samples are the rows).
    key
        The column with the barcodes; empty: the first, or the row names of R.

    Returns
    -------
    One row a cell, every field text, barcodes as the index (they may repeat).

    Raises
    ------
    dolor.core.errors.DataError
        The file is no table, or has no such column.
    """
    path = Path(path)
    kind = kind_of(path)
    if kind == "series_matrix":
        found = _series_matrix(path)
    elif kind == "rds":
        found = read_rds_table(path)
        found = found if found.index.dtype != object else found.rename_axis("rownames").reset_index()
    elif kind in ("text", "mtx"):
        found = _text(path)
    else:
        raise DataError(f"{path}: is no table of cells but {kind.replace('_', ' ')}; give a csv or tsv file")
    key = key or str(found.columns[0])
    if key not in found.columns:
        raise DataError(f"{path}: has no column '{key}' with the barcodes; there are {', '.join(found.columns)}")
    return found.set_index(key, drop=False).rename_axis(None)


def joined_to(
    obs: pd.DataFrame, table: pd.DataFrame, source: str, *, by_position: bool = False
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Put the columns of a metadata table beside the cells.

    Parameters
    ----------
    obs
        One row a cell, barcodes as the index.
    table
        From :func:`read_metadata`.
    source
        Name of the table, for the message.
    by_position
        The rows are in the order of the cells.

    Returns
    -------
    obs
        The cells that the table describes, with its columns.
    dropped
        How many cells it does not describe, or describes in two ways.

    Raises
    ------
    dolor.core.errors.DataError
        It describes none of the cells, or has another number of rows where the order counts.
    """
    if by_position:
        if len(table) != len(obs):
            raise DataError(f"{source}: has {len(table)} rows for {len(obs)} cells, which it describes in order")
        return obs.assign(**{str(name): table[name].to_numpy() for name in table.columns}), {}
    if not obs.index.is_unique:
        raise DataError(f"{source}: cannot be put beside cells whose barcodes repeat; make these unique first")
    table = table[~table.duplicated()]
    twice = table.index[table.index.duplicated(keep=False)].unique()
    table = table[~table.index.isin(twice)]
    barcodes = pd.Index(obs.index.astype(str))
    if not barcodes.isin(table.index).any():
        barcodes, table = _by_mangled_names(barcodes, table)
    if not barcodes.isin(table.index).any():
        samples = _samples_of(obs, table.index)
        if samples is not None:
            barcodes = samples
    known = barcodes.isin(table.index)
    if not known.any():
        raise DataError(
            f"{source}: describes none of the {len(obs)} cells: "
            f"its names are like {str(next(iter(table.index), ''))!r}, "
            f"those of the cells like {str(next(iter(obs.index), ''))!r}; name the column with the barcodes"
        )
    rows = table.loc[barcodes[known]]
    kept = obs[known].assign(**{str(name): rows[name].to_numpy() for name in rows.columns})
    ambiguous = int(barcodes.isin(twice).sum())
    dropped = {
        "described in two ways by the metadata": ambiguous,
        "not in the metadata": int((~known).sum()) - ambiguous,
    }
    return kept, {reason: number for reason, number in dropped.items() if number}


def _samples_of(obs: pd.DataFrame, described: pd.Index) -> pd.Index | None:
    """Return the sample of each cell as a table with one row per sample names it; None where it names no samples.

    A sample is named by a column of ``obs``, by the file that a cell is from, or by what its barcode begins with.
    """
    names = set(described)
    names.discard("")
    for column in obs.columns:
        values = obs[column].astype(str)
        if values.isin(names).mean() >= 0.5 and values.nunique() < len(obs):
            found = [str(value) for value in values]
            return pd.Index(found, dtype=object)
    where = pd.Index(obs["file"].astype(str)) if "file" in obs.columns else pd.Index(obs.index.astype(str))
    longest_first = sorted(names, key=len, reverse=True)
    matches = {text: _named_in(text, longest_first) for text in where.unique()}
    found = [matches[text] for text in where]
    return pd.Index(found, dtype=object) if any(found) else None


def _named_in(text: str, names: list[str]) -> str:
    """Return the sample whose name is in a text as a whole word, such as m1 in ``m1_AAAC-1`` or ``m1/matrix.mtx``."""
    for name in names:
        place = text.find(name) if name else -1
        if place < 0:
            continue
        before, after = text[place - 1 : place], text[place + len(name) : place + len(name) + 1]
        if not before.isalnum() and not after.isalnum():
            return name
    return ""


def _by_mangled_names(barcodes: pd.Index, table: pd.DataFrame) -> tuple[pd.Index, pd.DataFrame]:
    """Compare names as R rewrites them (``make.names``), where that keeps them apart."""
    left, right = pd.Index(map(r_name, barcodes)), pd.Index([r_name(str(name)) for name in table.index])
    if left.is_unique and right.is_unique and left.isin(right).any():
        return left, table.set_axis(right)
    return barcodes, table


def r_name(name: str) -> str:
    """Write a name as R's ``make.names`` does.

    Examples
    --------
    >>> r_name("AAAC-1"), r_name("7dpi_AAAC-1")
    ('AAAC.1', 'X7dpi_AAAC.1')
    """
    mangled = _NO_NAME.sub(".", name)
    return mangled if re.match(r"[A-Za-z]|\.(?!\d)", mangled) else f"X{mangled}"


def _text(path: Path) -> pd.DataFrame:
    header, *rows = read_rows(path)
    if not rows:
        raise DataError(f"{path}: holds a header and no rows")
    # R leaves out the name of the row names.
    if len(rows[0]) == len(header) + 1:
        header = ["rownames", *header]
    header = [name or f"column_{place + 1}" for place, name in enumerate(header)]
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise DataError(f"{path}: names the column '{twice}' more than once; rename one of them")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise DataError(f"{path}: line {number} has {len(row)} fields, its header {len(header)}; it is broken")
    return pd.DataFrame(rows, columns=header, dtype=object)


def _series_matrix(path: Path) -> pd.DataFrame:
    """Read samples from a GEO series matrix: title, accession, and each characteristic under its own name."""
    columns: dict[str, list[str]] = {}
    with unpacked(path) as stream:
        for line in lines(stream, str(path)):
            name, *values = split(line, "\t")
            if name in ("!Sample_title", "!Sample_geo_accession", "!Sample_source_name_ch1"):
                columns[name.removeprefix("!Sample_")] = values
            elif name == "!Sample_characteristics_ch1":
                _add_characteristics(columns, values)
            elif name == "!series_matrix_table_begin":
                break
    if "title" not in columns or len({len(values) for values in columns.values()}) != 1:
        raise DataError(f"{path}: is no complete series matrix: its samples have no titles, or not as many as fields")
    return pd.DataFrame(columns, dtype=object)


def _add_characteristics(columns: dict[str, list[str]], values: list[str]) -> None:
    """Sort ``name: value`` fields by name; one line of GEO may mix names."""
    for place, text in enumerate(values):
        name, colon, value = text.partition(":")
        if colon:
            columns.setdefault(name.strip(), [""] * len(values))[place] = value.strip()
