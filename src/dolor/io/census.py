"""Cells from the CELLxGENE Census, or from any SOMA that is laid out like it (a folder, or an address)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dolor.contracts.vocabulary import organism_word
from dolor.errors import DataError, DolorError, MissingExtra, NetworkError, UsageError
from dolor.io.read import read

if TYPE_CHECKING:
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
# SOMA takes a gigabyte for each column unless it is told otherwise.
_BUFFER = 64 * 2**20


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
    dolor.errors.UsageError
        The query names no field, or one that there is none of; a package is missing.
    dolor.errors.DataError
        It is no Census, or has no such cells.

    Examples
    --------
    >>> read_census("my_census", "mouse", {"tissue": "dorsal root ganglion"})  # doctest: +SKIP
    """
    species = _SPECIES[organism_word(organism)]
    condition = value_filter(query)
    try:
        import tiledbsoma
    except ImportError:
        raise MissingExtra("tiledbsoma", "census") from None
    context = tiledbsoma.SOMATileDBContext(tiledb_config={"soma.init_buffer_bytes": _BUFFER})
    try:
        with tiledbsoma.open(uri, context=context) as census:
            found = _query(census["census_data"][species], measurement, condition, tiledbsoma)
    except DolorError:
        raise
    except (tiledbsoma.SOMAError, KeyError, ValueError, RuntimeError, OSError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        remote = bool(re.match(r"[a-z0-9]+://", uri)) and not uri.startswith("file://")
        raise (NetworkError if remote else DataError)(
            f"{uri}: cannot be read as a Census of {organism} ({line}); name a folder or address that holds one"
        ) from error
    if found.n_obs == 0:
        raise DataError(f"{uri}: has no cells of {organism} where {condition}; loosen the query")
    return _as_cells(found, organism_word(organism), uri)


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
        if not values or any(re.search(r"['\"\\\x00-\x1f]", value) for value in values):
            raise UsageError(f"{field}: {values!r} cannot be asked for; give values without quotes")
        parts.append(f"{field} in [{', '.join(repr(value) for value in values)}]")
    # Cells that several datasets share are counted once.
    return " and ".join([*parts, "is_primary_data == True"])


def _query(experiment: Any, measurement: str, condition: str, tiledbsoma: Any) -> AnnData:
    wanted = tiledbsoma.AxisQuery(value_filter=condition)
    with experiment.axis_query(measurement, obs_query=wanted) as query:
        columns = {"obs": [*_COLUMNS, "soma_joinid"], "var": ["feature_id", "feature_name"]}
        with warnings.catch_warnings():
            # SOMA numbers its cells; that AnnData makes text of the numbers is meant.
            warnings.filterwarnings("ignore", message="Transforming to str index")
            found: AnnData = query.to_anndata("raw", column_names=columns)
    return found


def _as_cells(found: AnnData, organism: str, uri: str) -> AnnData:
    obs = found.obs.astype(dict.fromkeys(_COLUMNS, str))
    obs["sample_id"] = obs[["dataset_id", "donor_id", "tissue", "disease", "assay", "suspension_type"]].agg(
        "|".join, axis=1
    )
    obs["condition"], obs["cell_type_author"], obs["organism"] = obs["disease"], obs["cell_type"], organism
    obs.index = obs["soma_joinid"].astype(str)
    found.obs = obs.drop(columns=["cell_type", "soma_joinid"]).rename_axis(None)
    found.var_names = found.var["feature_name"].astype(str)
    found.var = found.var[["feature_id"]].rename(columns={"feature_id": "gene_id"}).rename_axis(None)
    return read(found, name=uri)
