"""What the registry says of one public study, typed: where its files are and how its samples are read from them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dolor.core.contracts import SAMPLE_FIELDS
from dolor.core.vocabulary import dataset_name
from dolor.knowledge.vocabulary import VOCABULARY, nearest

__all__ = ["FIELDS", "MODELS", "CellxGene", "Citation", "Condition", "Rule", "Study", "StudyFile"]

# What was done to the animal, or is the matter with the person; `other` is explained in the description.
MODELS = (
    "naive", "sham", "control", "nerve_injury", "inflammation", "incision", "arthritis", "cipn", "diabetes", "cancer",
    "infection", "multiple_sclerosis", "spinal_cord_injury", "crps", "fibromyalgia", "low_back_pain", "migraine",
    "neuropathy", "autoimmune_neuropathy", "neurodegeneration", "chronic_pain", "interferon_beta", "development",
    "aging", "gene_deletion", "other",
)  # fmt: skip

# Fields that a rule can fill: those that Cells require, and further ones that tell samples apart.
FIELDS = (
    *(field for field in SAMPLE_FIELDS if field != "dataset_id"),
    "replicate", "time_point", "genotype", "batch", "region", "age", "cell_type_author",
)  # fmt: skip

# How a file is written; what needs another program first stands in CONVERT.
FORMATS = (
    "h5ad", "10x_h5", "10x_mtx", "mtx", "dense_text", "rds", "rds_seurat", "loom", "mat", "tar", "soma", "table",
    "series_matrix",
)  # fmt: skip
CONVERT = ("rds_seurat", "mat")


class _Part(BaseModel):
    """A part of an entry; keys that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Citation(_Part):
    """The paper of a study."""

    text: str = Field(min_length=1)
    url: str = Field("", pattern=r"^(https://\S+)?$")
    doi: str = Field("", pattern=r"^(10\.\d{4,9}/\S+)?$")
    pmid: str = Field("", pattern=r"^\d*$")

    @field_validator("pmid", mode="before")
    @classmethod
    def _digits_as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value


class CellxGene(_Part):
    """Ids under which CELLxGENE holds the data."""

    collection: str = ""
    datasets: tuple[str, ...] = ()


class StudyFile(_Part):
    """One file, by the name under which it is offered."""

    name: str = Field(min_length=1, description="File name; `*` stands for what differs between samples.")
    format: str
    content: Literal["counts", "metadata", "other"] = "counts"
    values: Literal["counts", "normalised"] = Field("counts", description="What a matrix holds.")
    compression: Literal["", "gzip", "gzip_twice"] = ""
    location: Literal["GEO", "DOLOR_DATA", "CELLxGENE", "ArrayExpress", "Zenodo", "SPARC", "web"] = "GEO"
    folder: str = Field(
        "", pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", description="Folder that holds it at its location."
    )
    url: str = Field("", pattern=r"^(https://\S+)?$")
    size: str = Field("", description="As the source shows it.")
    orientation: Literal["", "genes_by_cells", "cells_by_genes"] = ""
    annotation_rows: int = Field(0, ge=0, description="Rows under the header of a dense text that describe the cells.")
    key: str = Field("", description="Column of a metadata table with the barcodes; empty: the first.")
    sample_pattern: str = Field(
        "", description="Regular expression with one named group; what it finds in a file name goes before barcodes."
    )
    by_position: bool = Field(False, description="Rows of the metadata are in the order of the cells.")
    fields: dict[str, str] = Field({}, description="Fields that hold for every cell of this file.")
    notes: str = ""

    @field_validator("name")
    @classmethod
    def _stays_in_its_folder(cls, name: str) -> str:
        if re.search(r"[/\\]|^\.\.?$", name):
            raise ValueError("must be a plain file name without a folder")
        return name

    @field_validator("format")
    @classmethod
    def _format_is_known(cls, word: str) -> str:
        return _one_of(word, FORMATS)

    @field_validator("sample_pattern")
    @classmethod
    def _pattern_has_one_group(cls, pattern: str) -> str:
        if pattern:
            _check_pattern(pattern)
        return pattern

    @field_validator("fields")
    @classmethod
    def _fields_are_known(cls, fields: dict[str, str]) -> dict[str, str]:
        for field in fields:
            _one_of(field, FIELDS)
        return fields


class Condition(_Part):
    """One level of the condition, as it stands in Cells after reading."""

    value: str = Field(min_length=1)
    model: str
    role: Literal["reference", "case"]
    time_point: str = ""
    description: str = ""

    @field_validator("model")
    @classmethod
    def _model_is_known(cls, word: str) -> str:
        return _one_of(word, MODELS)


class Rule(_Part):
    """How one field of the sample is read: exactly one of ``column``, ``constant``, ``pattern`` and ``join``."""

    column: str = Field("", description="Column of obs or of the metadata file.")
    constant: str = Field("", description="The same for every cell.")
    pattern: str = Field("", description="Regular expression with one named group, searched in `source`.")
    join: tuple[str, ...] = Field((), description="Fields whose values are joined by an underscore.")
    source: Literal["", "barcode", "file", "sample_id"] = ""
    values: dict[str, str] = Field({}, description="What the raw values become; one that is not listed is an error.")

    @model_validator(mode="after")
    def _is_one_rule(self) -> Rule:
        given = [name for name in ("column", "constant", "pattern", "join") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of column, constant, pattern, join; given: {', '.join(given) or 'none'}"
            )
        if bool(self.pattern) != bool(self.source):
            raise ValueError("pattern and source (barcode, file or sample_id) belong together")
        if self.values and not (self.column or self.pattern):
            raise ValueError("values translate a column or a pattern, nothing else")
        if self.pattern:
            _check_pattern(self.pattern)
        for field in self.join:
            _one_of(field, FIELDS)
        return self


class Study(_Part):
    """One entry of the registry."""

    id: str
    title: str = Field(min_length=1)
    accession: str = Field("", description="Accession of the data; empty where there is none.")
    citation: Citation
    cellxgene: CellxGene | None = None
    organism: Literal["mouse", "human"]
    tissue: str = Field(min_length=1)
    compartment: str
    assay: str = Field(min_length=1)
    suspension_type: Literal["cell", "nucleus", "na"]
    files: tuple[StudyFile, ...] = ()
    conditions: tuple[Condition, ...] = Field(min_length=1)
    sexes: tuple[Literal["female", "male", "mixed", "unknown"], ...] = Field(min_length=1)
    replicates: dict[str, Annotated[int, Field(ge=1)]] = Field({}, description="Samples in each condition.")
    columns: dict[str, Rule] = {}
    keep: dict[str, tuple[str, ...]] = Field(
        {}, description="Only cells whose column, or field, holds one of these values; applied before `values`."
    )
    labels: tuple[str, ...] = Field((), description="Columns that hold published annotations.")
    notes: str = ""
    unverified: tuple[str, ...] = Field((), description="`key: what no source confirmed`.")

    @field_validator("id", mode="before")
    @classmethod
    def _id_can_name_a_folder(cls, name: object) -> str:
        if not isinstance(name, str):
            raise ValueError(f"'{str(name)[:60]}' cannot name a folder; put it in quotes")
        dataset_name(name)
        return name

    @field_validator("compartment")
    @classmethod
    def _compartment_is_known(cls, word: str) -> str:
        return _one_of(word, VOCABULARY["compartment"])

    @field_validator("columns")
    @classmethod
    def _columns_are_fields(cls, columns: dict[str, Rule]) -> dict[str, Rule]:
        for field in columns:
            _one_of(field, FIELDS)
        return columns

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Study:
        values = [condition.value for condition in self.conditions]
        if len(set(values)) < len(values):
            raise ValueError("conditions: a value is duplicated")
        if not any(condition.role == "reference" for condition in self.conditions):
            raise ValueError("conditions: none of them has the role 'reference'")
        for value in self.replicates:
            _one_of(value, values)
        for value in self._read_conditions():
            _one_of(value, values)
        for line in self.unverified:
            _one_of(line.partition(":")[0], type(self).model_fields)
        return self

    def _read_conditions(self) -> list[str]:
        """Values of the condition that the rules and files of this entry can produce."""
        rule = self.columns.get("condition")
        read = [] if rule is None else [*rule.values.values(), rule.constant]
        return [value for value in (*read, *(file.fields.get("condition", "") for file in self.files)) if value]

    @property
    def reference(self) -> str:
        """The condition that the others are compared with: the first with that role."""
        return next(condition.value for condition in self.conditions if condition.role == "reference")

    @property
    def rules(self) -> dict[str, Rule]:
        """How each field is read, with what holds for the whole study as constants."""
        whole = ("tissue", "organism", "suspension_type", "assay")
        return {field: Rule(constant=getattr(self, field)) for field in whole} | self.columns

    @property
    def readable(self) -> bool:
        """Whether dolor can read it: counts in files of known name, sample and condition known for every cell."""
        counts = [file for file in self.files if file.content == "counts" and file.values == "counts"]
        if not counts or any(line.startswith("files:") for line in self.unverified):
            return False
        return all(
            file.format not in CONVERT and {"sample_id", "condition"} <= self.columns.keys() | file.fields.keys()
            for file in counts
        )


def _one_of(word: str, known: Collection[str]) -> str:
    """Give the word back if it is known; else say which one was probably meant."""
    if word not in known:
        raise ValueError(f"'{word[:60]}' is not known; {nearest(word, known)}")
    return word


def _check_pattern(pattern: str) -> None:
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(f"the pattern is no regular expression ({error})") from None
    if len(groups) != 1:
        raise ValueError(
            f"the pattern needs exactly one named group, such as (?P<sex>female|male); it has {len(groups)}"
        )
