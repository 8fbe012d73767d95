"""What a run can be told, typed: every key of the YAML that a user edits, with its default and its meaning.

The JSON schema in ``workflows/schemas/`` is generated from these models.

The JSON schema of the configuration, generated from its models, for editors and for Snakemake.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from dolor.core.vocabulary import dataset_name

__all__ = [
    "SIMULATED",
    "Annotation",
    "Compartment",
    "Config",
    "Contrast",
    "Dataset",
    "DatasetName",
    "Pairs",
    "Quality",
    "Reference",
    "Section",
    "Simulation",
    "schema_text",
]

SIMULATED = "simulated"

# What the run itself writes into the folder of its results.
_OWN_NAMES = ("logs", "resources", "meta.parquet", "claims.parquet", "methods.md", "report.html")


def _free_name(name: str) -> str:
    if name.lower().removesuffix(".json") in _OWN_NAMES:
        raise ValueError(f"the dataset id {name!r} is the name of a file or folder of the run itself; choose another")
    return dataset_name(name)


DatasetName = Annotated[str, AfterValidator(_free_name)]
Compartment = Literal["skin", "joint", "viscera", "bone", "nerve", "drg", "spinal_cord", "brain", "blood"]


class Section(BaseModel):
    """A part of the configuration; keys that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reference(Section):
    """The levels that the others are compared with."""

    condition: str = Field("", description="Reference condition; empty: the one that the study names as its control.")
    sex: Literal["female", "male"] = Field("male", description="Reference sex.")


class Dataset(Section):
    """One dataset of the run."""

    id: DatasetName = Field(description="Name of its folder under results: letters, digits, dot, dash, underscore.")
    study: str = Field(
        SIMULATED,
        description="Entry of the registry (see `dolor datasets list`), or 'simulated' for the embedded study.",
    )
    compartment: Compartment = Field(description="Where the tissue stands on the pain axis.")
    path: str = Field("", description="The file itself; empty: where the registry's entry says. Enough without study.")
    empty: str = Field("", description="h5ad file of droplets without a cell (sample_id in obs), for ambient RNA.")
    reference: Reference | None = Field(None, description="Reference levels of this dataset alone.")
    labels: str = Field("", description="Column with published labels to compare the annotation with.")
    order: str = Field("", description="Its conditions along an axis, such as 'naive=0,day3=3': adds the trend.")

    @model_validator(mode="before")
    @classmethod
    def _file_before_simulation(cls, content: Any) -> Any:
        """Read the file that is named rather than simulate one under its id."""
        named = isinstance(content, dict) and content.get("path")
        if named and isinstance(named, str) and content.get("study", SIMULATED) == SIMULATED:
            # A name without a dot or a slash could be that of a study.
            bare = not set(named) & set("./\\")
            return {**content, "study": f"./{named}" if bare else named, "path": ""}
        return content


class Simulation(Section):
    """Size of the embedded simulated study."""

    animals: int = Field(4, ge=1, le=50, description="Animals for each condition and sex.")
    cells: int = Field(400, ge=50, le=100_000, description="Cells a sample, on average.")


class Quality(Section):
    """Which cells are kept; thresholds are set within each sample, so that no deep library judges a shallow one."""

    min_genes: int = Field(50, ge=0, description="Fewest detected genes.")
    mads: float = Field(5.0, gt=0, description="Median absolute deviations from the sample's median tolerated.")
    max_mito: float = Field(
        0.4, gt=0, le=1, description="Largest mitochondrial fraction of a cell, whatever the sample's median is."
    )
    max_mito_nuclei: float = Field(0.1, gt=0, le=1, description="The same of a nucleus, which has none of its own.")
    doublet_rate: float = Field(0.05, gt=0, lt=0.5, description="Share of doublets that is expected.")
    correct: bool = Field(
        False, description="Also keep counts without what leaked, as a layer; scores and contrasts read the raw ones."
    )
    split_pooled: bool = Field(
        True, description="Split libraries that pool both sexes by the sex of their cells; untold cells are left out."
    )


class Annotation(Section):
    """How cells get their names."""

    signatures: str = Field("", description="A file of your own populations; empty: those that dolor ships.")
    integration: Literal["none", "harmony", "scvi"] = Field(
        "none", description="How samples are aligned before clustering; scvi trains a network and wants the extra scvi."
    )
    resolution: float = Field(4.0, gt=0, le=20, description="Leiden resolution; fine, since labels merge clusters.")
    min_confidence: float = Field(0.5, ge=0, le=1, description="Below this a cell keeps its parent's name, or none.")
    transfer: Literal["none", "scanvi", "celltypist"] = Field(
        "none",
        description="Names by label transfer, shown beside those from markers; wants the extra scvi or celltypist.",
    )
    seed_confidence: float = Field(
        0.9, ge=0, le=1, description="Confidence of the names from markers from which scANVI learns."
    )
    reference: str = Field("", description="h5ad file of labelled cells, raw counts, that scANVI learns from instead.")
    reference_labels: str = Field("cell_type", description="Column of its obs with the labels.")
    label_map: str = Field("", description="Table label, population for the labels of the reference or the model.")
    celltypist_model: str = Field(
        "", description="CellTypist model file; a pickle, which runs what its author put in: name one that you trust."
    )


class Pairs(Section):
    """Which ligand-receptor pairs are scored."""

    file: str = Field("", description="A table of your own pairs, with at least the columns ligand and receptor.")
    merge: bool = Field(True, description="Add your pairs to the catalog rather than use them alone.")


class Contrast(Section):
    """What is compared."""

    groupby: Literal["cell_type", "cell_class"] = Field(
        "cell_type",
        description="What sends and receives: types, or the broader classes where a treatment blurs the types.",
    )
    formula: str = Field("~ condition * sex", description="Design of the linear model over samples.")
    reference: Reference = Field(Reference(), description="Levels that the others are compared with.")
    relabelings: int = Field(
        1000, ge=0, le=1_000_000, description="Most exchanges of sample labels for the exact check; 0: no check."
    )


class Config(Section):
    """A run: its datasets and the options of its stages."""

    title: str = Field("Neuroimmune interactions", description="Title of the report.")
    results: str = Field("results", description="Folder of the results.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Seed of everything random.")
    datasets: list[Dataset] | str = Field(description="The datasets, or the path of a table with the same columns.")
    simulate: Simulation = Simulation()
    quality: Quality = Quality()
    annotate: Annotation = Annotation()
    pairs: Pairs = Pairs()
    contrast: Contrast = Contrast()


def schema_text() -> str:
    """Return the JSON schema of a run's configuration as text.

    Examples
    --------
    >>> '"seed"' in schema_text()
    True
    """
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"
