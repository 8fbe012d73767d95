"""Cells: the form in which single cells or nuclei enter every stage.

Profiles: one row a (sample × cell type), the only thing that scores and contrasts read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from dolor.core.errors import DataError
from dolor.core.vocabulary import ORGANISMS, SEXES, SUSPENSION_TYPES

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = [
    "ANNOTATION_FIELDS",
    "DETECTION_LAYER",
    "MOMENT_LAYERS",
    "PROFILE_FIELDS",
    "SAMPLE_FIELDS",
    "Checkable",
    "check_cells",
    "check_counts",
    "check_profiles",
]

# What profiles have beside the columns of their samples; a sample's own column of such a name is `sample_<name>` there.
PROFILE_FIELDS = (
    "n_cells", "n_counts", "psbulk_cells", "psbulk_counts", "lognorm_s1", "lognorm_s2", "lognorm_max"
)  # fmt: skip
SAMPLE_FIELDS = (
    "dataset_id",
    "sample_id",
    "donor_id",
    "tissue",
    "organism",
    "condition",
    "sex",
    "suspension_type",
    "assay",
)
ANNOTATION_FIELDS = ("cell_lineage", "cell_class", "cell_type", "cell_type_confidence")

_FIXED_WORDS = {"organism": ORGANISMS, "sex": SEXES, "suspension_type": SUSPENSION_TYPES}


class Checkable(Protocol):
    """Counts that lie elsewhere and can be checked there, such as :class:`dolor.io.matrix.cell_rows.CellRows`."""

    def check(self, source: str) -> None:
        """Check that they are raw counts."""


def check_cells(
    adata: AnnData, *, annotated: bool = False, source: str = "the data", counts: Checkable | None = None
) -> AnnData:
    """Check that an object is Cells.

    Parameters
    ----------
    adata
        Cells × genes. ``layers["counts"]`` holds raw integer counts; ``obs`` the fields of a sample
        (:data:`SAMPLE_FIELDS`), each constant within ``sample_id`` but the label of the cell itself.
    annotated
        Also require the fields of annotation (:data:`ANNOTATION_FIELDS`).
    source
        Name of the file or object, for the message.
    counts
        The raw counts, where they are not in ``layers["counts"]`` but in a file.

    Returns
    -------
    The same object, untouched.

    Raises
    ------
    dolor.core.errors.DataError
        The first fault found: what is wrong, where, with which values, and what to do.
    """
    if adata.n_obs == 0 or adata.n_vars == 0:
        raise DataError(f"{source}: has {adata.n_obs} cells and {adata.n_vars} genes; both must be more than 0")
    _check_names(adata.obs_names, "barcode", source)
    _check_names(adata.var_names, "gene symbol", source)
    fields = SAMPLE_FIELDS + (ANNOTATION_FIELDS if annotated else ())
    _check_fields(adata.obs, fields, source)
    _check_samples(adata.obs, source)
    if counts is not None:
        counts.check(source)
        return adata
    if "counts" not in adata.layers:
        raise DataError(f"{source}: has no layer 'counts'; put the raw integer counts into layers['counts']")
    check_counts(adata.layers["counts"], source)
    return adata


def _check_names(names: pd.Index, what: str, source: str) -> None:
    if not names.is_unique:
        repeated = names[names.duplicated()].unique()
        shown = ", ".join(repr(str(name)[:40]) for name in repeated[:3])
        raise DataError(
            f"{source}: {len(repeated)} {what}(s) are duplicated ({shown}); "
            f"make them unique, for barcodes by a prefix for each sample"
        )


def _check_fields(obs: pd.DataFrame, fields: tuple[str, ...], source: str) -> None:
    missing = [name for name in fields if name not in obs.columns]
    if missing:
        raise DataError(
            f"{source}: obs lacks the column(s) {', '.join(missing)} "
            f"(it has {', '.join(map(str, obs.columns)) or 'none'}); "
            "name the columns that hold them in the registry entry or the sample sheet"
        )
    for name in fields:
        if name == "cell_type_confidence":
            continue
        empty = obs[name].isna() | (obs[name].astype(str).str.strip() == "")
        if empty.any():
            raise DataError(f"{source}: obs['{name}'] is missing or empty for {int(empty.sum())} of {len(obs)} cells")
    for name, words in _FIXED_WORDS.items():
        unknown = sorted(set(obs[name].astype(str).unique()) - set(words))
        if unknown:
            raise DataError(
                f"{source}: obs['{name}'] holds {', '.join(repr(word[:40]) for word in unknown[:5])}; "
                f"allowed are {', '.join(words)}"
            )


def _check_samples(obs: pd.DataFrame, source: str) -> None:
    """Each sample has one donor, condition, sex and so on: it is the unit of every test."""
    for name in SAMPLE_FIELDS:
        values = obs.groupby("sample_id", observed=True)[name].nunique()
        if (values > 1).any():
            sample = str(values.index[values > 1][0])
            found = sorted(obs.loc[obs["sample_id"].astype(str) == sample, name].astype(str).unique())
            raise DataError(
                f"{source}: sample '{sample}' has more than one {name} ({', '.join(map(repr, found[:4]))}); "
                "a sample is one library of one donor in one condition, so split it or correct the column"
            )
    _check_donors(obs, source)


def _check_donors(obs: pd.DataFrame, source: str) -> None:
    """Only a donor that stands for pooled animals has no sex of its own."""
    known = obs.loc[obs["sex"].isin(["female", "male"]), ["dataset_id", "donor_id", "sex"]].drop_duplicates()
    twice = known.loc[known.duplicated(["dataset_id", "donor_id"]), "donor_id"]
    if len(twice):
        raise DataError(
            f"{source}: donor '{twice.iloc[0]}' has more than one sex ('female', 'male'); "
            "correct the column, or write 'mixed' where animals are pooled"
        )


def check_counts(counts: Any, source: str, rows: int = 65_536) -> None:
    """Check that a matrix holds raw counts, reading ``rows`` rows at a time.

    Raises
    ------
    dolor.core.errors.DataError
        Values are not finite, negative, or not integers; a sparse matrix is broken.
    """
    # Imported where a matrix is at hand: most who import this module need its names only.
    from scipy import sparse

    if isinstance(counts, (sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array)):
        try:
            counts.check_format(full_check=True)
        except ValueError as error:
            raise DataError(f"{source}: the counts are a broken sparse matrix ({error})") from error
        values: np.ndarray[Any, Any] = counts.data
        for start in range(0, max(len(values), 1), rows * 64):
            _check_values(values[start : start + rows * 64], source)
        return
    for start in range(0, counts.shape[0], rows):
        _check_values(np.asarray(counts[start : start + rows]).ravel(), source)


def _check_values(values: np.ndarray[Any, Any], source: str) -> None:
    if values.dtype.kind in "iu":
        if values.size and values.min() < 0:
            raise DataError(f"{source}: the counts hold negative values (down to {values.min()})")
        return
    if values.dtype.kind != "f":
        raise DataError(f"{source}: the counts are stored as {values.dtype}, not as numbers; write them as integers")
    if not np.isfinite(values).all():
        number = int((~np.isfinite(values)).sum())
        raise DataError(f"{source}: the counts hold {number} value(s) that are NaN or infinite")
    if values.size and values.min() < 0:
        raise DataError(
            f"{source}: the counts hold negative values (down to {values.min():.4g}); "
            "these look scaled, and raw counts are needed"
        )
    broken = values[values != np.rint(values)]
    if broken.size:
        raise DataError(
            f"{source}: the counts hold values that are not integers (such as {broken[0]:.4g}); "
            "these look normalised, and raw counts are needed: point to the layer that holds them"
        )


DETECTION_LAYER = "psbulk_props"
MOMENT_LAYERS = ("lognorm_s1", "lognorm_s2", "lognorm_s3")


def check_profiles(profiles: AnnData, source: str = "the profiles") -> AnnData:
    """Check that an object is Profiles.

    Parameters
    ----------
    profiles
        (Sample × cell type) × genes. ``X``: summed counts; ``layers["psbulk_props"]``: fraction of the cells that
        detect the gene; ``lognorm_s1``, ``_s2``, ``_s3``: sums over cells of x, x², x³ of log-normalised expression.
        ``obs``: the fields of a sample, ``cell_type``, ``n_cells``, ``n_counts``.
    source
        Name of the file or object, for the message.

    Returns
    -------
    The same object, untouched.

    Raises
    ------
    dolor.core.errors.DataError
        A column or layer is missing, a (sample, cell type) is duplicated, or a row has no cells.
    """
    columns = (*SAMPLE_FIELDS, "cell_type", "n_cells", "n_counts")
    missing = [name for name in columns if name not in profiles.obs.columns]
    if missing:
        raise DataError(f"{source}: obs lacks the column(s) {', '.join(missing)}; make profiles with dolor.tl.profiles")
    missing = [name for name in (DETECTION_LAYER, *MOMENT_LAYERS) if name not in profiles.layers]
    if missing:
        raise DataError(f"{source}: lacks the layer(s) {', '.join(missing)}; make profiles with dolor.tl.profiles")
    keys = profiles.obs[["sample_id", "cell_type"]].astype(str)
    if keys.duplicated().any():
        sample, cell_type = keys[keys.duplicated()].iloc[0]
        raise DataError(f"{source}: sample '{sample}' and cell type '{cell_type}' stand in more than one row")
    if (np.asarray(profiles.obs["n_cells"]) <= 0).any():
        raise DataError(f"{source}: has rows without cells; a cell type absent from a sample has no row")
    return profiles
