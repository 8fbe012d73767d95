"""The tables of a run: their columns, and the check that a table has them.

Scripts may rely on these names. Columns may be added; none is renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from dolor.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "AMBIENT",
    "AMBIENT_EVIDENCE",
    "ANNOTATION",
    "CLAIMS",
    "COMPOSITION",
    "CONTRASTS",
    "CONTRAST_TYPES",
    "DRIVERS",
    "FLAGS",
    "INTERACTIONS",
    "RECORDED",
    "REPORTED",
    "SEX",
    "STATUSES",
    "UNIT_CHANGES",
    "VERDICTS",
    "Kind",
    "Table",
    "check",
]

# The files of a dataset that the report reads, and those whose side files it shows.
REPORTED = (
    "cells.h5ad", "annotation.parquet", "annotation_evidence.parquet", "annotation_quality.json", "sex.parquet",
    "quality.json", "profiles.h5ad", "interactions.parquet", "contrasts.parquet", "composition.parquet",
    "response.parquet",
)  # fmt: skip
RECORDED = ("raw.h5ad", "kept.h5ad", "ambient.parquet", "ambient_evidence.parquet", *REPORTED)

Kind = Literal["text", "number", "count"]

CONTRAST_TYPES = ("condition", "condition_in_sex", "sex", "sex_in_condition", "interaction")
STATUSES = ("tested", "described", "untestable", "absent")
VERDICTS = ("supports", "opposes", "silent", "not_observable", "untestable")
DRIVERS = ("", "per_cell", "infiltration", "both")
FLAGS = (
    "ambient_suspect",
    "low_detection",
    "lost_identity",
    "few_cells",
    "proxy",
    "sex_unconfirmed",
    "leakage_unknown",
    "paired_donors",
    "discordant",
)


@dataclass(frozen=True)
class Table:
    """A table of a run: its columns with their kinds, and the words that a column may hold.

    ``further`` columns are checked where they are there: a design or an older run may lack them.
    """

    name: str
    columns: Mapping[str, Kind]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    further: Mapping[str, Kind] = field(default_factory=lambda: MappingProxyType({}))


def _columns(text: str = "", number: str = "", count: str = "") -> Mapping[str, Kind]:
    kinds: dict[str, Kind] = dict.fromkeys(text.split(), "text")
    kinds |= dict.fromkeys(number.split(), "number")
    kinds |= dict.fromkeys(count.split(), "count")
    return MappingProxyType(kinds)


INTERACTIONS = Table(
    "interactions",
    _columns(
        text="dataset_id sample_id sender receiver interaction_id ligand receptor flags",
        number="score pvalue detect_ligand detect_receptor",
        count="n_sender n_receiver",
    ),
)

CONTRASTS = Table(
    "contrasts",
    _columns(
        text="dataset_id contrast_type case reference stratum sender receiver interaction_id ligand receptor "
        "driver status reason flags",
        number="effect se statistic df pvalue qvalue infiltration per_cell",
        count="n_case n_reference",
    ),
    MappingProxyType({"contrast_type": CONTRAST_TYPES, "status": STATUSES, "driver": DRIVERS}),
    _columns(
        text="reason_code changed_side present_ligand present_receptor",
        number="effect_ligand se_ligand effect_receptor se_receptor infiltration_se per_cell_se omnibus_pvalue "
        "relabel_pvalue relabel_smallest_pvalue",
    ),
)

UNIT_CHANGES = Table(
    "unit_changes",
    _columns(
        text="dataset_id contrast_type case reference stratum population unit role presence "
        "status reason_code reason flags",
        number="effect se statistic df pvalue qvalue smallest_detectable",
        count="n_case n_reference",
    ),
    MappingProxyType({"contrast_type": CONTRAST_TYPES, "status": STATUSES}),
)

COMPOSITION = Table(
    "composition",
    _columns(
        text="dataset_id contrast_type case reference stratum cell_type status reason",
        number="effect se statistic df pvalue qvalue mean_case mean_reference",
        count="n_case n_reference",
    ),
    MappingProxyType({"contrast_type": CONTRAST_TYPES, "status": STATUSES}),
)

CLAIMS = Table(
    "claims",
    _columns(
        text="claim_id dataset_id verdict evidence reason sender receiver contrast_type stratum",
        number="effect qvalue",
    ),
    MappingProxyType({"verdict": VERDICTS}),
)

ANNOTATION = Table(
    "annotation",
    _columns(text="barcode sample_id cell_lineage cell_class cell_type", number="cell_type_confidence"),
)

AMBIENT = Table("ambient", _columns(text="library_id gene", number="share leaked"))

AMBIENT_EVIDENCE = Table(
    "ambient_evidence",
    _columns(text="sample_id population gene richest", number="observed leaked ambient_share", count="n_cells"),
)

SEX = Table("sex", _columns(text="sample_id barcode reported called", number="confidence"))


def check(frame: pd.DataFrame, table: Table, source: str = "") -> pd.DataFrame:
    """Check a table against its form and give it back with the form's columns first.

    Parameters
    ----------
    frame
        The table. Columns beyond the form are kept.
    table
        The form, such as :data:`CONTRASTS`.
    source
        Where the table came from, for the message.

    Returns
    -------
    The same rows; columns in the order of the form, then the others.

    Raises
    ------
    dolor.core.errors.DataError
        A column is missing, or holds what its kind or vocabulary does not allow.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"sample_id": ["s1"], "barcode": [""], "reported": ["female"],
    ...                       "called": ["female"], "confidence": [0.99]})
    >>> check(frame, SEX).shape
    (1, 5)
    """
    where = f"{source}: " if source else ""
    missing = [name for name in table.columns if name not in frame.columns]
    if missing:
        raise DataError(f"{where}the table '{table.name}' lacks the column(s) {', '.join(missing)}")
    there = {name: kind for name, kind in table.further.items() if name in frame.columns}
    for name, kind in {**table.columns, **there}.items():
        _check_kind(frame[name], kind, f"{where}column '{name}' of the table '{table.name}'")
    for name, words in table.words.items():
        unknown = sorted(set(frame[name].unique()) - set(words))
        if unknown:
            raise DataError(
                f"{where}column '{name}' of the table '{table.name}' holds {', '.join(map(repr, unknown[:5]))}; "
                f"allowed are {', '.join(map(repr, words))}"
            )
    ordered = [*table.columns, *(name for name in frame.columns if name not in table.columns)]
    # Taking columns out copies them; a table of millions of rows that is in order is spared that.
    return frame.copy(deep=False) if ordered == list(frame.columns) else frame[ordered]


def _check_kind(column: pd.Series, kind: Kind, what: str) -> None:
    from pandas.api.types import is_numeric_dtype

    if kind == "text":
        if column.isna().any():
            raise DataError(f"{what} has {int(column.isna().sum())} missing value(s); text is empty, never missing")
        return
    if not is_numeric_dtype(column):
        raise DataError(f"{what} must hold numbers, not {column.dtype}")
    if kind == "count" and bool((column < 0).any()):
        raise DataError(f"{what} must hold counts; the smallest value is {column.min()}")
