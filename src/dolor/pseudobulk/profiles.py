"""Profiles: one streaming pass over the cells to a small table of sums, on which everything after it works.

Scores read the sums directly (:class:`Sums`), because importing anndata takes as long as scoring 100,000 cells.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.core.contracts import DETECTION_LAYER, PROFILE_FIELDS, SAMPLE_FIELDS, check_profiles
from dolor.core.errors import DataError
from dolor.core.vocabulary import UNASSIGNED
from dolor.io.matrix.chunks import Source
from dolor.io.matrix.sources import open_source
from dolor.knowledge import gene_logic
from dolor.pseudobulk.accumulate import FIELDS, add_cells
from dolor.pseudobulk.kept_genes import abundant_genes, genes_besides
from dolor.pseudobulk.moments import PAIRS_KEY, gene_pairs, pairs_to_uns
from dolor.pseudobulk.trimeans import TRIMEAN_LAYER, Trimeans

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["Groups", "Sums", "group_cells", "profiles", "sample_fields", "sum_cells"]


@dataclass(frozen=True)
class Groups:
    """Groups of cells, sorted by sample and cell type: the rows of the profiles.

    Attributes
    ----------
    of_cell
        Group of each cell.
    sample
        Sample of each group, a number.
    samples
        Names of the samples.
    labels
        Cell type of each group.
    first_cell
        First cell of each group.
    n_cells
        Cells of each group.
    """

    of_cell: NDArray[np.int64]
    sample: NDArray[np.int64]
    samples: list[str]
    labels: list[str]
    first_cell: NDArray[np.intp]
    n_cells: NDArray[np.int64]


def group_cells(sample: pd.Series, label: pd.Series) -> Groups:
    """Give a number to each group that occurs, by sample and then cell type."""
    sample_names, sample_codes = _sorted_codes(sample)
    label_names, label_codes = _sorted_codes(label)
    n_labels = len(label_names)
    code = sample_codes * n_labels + label_codes
    present, first_cell, of_cell = np.unique(code, return_index=True, return_inverse=True)
    return Groups(
        of_cell.astype(np.int64),
        present // n_labels,
        sample_names,
        [label_names[i] for i in present % n_labels],
        first_cell,
        np.bincount(of_cell, minlength=len(present)),
    )


def _sorted_codes(column: pd.Series) -> tuple[list[str], NDArray[np.int64]]:
    """Return the values that occur, as sorted text, and the number of each row's; labels are never copied as text."""
    codes, values = pd.factorize(column)
    sorted_names, rank = np.unique(np.array([str(value) for value in values]), return_inverse=True)
    return [str(name) for name in sorted_names], rank[codes].astype(np.int64)


def sample_fields(obs: pd.DataFrame, groups: Groups, sample_key: str) -> pd.DataFrame:
    """Take the columns that are constant within every sample, one row a group."""
    sample_of_cell = groups.sample[groups.of_cell]
    _, first_of_sample = np.unique(sample_of_cell, return_index=True)
    result = pd.DataFrame(index=_row_names(groups))
    for name in obs.columns:
        if name == "cell_type":
            continue
        codes = pd.factorize(obs[name])[0]
        if (codes == codes[first_of_sample][sample_of_cell]).all():
            values = obs[name].iloc[groups.first_cell]
            as_text = isinstance(values.dtype, pd.CategoricalDtype) or name in SAMPLE_FIELDS
            # A column of the user's keeps its values where profiles have one of that name.
            result[f"sample_{name}" if name in PROFILE_FIELDS else name] = (
                values.astype(str) if as_text else values
            ).to_numpy()
        elif name in SAMPLE_FIELDS:
            raise DataError(f"obs['{name}'] has several values within one sample of obs['{sample_key}']")
    result["sample_id"] = [groups.samples[i] for i in groups.sample]
    return result


def _row_names(groups: Groups) -> list[str]:
    names = [f"{groups.samples[i]}|{label}" for i, label in zip(groups.sample, groups.labels, strict=True)]
    return names if len(set(names)) == len(names) else [f"{name}|{i}" for i, name in enumerate(names)]


@dataclass(frozen=True)
class Sums:
    """Sums of cells by sample and cell type, with the attributes of an AnnData that hold them.

    Attributes
    ----------
    obs
        One row a (sample, cell type).
    var_names
        Genes.
    layers
        By name, rows × genes; ``psbulk`` holds the counts.
    uns
        Cross moments of pairs, and the number of genes in the data.
    """

    obs: pd.DataFrame
    var_names: pd.Index
    layers: dict[str, NDArray[np.float64]]
    uns: dict[str, Any]

    @property
    def X(self) -> NDArray[np.float64]:  # noqa: N802  the name that AnnData has
        """Summed counts."""
        return self.layers["psbulk"]

    def to_anndata(self) -> AnnData:
        """Return the profiles."""
        from anndata import AnnData

        var = pd.DataFrame(index=self.var_names)
        return AnnData(X=self.X.copy(), obs=self.obs, var=var, layers=self.layers, uns=self.uns)


_LOG = logging.getLogger(__name__)
# Stored values that a chunk holds: 8 MB of indices and values at four bytes each, and three chunks are in memory.
_CHUNK = 1_000_000

_NO_INTERACTIONS = pd.DataFrame(columns=["ligand", "receptor"])


def profiles(
    data: AnnData | Source | Path | str,
    interactions: pd.DataFrame | None = None,
    *,
    groupby: str = "cell_type",
    sample_key: str = "sample_id",
    genes: Iterable[str] | None = None,
    signatures: Path | str | None = None,
    chunk_size: int = _CHUNK,
    trimean: bool | None = None,
    keep_doublets: bool = False,
    layer: str = "",
    condition_key: str = "condition",
) -> AnnData:
    """Pseudobulk: sum cells to one row per sample and cell type.

    The counts are read once, in chunks (twice where a file holds them by columns), so that memory depends on samples,
    cell types and genes but not on cells. Sums run in the order of the cells: the size of a chunk changes nothing, the
    order of the cells only the rounding.

    Parameters
    ----------
    data
        Cells (:mod:`dolor.core.contracts`) in memory; the path of an h5ad file, a zarr store or a SOMA experiment (the
        latter needs the extra ``census``), told apart by their content; or what
        :func:`dolor.io.matrix.soma.open_soma` gives, for some cells of an experiment.
        ``layers["counts"]`` is read.
    interactions
        Ligand-receptor pairs with ``ligand`` and ``receptor`` in gene logic: only their genes are kept, and the cross
        moments of the pairs, which p-values of specificity need, are summed too.
    groupby
        Column of ``obs`` with the cell types. Cells labelled ``unassigned`` keep their row, but stay out of the cross
        moments.
    sample_key
        Column of ``obs`` with the samples.
    genes
        Genes to keep besides those of the pairs; default: what contrasts and responses read, that is markers, response
        programmes and the most abundant genes, to normalise by (all genes where ``var`` has no ``n_counts``, which
        annotation writes). Without ``interactions`` and ``genes``, all are kept.
    signatures
        A file of own populations, for their markers.
    chunk_size
        Stored values read at a time.
    trimean
        Also compute the trimean of x, which CellChat's probability needs. It takes eight bytes for every stored value
        of the genes kept, so by default it is computed for data in memory and not for a file.
    keep_doublets
        Count cells that ``obs["doublet"]`` flags (``yes``) under their label. By default they are counted as
        ``unassigned``, since half of what they hold is another cell's; ``uns["dolor_profiles"]`` says how many.
    layer
        For data in memory: the layer with the raw counts, as for :func:`dolor.io.read.read`.
    condition_key
        For data in memory: column of ``obs`` with the condition. Fields of a sample that are not there are ``unknown``.

    Returns
    -------
    Profiles, sorted by sample and cell type; x is log1p of a cell's counts per 10,000.

    - ``X`` and ``layers["psbulk"]``: summed counts; ``psbulk_props``: fraction of the cells that detect the gene.
    - ``lognorm_s1``, ``_s2``, ``_s3``: sums of x, x², x³; ``per_10k_s1``: sum of counts per 10,000;
      ``lognorm_trimean`` on request.
    - ``obs``: what is constant in a sample, ``cell_type``, ``n_cells`` (also ``psbulk_cells``), ``n_counts`` over all
      genes (also ``psbulk_counts``), and over all genes the sum, the sum of squares and the maximum of x
      (``lognorm_s1``, ``lognorm_s2``, ``lognorm_max``).
    - ``uns["dolor_pairs"]``: for the pairs ``first``, ``second`` and the samples ``sample_id``, the sums over cells of
      x_a x_b (``s11``), x_a² x_b (``s21``) and x_a x_b² (``s12``).
    - ``uns["dolor_profiles"]``: ``n_genes`` in the data, ``n_doublets`` left out.

    Raises
    ------
    dolor.core.errors.DataError
        A column is missing or empty, a gene or barcode is duplicated, or the layer holds no raw counts.
    dolor.core.errors.IntegrityError
        The file or its sparse matrix is broken.

    Examples
    --------
    >>> import anndata, scipy.sparse
    >>> from dolor.core.contracts import SAMPLE_FIELDS
    >>> obs = pd.DataFrame({name: ["a", "a", "b"] for name in SAMPLE_FIELDS}, index=["c1", "c2", "c3"])
    >>> obs["cell_type"] = ["neuron", "neuron", "macrophage"]
    >>> counts = scipy.sparse.csr_matrix([[1.0, 0.0], [2.0, 1.0], [0.0, 4.0]])
    >>> cells = anndata.AnnData(obs=obs, var=pd.DataFrame(index=["Il1b", "Il1r1"]), layers={"counts": counts})
    >>> profiles(cells).to_df()
                  Il1b  Il1r1
    a|neuron       3.0    1.0
    b|macrophage   0.0    4.0
    """
    if not isinstance(data, (str, Path, Source)):
        data = _as_cells(data, layer, sample_key, condition_key)
    source = open_source(data)
    if genes is None and interactions is not None:
        organism = str(source.obs["organism"].iloc[0]) if "organism" in source.obs and len(source.obs) else ""
        genes = genes_besides(source.genes, abundant_genes(data, source.genes), organism, signatures)
    return sum_cells(
        source,
        interactions,
        groupby=groupby,
        sample_key=sample_key,
        genes=genes,
        chunk_size=chunk_size,
        trimean=_wants_trimean(trimean, data),
        keep_doublets=keep_doublets,
    ).to_anndata()


def _as_cells(adata: AnnData, layer: str, sample_key: str, condition_key: str) -> AnnData:
    """Give an object in memory the form of Cells where it lacks something of it; the object itself stays as it is."""
    named = {"sample_id": sample_key, "condition": condition_key}
    lacking = [field for field in SAMPLE_FIELDS if field not in adata.obs]
    if not lacking and not layer and "counts" in adata.layers and condition_key == "condition":
        return adata
    from anndata import AnnData as Cells

    from dolor.io.counts import at_raw, raw_counts
    from dolor.io.genes import checked_organism
    from dolor.io.read import complete_fields

    absent = [key for key in named.values() if key not in adata.obs]
    if absent:
        raise DataError(f"the data: obs has no column '{absent[0]}'; name it with sample_key= or condition_key=")
    found = at_raw(adata, layer, "the data")
    obs = found.obs.copy()
    for field, key in named.items():
        if field in obs and key != field:
            obs[f"{field}_given"] = obs[field]
        obs[field] = obs[key]
    obs = complete_fields(obs, "the data")
    if "organism" not in obs:
        obs["organism"] = checked_organism(found.var_names, None, "the data") or "unknown"
    filled = [field for field in lacking if field not in named]
    if filled:
        _LOG.info("obs has no %s: taken as unknown, or from what is there", ", ".join(filled))
    return Cells(obs=obs, var=found.var, layers={"counts": raw_counts(found, layer, "the data")}, uns=dict(found.uns))


def sum_cells(
    data: AnnData | Source | Path | str,
    interactions: pd.DataFrame | None = None,
    *,
    groupby: str = "cell_type",
    sample_key: str = "sample_id",
    genes: Iterable[str] | None = None,
    chunk_size: int = _CHUNK,
    trimean: bool | None = None,
    keep_doublets: bool = False,
) -> Sums:
    """Sum cells as :func:`profiles` does, to what scores read without importing anndata."""
    source = open_source(data)
    _check(source, groupby, sample_key)
    kept = _kept_genes(source, interactions, genes)
    label, n_doublets = _without_doublets(source.obs, groupby, keep=keep_doublets)
    groups = group_cells(source.obs[sample_key], label)
    pairs = gene_pairs(interactions if interactions is not None else _NO_INTERACTIONS, kept)
    column = np.asarray(kept.get_indexer(source.genes), dtype=np.int64)
    sums = np.zeros((len(groups.sample), len(kept), len(FIELDS)))
    whole = np.zeros((len(groups.sample), 3))
    totals = np.zeros(len(groups.sample))
    products = np.zeros((len(groups.samples), len(pairs.first), 3))
    in_null = np.where(np.array(groups.labels) == UNASSIGNED, -1, groups.sample)
    quartiles = Trimeans(groups.n_cells, len(kept)) if _wants_trimean(trimean, data) else None
    for chunk in source.chunks(chunk_size, column >= 0):
        group = groups.of_cell[chunk.start : chunk.start + len(chunk.library)]
        stored = chunk.data, chunk.indices, chunk.indptr, chunk.library
        links = column, pairs.starts, pairs.first, pairs.second
        of_rows = whole if chunk.whole is None else np.zeros_like(whole)
        add_cells(*stored, group, in_null[group], *links, sums, of_rows, products)
        if chunk.whole is not None:
            np.add.at(whole[:, :2], group, chunk.whole[:, :2])
            np.maximum.at(whole[:, 2], group, chunk.whole[:, 2])
        np.add.at(totals, group, chunk.library)
        if quartiles is not None:
            quartiles.add(chunk, group, column)
    result = _as_sums(source, groups, kept, sums, whole, totals, sample_key)
    result.uns["dolor_profiles"]["n_doublets"] = n_doublets
    if quartiles is not None:
        result.layers[TRIMEAN_LAYER] = quartiles.result()
    if interactions is not None:
        result.uns[PAIRS_KEY] = pairs_to_uns(pairs, kept, groups.samples, products)
    check_profiles(result, source.name)
    return result


def _without_doublets(obs: pd.DataFrame, groupby: str, *, keep: bool) -> tuple[pd.Series, int]:
    """Return the labels with flagged doublets as unassigned, and how many of them had a label."""
    if keep or "doublet" not in obs.columns:
        return obs[groupby], 0
    flagged = (obs["doublet"].astype(str) == "yes") & (obs[groupby].astype(str) != UNASSIGNED)
    if not flagged.any():
        return obs[groupby], 0
    return obs[groupby].astype(object).mask(flagged, UNASSIGNED), int(flagged.sum())


def _wants_trimean(trimean: bool | None, data: AnnData | Source | Path | str) -> bool:
    return not isinstance(data, (str, Path, Source)) if trimean is None else trimean


def _check(source: Source, groupby: str, sample_key: str) -> None:
    missing = [name for name in (*SAMPLE_FIELDS, groupby, sample_key) if name not in source.obs.columns]
    if missing:
        raise DataError(
            f"{source.name}: obs lacks the column(s) {', '.join(dict.fromkeys(missing))} "
            f"(it has {', '.join(map(str, source.obs.columns)) or 'none'})"
        )
    for key in (groupby, sample_key):
        empty = source.obs[key].isna() | (source.obs[key] == "")
        if empty.any():
            raise DataError(
                f"{source.name}: obs['{key}'] is missing or empty for {int(empty.sum())} of {len(source.obs)} cells; "
                f"label them '{UNASSIGNED}' or remove them"
            )
    if not source.genes.is_unique:
        twice = ", ".join(map(repr, source.genes[source.genes.duplicated()].unique()[:3]))
        raise DataError(f"{source.name}: gene symbols are duplicated ({twice}); make them unique")


def _kept_genes(source: Source, interactions: pd.DataFrame | None, genes: Iterable[str] | None) -> pd.Index:
    """Return the measured genes that are asked for, in the order of the data."""
    if interactions is None and genes is None:
        return source.genes
    wanted = set(genes if genes is not None else ())
    if interactions is not None:
        for text in pd.unique(pd.concat([interactions["ligand"], interactions["receptor"]])):
            wanted.update(gene_logic.genes(text))
    return source.genes[source.genes.isin(list(wanted))]


def _as_sums(
    source: Source,
    groups: Groups,
    genes: pd.Index,
    sums: NDArray[np.float64],
    whole: NDArray[np.float64],
    totals: NDArray[np.float64],
    sample_key: str,
) -> Sums:
    obs = sample_fields(source.obs, groups, sample_key)
    obs["cell_type"] = groups.labels
    obs["n_cells"] = obs["psbulk_cells"] = groups.n_cells
    obs["n_counts"] = obs["psbulk_counts"] = totals
    obs[["lognorm_s1", "lognorm_s2", "lognorm_max"]] = whole
    layers = {name: sums[:, :, i].copy() for i, name in enumerate(FIELDS)}
    layers["psbulk"] = layers.pop("counts")
    layers[DETECTION_LAYER] = layers.pop("detected") / groups.n_cells[:, None]
    return Sums(obs, genes, layers, {"dolor_profiles": {"n_genes": len(source.genes)}})
