"""Cells with the field names and ontology terms of the CELLxGENE schema (version 7).

What dolor cannot know (disease, developmental stage, ethnicity) has to be given; what nobody gave is ``unknown`` and is
named in the answer, since the schema's own validator will ask for it.

Cells as a 10x folder (version 3), which every toolkit reads.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from scipy import io as scipy_io

from dolor.core.contracts import check_cells
from dolor.core.errors import DataError
from dolor.core.package_files import signature_path
from dolor.io.export.tables import write_tsv
from dolor.io.write import atomic_path
from dolor.knowledge.populations import load as load_populations

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["GIVEN", "UNKNOWN", "write_cellxgene", "write_tenx"]

UNKNOWN = "unknown"
_ORGANISM = {"mouse": "NCBITaxon:10090", "human": "NCBITaxon:9606"}
_SEX = {"female": "PATO:0000383", "male": "PATO:0000384"}
_TISSUE = MappingProxyType(
    {"dorsal root ganglion": "UBERON:0000044", "sciatic nerve": "UBERON:0001322", "spinal cord": "UBERON:0002240"}
)
_ASSAY = MappingProxyType({"10x 3' v2": "EFO:0009899", "10x v2": "EFO:0009899"})
GIVEN = ("assay", "cell_type", "development_stage", "disease", "self_reported_ethnicity", "sex", "tissue")


def write_cellxgene(
    cells: AnnData, target: Path | str, *, title: str, terms: Mapping[str, Mapping[str, str] | str] | None = None
) -> list[str]:
    """Write cells in the form of CELLxGENE.

    Parameters
    ----------
    cells
        Checked Cells of one species, raw counts in ``layers["counts"]``, log-normalised values in ``X``. Embeddings in
        ``obsm`` go along; the schema asks for at least one, which :func:`dolor.tl.annotate` makes.
    target
        The h5ad file to write.
    title
        Title of the dataset.
    terms
        Ontology terms that dolor does not know: for a field (``disease``, ``development_stage``, ``tissue``, ``assay``,
        ``self_reported_ethnicity``, ``cell_type``, ``sex``) one term for all cells, or a term for each of its words.

    Returns
    -------
    The fields of which some cells are still ``unknown``, and ``var`` where genes have no Ensembl id and were left out.

    Raises
    ------
    dolor.core.errors.DataError
        The cells are of two species, no gene has an Ensembl id, or ``terms`` names a field that there is none of.

    Examples
    --------
    >>> write_cellxgene(cells, "for_cellxgene.h5ad", title="Our nerves")  # doctest: +SKIP
    ['disease_ontology_term_id']
    """
    import anndata

    check_cells(cells)
    unknown = sorted(set(terms or {}) - set(GIVEN))
    if unknown:
        raise DataError(f"terms: there is no field '{unknown[0]}'; there are {', '.join(GIVEN)}")
    organisms = cells.obs["organism"].astype(str).unique()
    if len(organisms) != 1:
        raise DataError(f"{target}: CELLxGENE takes one species a file; these cells are of {' and '.join(organisms)}")
    ids = pd.Series(_ensembl_ids(cells.var_names, organisms[0]), dtype=object)
    known = ((ids != "") & ~ids.duplicated()).to_numpy()
    if not known.any():
        raise DataError(f"{target}: none of the {cells.n_vars} genes has an Ensembl id, by which CELLxGENE names them")
    obs = _obs(cells.obs, organisms[0], terms or {})
    var = pd.DataFrame({"feature_is_filtered": False}, index=pd.Index(ids[known], dtype=object))
    counts = cells.layers["counts"][:, known].astype(np.float32)
    made = anndata.AnnData(X=cells.X[:, known] if cells.X is not None else counts, obs=obs, var=var)
    made.raw = anndata.AnnData(X=counts, obs=obs, var=var.drop(columns="feature_is_filtered"))
    for name in cells.obsm:
        if name.startswith("X_"):
            made.obsm[name] = cells.obsm[name]
    made.uns = {"title": title, "organism_ontology_term_id": _ORGANISM[organisms[0]]}
    with atomic_path(target) as temporary:
        made.write_h5ad(temporary, compression="gzip")
    open_fields = [name for name in obs.columns if name.endswith("_term_id") and (obs[name] == UNKNOWN).any()]
    return open_fields + ([] if known.all() else ["var"])


def _obs(obs: pd.DataFrame, organism: str, terms: Mapping[str, Mapping[str, str] | str]) -> pd.DataFrame:
    words = {"sex": _SEX, "tissue": _TISSUE, "assay": _ASSAY, "cell_type": _cell_ontology()}
    made = pd.DataFrame(index=obs.index.astype(str))
    for field in GIVEN:
        given = terms.get(field, {})
        if isinstance(given, str):
            made[f"{field}_ontology_term_id"] = given
        elif field == "self_reported_ethnicity" and organism != "human":
            made[f"{field}_ontology_term_id"] = "na"
        else:
            known = {**words.get(field, {}), **given}
            values = obs[field].astype(str) if field in obs.columns else pd.Series("", index=obs.index)
            made[f"{field}_ontology_term_id"] = [known.get(value, UNKNOWN) for value in values]
    made["donor_id"] = obs["donor_id"].astype(str).to_numpy()
    made["suspension_type"] = obs["suspension_type"].astype(str).to_numpy()
    made["tissue_type"] = "tissue"
    made = made.astype("category")
    made["is_primary_data"] = False
    kept = {"sample_id": "sample_id", "condition": "condition", "cell_type": "author_cell_type"}
    for name, kept_as in kept.items():
        if name in obs.columns:
            made[kept_as] = obs[name].astype(str).astype("category").to_numpy()
    return made


def _ensembl_ids(symbols: Iterable[str], organism: str) -> list[str]:
    """Return the Ensembl id of each symbol; empty where it has none, or several."""
    table = pd.read_csv(signature_path(f"genes_{organism}.tsv.gz"), sep="\t", dtype=str, keep_default_na=False)
    by_symbol = dict(zip(table["symbol"], table["ensembl"], strict=True))
    return [by_symbol.get(symbol, "") for symbol in symbols]


def _cell_ontology() -> dict[str, str]:
    return {population.id: population.cl for population in load_populations() if population.cl}


def write_tenx(cells: AnnData, folder: Path | str) -> Path:
    """Write raw counts as ``matrix.mtx.gz``, ``features.tsv.gz`` and ``barcodes.tsv.gz``, the labels as ``cells.tsv``.

    Parameters
    ----------
    cells
        Cells × genes, raw counts in ``layers["counts"]``.
    folder
        The folder to make; one that is there already is not touched.

    Returns
    -------
    The folder.

    Raises
    ------
    dolor.core.errors.DataError
        The folder is there already or cannot be made, or a name holds a tab or a line end.

    Examples
    --------
    >>> write_tenx(cells, "for_seurat")  # doctest: +SKIP
    """
    check_cells(cells)
    folder = Path(folder)
    if folder.exists():
        raise DataError(f"{folder}: is there already; name a folder that is not")
    ids = cells.var["gene_id"].astype(str) if "gene_id" in cells.var.columns else cells.var_names.astype(str)
    features = [f"{gene_id}\t{name}\tGene Expression" for gene_id, name in zip(ids, cells.var_names, strict=True)]
    _refuse_breaks([*ids, *cells.var_names, *cells.obs_names])
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name:
            made = Path(name) / "made"
            made.mkdir()
            _packed(made / "features.tsv.gz", features)
            _packed(made / "barcodes.tsv.gz", cells.obs_names)
            with (made / "matrix.mtx.gz").open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as stream:
                scipy_io.mmwrite(cast("IO[bytes]", stream), cells.layers["counts"].T.tocoo(), field="integer")
            write_tsv(cells.obs.rename_axis("barcode").reset_index(), made / "cells.tsv")
            shutil.move(made, folder)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror or error})") from error
    return folder


def _refuse_breaks(names: Iterable[str]) -> None:
    for name in names:
        if "\t" in name or "\n" in name or "\r" in name:
            raise DataError(f"the name {name[:60]!r} holds a tab or a line end, which a 10x folder cannot; rename it")


def _packed(path: Path, lines: Iterable[str]) -> None:
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))
