"""How strong each pair is over the samples of a dataset, summed up some rows of the table of scores at a time.

The table has a row for every pair in every sample: tens of millions where samples are many.

Reading the folder of a run: what each dataset brought, and what holds for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pandas as pd

from dolor.core.contracts import SAMPLE_FIELDS, check_profiles
from dolor.core.errors import DataError, IntegrityError
from dolor.core.tables import CLAIMS, COMPOSITION, CONTRASTS, FLAGS, RECORDED, SEX, Table, check
from dolor.io.guards import refuse_hostile
from dolor.knowledge import populations
from dolor.knowledge.population_tree import PopulationTree
from dolor.pl.pain_axis_traffic import AXIS

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["PAIR", "DatasetRun", "Run", "read_run", "strength_of"]

PAIR = ["dataset_id", "sender", "receiver", "interaction_id"]
_READ = [*PAIR, "score", "pvalue", "flags"]
_SPECIFIC = 0.05


def strength_of(path: Path, *, at_a_time: int = 1 << 20) -> pd.DataFrame:
    """Sum up the scores of a dataset over its samples.

    Parameters
    ----------
    path
        The table of scores (``interactions.parquet``).
    at_a_time
        Rows that are held together.

    Returns
    -------
    One row a pair: :data:`PAIR`, ``score`` (mean over samples), ``specific`` (share of samples with p < 0.05),
    ``flags`` (all that it has in any sample).

    Raises
    ------
    dolor.core.errors.IntegrityError
        The file is no such table.
    """
    found: pd.DataFrame | None = None
    for rows in _batches(path, at_a_time):
        part = _summed(_counted(rows))
        found = part if found is None else _summed(pd.concat([found, part], ignore_index=True))
    if found is None:
        return pd.DataFrame(columns=[*PAIR, "score", "specific", "flags"])
    table = found[PAIR].copy()
    table["score"], table["specific"] = found["score"] / found["scored"], found["specific"] / found["samples"]
    table["flags"] = ""
    for flag in FLAGS:
        here = table.loc[found[flag], "flags"]
        table.loc[found[flag], "flags"] = here.where(here == "", here + ";") + flag
    return table


def _batches(path: Path, at_a_time: int) -> Iterator[pd.DataFrame]:
    """Give the columns that are needed, so many rows at a time."""
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            lacking = sorted(set(_READ) - set(file.schema_arrow.names))
            if lacking:
                raise ValueError(f"no column {', '.join(lacking)}")
            for batch in file.iter_batches(at_a_time, columns=_READ):
                yield batch.to_pandas()
    except (OSError, ValueError) as error:
        raise IntegrityError(
            f"{path}: cannot be read as a Parquet table ({str(error)[:120]}); make it again"
        ) from error


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Write of each row what can be added up: a flag that is there counts as true."""
    flags = pd.Categorical(rows["flags"].astype(str))
    held = {flag: [flag in text.split(";") for text in flags.categories] for flag in FLAGS}
    return rows[[*PAIR, "score"]].assign(
        scored=rows["score"].notna(),
        specific=rows["pvalue"] < _SPECIFIC,
        samples=1,
        **{flag: pd.Series(held[flag], dtype=bool).to_numpy()[flags.codes] for flag in FLAGS},
    )


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up the rows of each pair."""
    added = dict.fromkeys(("score", "scored", "specific", "samples"), "sum")
    table = rows.groupby(PAIR, observed=True, sort=False).agg(added | dict.fromkeys(FLAGS, "max")).reset_index()
    return table.astype(dict.fromkeys(PAIR, object))


_EMBEDDINGS = ("X_umap", "X_tsne", "X_pca")
_TISSUE_WORDS = {
    "dorsal root": "drg", "drg": "drg", "ganglion": "drg", "nerve": "nerve", "spinal": "spinal_cord",
    "cord": "spinal_cord", "skin": "skin", "joint": "joint", "synovi": "joint", "brain": "brain", "cortex": "brain",
    "bone": "bone", "blood": "blood",
}  # fmt: skip


@dataclass(frozen=True)
class DatasetRun:
    """What one dataset brought.

    ``obs`` has a row a cell; ``embedding`` is cells × 2 or empty; ``samples`` has a row a sample; ``strength`` sums up
    the scores of each pair over the samples; ``quality`` and ``naming`` are what the stages of quality and annotation
    say of the cells.
    """

    dataset_id: str
    compartment: str
    simulated: bool
    obs: pd.DataFrame
    embedding: NDArray[np.float32]
    samples: pd.DataFrame
    profiles: AnnData
    strength: pd.DataFrame
    contrasts: pd.DataFrame
    composition: pd.DataFrame
    response: pd.DataFrame
    evidence: pd.DataFrame
    sex: pd.DataFrame
    quality: dict[str, Any]
    naming: dict[str, Any] = field(default_factory=dict)
    provenance: list[dict[str, Any]] = field(default_factory=list)

    @property
    def organism(self) -> str:
        """``mouse`` or ``human``."""
        return str(self.samples["organism"].iloc[0]) if len(self.samples) else "mouse"


@dataclass(frozen=True)
class Run:
    """A run: its datasets, the claims, the meta-analysis if there is one, the text of the methods, the populations."""

    datasets: list[DatasetRun]
    claims: pd.DataFrame
    meta: pd.DataFrame
    methods: str
    provenance: list[dict[str, Any]] = field(default_factory=list)
    tree: PopulationTree = field(default_factory=populations.tree)

    @property
    def simulated(self) -> bool:
        """Whether any of the data is simulated."""
        return any(dataset.simulated for dataset in self.datasets)


def read_run(
    results: Path | str, datasets: Sequence[str] | None = None, *, signatures: Path | str | None = None
) -> Run:
    """Read the folder of a run.

    Parameters
    ----------
    results
        Folder with one folder a dataset and the tables of the whole run.
    datasets
        Names of the datasets of the run; default: every folder that holds ``cells.h5ad``, also one that a later
        configuration does not name any more.
    signatures
        The file of own populations that the run was given.

    Returns
    -------
    All that the report shows.

    Raises
    ------
    dolor.core.errors.DataError
        The folder has no dataset, a file is missing, or a table is not of its form.
    dolor.core.errors.IntegrityError
        A file is damaged.
    """
    results = Path(results)
    if not results.is_dir():
        raise DataError(f"{results}: there is no such folder; give the folder of results of a finished run")
    named = results.glob("*/cells.h5ad") if datasets is None else (results / name / "cells.h5ad" for name in datasets)
    folders = sorted({path.parent for path in named})
    if not folders:
        raise DataError(f"{results}: holds no dataset (no */cells.h5ad); run the stages before the report first")
    methods = results / "methods.md"
    read = sorted(map(_read_dataset, folders), key=lambda dataset: (_place(dataset.compartment), dataset.dataset_id))
    # Without two datasets of one compartment there is no meta-analysis; a table of it is from an earlier run.
    combined = len({dataset.compartment for dataset in read}) < len(read)
    return Run(
        datasets=read,
        claims=_read_table(results / "claims.parquet", CLAIMS, optional=True),
        meta=_read_table(results / "meta.parquet", None, optional=True) if combined else pd.DataFrame(),
        methods=methods.read_text(encoding="utf-8") if methods.exists() else "",
        provenance=_read_provenance(results, ("claims.parquet", *(["meta.parquet"] if combined else []))),
        tree=populations.tree(signatures),
    )


def _place(compartment: str) -> int:
    return AXIS.index(compartment) if compartment in AXIS else len(AXIS)


def _read_dataset(folder: Path) -> DatasetRun:
    obs, embedding, uns_simulated = _read_cells(folder / "cells.h5ad")
    provenance = _read_provenance(folder, RECORDED)
    samples = obs.drop_duplicates("sample_id")[list(SAMPLE_FIELDS)].sort_values("sample_id").reset_index(drop=True)
    samples["n_cells"] = samples["sample_id"].map(obs["sample_id"].value_counts()).astype(int)
    quality, naming = folder / "quality.json", folder / "annotation_quality.json"
    text = " ".join(samples[["assay", "dataset_id"]].astype(str).to_numpy().ravel()).lower()
    return DatasetRun(
        dataset_id=str(samples["dataset_id"].iloc[0]) if len(samples) else folder.name,
        compartment=_compartment(provenance, samples),
        simulated=uns_simulated or "simulat" in text,
        obs=obs,
        embedding=embedding,
        samples=samples,
        profiles=_read_profiles(folder / "profiles.h5ad"),
        strength=strength_of(_existing(folder / "interactions.parquet")),
        contrasts=_read_table(folder / "contrasts.parquet", CONTRASTS),
        composition=_read_table(folder / "composition.parquet", COMPOSITION),
        response=_read_table(folder / "response.parquet", None, optional=True),
        evidence=_read_table(folder / "annotation_evidence.parquet", None, optional=True),
        sex=_read_table(folder / "sex.parquet", SEX),
        quality=json.loads(_existing(quality).read_text(encoding="utf-8")),
        naming=json.loads(naming.read_text(encoding="utf-8")) if naming.is_file() else {},
        provenance=provenance,
    )


def _read_cells(path: Path) -> tuple[pd.DataFrame, NDArray[np.float32], bool]:
    """Read what is known of each cell, without its counts."""
    from anndata.io import read_elem

    try:
        with h5py.File(_existing(path), "r") as stored:
            refuse_hostile(stored, path)
            obs = read_elem(stored["obs"])
            keys = [key for key in _EMBEDDINGS if key in stored.get("obsm", ())]
            embedding = np.asarray(stored["obsm"][keys[0]][:, :2]) if keys else np.empty((0, 2))
            simulated = "simulated" in stored.get("uns", ()) and bool(read_elem(stored["uns"]["simulated"]))
    except (OSError, KeyError, ValueError) as error:
        raise IntegrityError(
            f"{path}: is damaged or no h5ad file of cells ({str(error)[:120]}); make it again"
        ) from error
    missing = [name for name in (*SAMPLE_FIELDS, "cell_type", "cell_type_confidence") if name not in obs.columns]
    if missing:
        raise DataError(f"{path}: obs lacks the column(s) {', '.join(missing)}; annotate the cells first")
    for name in (*SAMPLE_FIELDS, "cell_type"):
        obs[name] = obs[name].astype(str)
    return obs, embedding.astype(np.float32), simulated


def _read_profiles(path: Path) -> AnnData:
    from dolor.io.h5ad import read_h5ad

    return check_profiles(read_h5ad(path), str(path))


def _read_table(path: Path, form: Table | None, *, optional: bool = False) -> pd.DataFrame:
    """Read a table of the run; an optional one that is absent is empty."""
    if optional and not path.exists():
        return pd.DataFrame(columns=list(form.columns) if form else [])
    try:
        frame = pd.read_parquet(_existing(path))
    except (OSError, ValueError) as error:
        raise IntegrityError(
            f"{path}: cannot be read as a Parquet table ({str(error)[:120]}); make it again"
        ) from error
    return frame if form is None else check(frame, form, str(path))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"{path}: is missing; run the stage that makes it before the report")
    return path


def _read_provenance(folder: Path, results: Sequence[str]) -> list[dict[str, Any]]:
    """Read the side files of results, where they have one."""
    sides = (folder / f"{name}.json" for name in sorted(results))
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sides if path.is_file()]
    return [record for record in records if isinstance(record, dict) and "stage" in record]


def _compartment(provenance: list[dict[str, Any]], samples: pd.DataFrame) -> str:
    """Find where on the pain axis a dataset lies: as the run was told, else by the name of its tissue."""
    for record in provenance:
        told = (record.get("parameters") or {}).get("compartment")
        if told:
            return str(told)
    tissue = str(samples["tissue"].iloc[0]).lower() if len(samples) else ""
    return next((place for word, place in _TISSUE_WORDS.items() if word in tissue), "not_stated")
