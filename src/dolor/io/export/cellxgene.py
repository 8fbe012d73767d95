"""Cells with the field names and ontology terms of the CELLxGENE schema (version 7).

What dolor cannot know (disease, developmental stage, ethnicity) has to be given; what nobody gave is ``unknown`` and is
named in the answer, since the schema's own validator will ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.contracts.cells import check_cells
from dolor.errors import DataError
from dolor.io.atomic import atomic_path
from dolor.knowledge.paths import signature_path
from dolor.knowledge.populations import load as load_populations

if TYPE_CHECKING:
    from anndata import AnnData

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
    dolor.errors.DataError
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
