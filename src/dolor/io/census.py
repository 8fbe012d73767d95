"""Cells from the CELLxGENE Census, or from any SOMA that is laid out like it (a folder, or an address)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dolor.core.errors import DataError, MissingExtra, NetworkError, UsageError
from dolor.core.vocabulary import UNASSIGNED, organism_word
from dolor.io.read import complete_fields, read

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

_SPECIES = {"human": "homo_sapiens", "mouse": "mus_musculus"}
# Fields of the Census that can be asked for; those that Cells share keep their names.
QUERIES = (
    "assay",
    "cell_type",
    "dataset_id",
    "disease",
    "donor_id",
    "sex",
    "suspension_type",
    "tissue",
    "tissue_general",
)
_COLUMNS = ("assay", "cell_type", "dataset_id", "disease", "donor_id", "sex", "suspension_type", "tissue")
_SAMPLE = ("dataset_id", "donor_id", "tissue", "disease", "assay", "suspension_type", "sex")
UNKNOWN = "unknown"
# SOMA takes a gigabyte for each column, and TileDB ten to unpack, unless they are told otherwise.
_LIMITS = {"soma.init_buffer_bytes": str(64 * 2**20), "sm.mem.total_budget": str(512 * 2**20)}


def read_census(
    uri: str, organism: str, query: Mapping[str, str | Sequence[str]], *, measurement: str = "RNA"
) -> AnnData:
    """Read the cells of a query.

    Parameters
    ----------
    uri
        A folder or address of a Census, such as one that ``cellxgene_census.get_census_version_directory`` names.
    organism
        ``mouse`` or ``human``.
    query
        Field -> the value or values wanted, such as ``{"tissue": "dorsal root ganglion", "sex": ["female", "male"]}``;
        fields are :data:`QUERIES`.
    measurement
        Name of the measurement in the Census.

    Returns
    -------
    Checked Cells: the condition is the disease, a sample is a donor of a dataset in one tissue, disease and assay, and
    ``cell_type_author`` holds the cell type of the Census.

    Raises
    ------
    dolor.core.errors.UsageError
        The query names no field, or one that there is none of; a package is missing.
    dolor.core.errors.DataError
        It is no Census, or has no such cells.

    Examples
    --------
    >>> read_census("my_census", "mouse", {"tissue": "dorsal root ganglion"})  # doctest: +SKIP
    """
    condition = value_filter(query)
    with _opened(uri, organism) as experiment:
        found = _query(experiment, measurement, condition)
    if found.n_obs == 0:
        raise DataError(f"{uri}: has no cells of {organism} where {condition}; loosen the query")
    return _as_cells(found, organism_word(organism), uri)


def experiment_of(organism: str) -> str:
    """Say where the experiment of a species stands in a Census.

    Examples
    --------
    >>> experiment_of("mouse")
    'census_data/mus_musculus'
    """
    return f"census_data/{_SPECIES[organism_word(organism)]}"


def value_filter(query: Mapping[str, str | Sequence[str]]) -> str:
    """Write a query in SOMA's language.

    Parameters
    ----------
    query
        Field -> the value or values wanted.

    Examples
    --------
    >>> value_filter({"tissue": "dorsal root ganglion", "sex": ["female", "male"]})
    "tissue in ['dorsal root ganglion'] and sex in ['female', 'male'] and is_primary_data == True"
    """
    if not query:
        raise UsageError(f"a query of the Census needs at least one of {', '.join(QUERIES)}; all of it is too much")
    parts = []
    for field, wanted in query.items():
        if field not in QUERIES:
            raise UsageError(f"the Census cannot be asked for '{field}'; there are {', '.join(QUERIES)}")
        values = [wanted] if isinstance(wanted, str) else list(wanted)
        if not values or any(re.search(r'["\\\x00-\x1f]', value) for value in values):
            raise UsageError(f"{field}: {values!r} cannot be asked for; give values without double quotes")
        parts.append(f"{field} in [{', '.join(repr(value) for value in values)}]")
    # Cells that several datasets share are counted once.
    return " and ".join([*parts, "is_primary_data == True"])


def abundant_genes(uri: str, organism: str, number: int = 1000, *, measurement: str = "RNA") -> pd.Index:
    """Name the genes that most cells of a Census detect; none where it does not count them (``nnz`` of its genes).

    Parameters
    ----------
    uri, organism, measurement
        As for :func:`read_census`.
    number
        How many genes.

    Examples
    --------
    >>> abundant_genes("my_census", "mouse", 2)  # doctest: +SKIP
    Index(['Malat1', 'Actb'], dtype='object')
    """
    import pandas as pd

    with _opened(uri, organism) as experiment:
        stored = experiment.ms[measurement].var
        if "nnz" not in stored.schema.names:
            return pd.Index([], dtype=object)
        genes = stored.read(column_names=["feature_name", "nnz"]).concat().to_pandas()
    names: list[str] = genes.nlargest(number, "nnz")["feature_name"].astype(str).tolist()
    return pd.Index(names, dtype=object)


@contextmanager
def _opened(uri: str, organism: str) -> Iterator[Any]:
    """Open the experiment of a species; what SOMA raises on the way becomes our own error."""
    try:
        import tiledbsoma
    except ImportError:
        raise MissingExtra("tiledbsoma", "census") from None
    context = tiledbsoma.SOMATileDBContext(tiledb_config=dict(_LIMITS))
    try:
        with tiledbsoma.open(uri, context=context) as census:
            found = census
            for part in experiment_of(organism).split("/"):
                found = found[part]
            yield found
    except (tiledbsoma.SOMAError, KeyError, ValueError, RuntimeError, OSError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        remote = bool(re.match(r"[a-z0-9]+://", uri)) and not uri.startswith("file://")
        raise (NetworkError if remote else DataError)(
            f"{uri}: cannot be read as a Census of {organism} ({line}); name a folder or address that holds one"
        ) from error


def _query(experiment: Any, measurement: str, condition: str) -> AnnData:
    import tiledbsoma

    wanted = tiledbsoma.AxisQuery(value_filter=condition)
    with experiment.axis_query(measurement, obs_query=wanted) as query:
        columns = {"obs": [*_COLUMNS, "soma_joinid"], "var": ["feature_id", "feature_name"]}
        with warnings.catch_warnings():
            # SOMA numbers its cells; that AnnData makes text of the numbers is meant.
            warnings.filterwarnings("ignore", message="Transforming to str index")
            found: AnnData = query.to_anndata("raw", column_names=columns)
    return found


def _as_cells(found: AnnData, organism: str, uri: str) -> AnnData:
    obs = cell_fields(found.obs, organism)
    obs.index = found.obs["soma_joinid"].astype(str)
    found.obs = obs.rename(columns={"cell_type": "cell_type_author"}).drop(columns="soma_joinid").rename_axis(None)
    found.var_names = found.var["feature_name"].astype(str)
    found.var = found.var[["feature_id"]].rename(columns={"feature_id": "gene_id"}).rename_axis(None)
    return read(found, name=uri)


def cell_fields(obs: pd.DataFrame, organism: str) -> pd.DataFrame:
    """Give the cells of a Census the fields that Cells have.

    Parameters
    ----------
    obs
        One row a cell, the columns of a Census.
    organism
        ``mouse`` or ``human``.

    Returns
    -------
    The same rows: the condition is the disease, a sample is a donor of a dataset in one tissue, disease, assay and
    kind of suspension; a cell type that the Census calls ``unknown`` is ``unassigned``. Columns of text are categories,
    so that a million cells take little memory.
    """
    import pandas as pd

    made = obs.copy(deep=False)
    for name in _COLUMNS:
        made[name] = _filled(obs[name])
    groups = made.groupby([*_SAMPLE], observed=True, sort=True)
    names = ["|".join(map(str, key)) for key in groups.size().index]
    made["sample_id"] = pd.Categorical.from_codes(groups.ngroup().to_numpy(), categories=pd.Index(names))
    made["condition"], made["organism"] = made["disease"], pd.Categorical([organism]).repeat(len(made))
    made["cell_type"] = made["cell_type"].cat.rename_categories(lambda word: UNASSIGNED if word == UNKNOWN else word)
    return complete_fields(made, "the Census")


def _filled(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return text as categories, what is missing as ``unknown``."""
    words = column.astype("category")
    words = words.cat.rename_categories(list(map(str, words.cat.categories))).cat.remove_unused_categories()
    if words.isna().any():
        words = words.cat.add_categories([] if UNKNOWN in words.cat.categories else [UNKNOWN]).fillna(UNKNOWN)
    return words
