"""Naming cells: clusters, the evidence of their markers, a walk down the tree, and the cells that do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.annotate.assign import Verdict, cluster_table, marker_evidence
from dolor.annotate.clusters import Clustering, cluster, refine
from dolor.annotate.consensus import Candidates, candidates, limits_sentence, name_clusters, panel_limits
from dolor.annotate.labels import ROOT_CONTAMINATION, agreement_sentence, keep_given, write_labels
from dolor.annotate.markers import cluster_levels
from dolor.annotate.mixture import assign_by_profile
from dolor.annotate.refinement import rare_candidates
from dolor.annotate.sketch import MOST_CELLS
from dolor.core.contracts import check_cells
from dolor.core.errors import DataError
from dolor.core.normalize import TARGET, log_values
from dolor.core.tables import ANNOTATION, check
from dolor.core.vocabulary import UNASSIGNED
from dolor.io.matrix.cell_rows import CellRows, counts_of
from dolor.knowledge import populations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData
    from numpy.typing import NDArray

    from dolor.knowledge.population_files import Population

_FEWEST_GENES = 5
# Rounds of naming and moving cells; cells of a cluster without a name that is kept as one unknown population; counts
# of a gene that is looked at when cells are assigned.
_ROUNDS, _FEWEST_UNKNOWN, _FEWEST_COUNTS = 3, 10, 10
# Cells of a typical cluster from which on its profile is known well enough before clusters of one name are joined.
_FEWEST_PURIFIED = 20
# Confidence with which a part of a population has to bear another name.
_SURE = 0.8
# Share of the cells of a population that may lie in parts which do not confirm its class, and what is set before the
# name of a population of which more do.
_MOST_UNCONFIRMED, _DOUBTED = 0.5, f"{UNASSIGNED}/doubted/"
# Genes are not independent: log-likelihoods are divided by this before they become certainty.
_TEMPERATURE = 10.0


def annotate(
    adata: AnnData,
    compartment: str,
    *,
    signatures: str = "",
    integration: str = "none",
    resolution: float = 4.0,
    min_confidence: float = 0.5,
    seed: int = 0,
    known: Sequence[Population] | None = None,
    counts: CellRows | None = None,
    most_cells: int = MOST_CELLS,
) -> pd.DataFrame:
    """Name the cells from marker signatures, and say how sure that is.

    Cells are clustered, and each class that is found is clustered once more by itself. In each cluster every population
    that may live in the compartment is weighed: how much likelier it makes what is on and what is off than a cluster of
    nobody in particular, judged by markers of others of like expression. The cluster takes the deepest name in the tree
    that the evidence supports; among the clusters of one class markers count by how they differ between these. Then
    cells move to the named population that they fit best by all genes, condition by condition, and clusters are named
    again. A population of a few cells without a cluster of their own is sought by its rare markers. The order of the
    cells changes nothing.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]`` and, where it is there, ``obs["ambient_share"]`` from
        :func:`dolor.pp.ambient`: a marker that leakage explains is not on. Changed in place: ``obs`` gets
        ``cell_lineage``, ``cell_class``, ``cell_type``, ``cell_state``, ``cell_type_confidence``, ``second_best``,
        ``cell_type_ontology_term_id``, ``annotation_flag``, ``cluster``, ``compartment`` (what a file brought under
        these names is kept as ``cell_type_given`` and so on); ``obsm`` gets ``X_pca``, ``X_umap``; ``var`` gets
        ``n_counts``; ``uns`` gets ``annotation_limits`` (populations that these genes cannot tell) and
        ``annotation_clusters`` (which markers each cluster has and lacks); ``X`` becomes log-normalised.
    compartment
        Where the tissue stands on the pain axis, such as ``drg``: only populations that live there compete, and those
        of a neighbouring one against a prior; their cells are flagged ``root_contamination``.
    signatures
        A file of your own populations; empty: those that dolor ships.
    integration
        ``none``, ``harmony`` or ``scvi``: how samples are aligned before clustering.
    resolution
        Leiden resolution. Fine clusters do no harm, since clusters of one name become one population.
    min_confidence
        Confidence, from 0 to 1, below which a cell keeps its parent's name, or none.
    seed
        Seed of everything random.
    known
        The populations themselves in place of a file, from :func:`dolor.populations.load`, such as without the markers
        of one source.
    counts
        The counts of these cells, where they stay in a file: from :func:`dolor.io.stored_cells.open_cells`. Then
        ``layers["counts"]`` is not needed, ``X`` is left out, and memory holds marker genes, embeddings, and the
        variable genes of one class at a time.
    most_cells
        Of more cells clusters are learnt on a sketch of half as many, in which rare kinds are kept whole; the others
        go with the sketched cells that they lie among (``obs["in_sketch"]`` says which those are). Names are weighed
        on all cells in any case.

    Returns
    -------
    The evidence: one row a (cell type, marker) with ``expected`` (+ or -), ``mean_expression`` and ``detection``.

    Raises
    ------
    dolor.core.errors.DataError
        The object is not Cells, or too few markers of any population were measured.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=100)
    >>> adata = dl.read(study.cells)
    >>> evidence = dl.tl.annotate(adata, compartment="drg")
    >>> {"cell_lineage", "cell_class", "cell_type"} <= set(adata.obs)
    True
    """
    check_cells(adata, counts=counts)
    known = populations.load(signatures or None) if known is None else tuple(known)
    if not adata.obs_names.is_monotonic_increasing:
        work, order = _in_order_of_names(adata, in_memory=counts is None)
        evidence = annotate(
            work, compartment, integration=integration, resolution=resolution, min_confidence=min_confidence,
            seed=seed, known=known, most_cells=most_cells, counts=None if counts is None else counts.in_order(order),
        )  # fmt: skip
        _take_back(adata, work, np.argsort(order))
        return evidence
    rows = counts_of(adata, counts)
    who = candidates(populations.PopulationTree(known), compartment)
    signs = _signs(str(adata.obs["organism"].iloc[0]), compartment, known, who, adata.var_names)
    keep_given(adata.obs)
    adata.obs["compartment"] = compartment
    if counts is None:
        adata.X = log_values(sparse.csr_matrix(adata.layers["counts"]))
    adata.uns["annotation_limits"] = panel_limits(known, signs, who, str(adata.obs["organism"].iloc[0]))

    how = Clustering(integration, seed, most_cells)
    naming = _Naming(adata, rows, signs, who, min_confidence)
    coarse = naming.purified(rows, naming.with_rare(cluster(adata, how, resolution=resolution, counts=counts)))
    stems = {name: naming.class_of(verdict) for name, verdict in naming.verdicts(coarse).items()}
    joined = naming.improved(rows, coarse.map(stems) + "/" + coarse, across=True)
    fine = refine(rows, adata.obs["sample_id"], joined, joined, adata.var_names.isin(signs.columns), how)
    fine = naming.improved(rows, naming.sure_parts(joined, fine))
    verdicts = naming.verdicts(fine, believe=True)
    adata.obs["cluster"] = fine.to_numpy()
    of_cell = fine.map(verdicts).to_list()
    confidence = np.array([one.confidence for one in of_cell]) * naming.certainty(rows, fine, verdicts)
    write_labels(adata, of_cell, confidence, who)
    levels = cluster_levels(naming.logged, fine, naming.library)[1]
    adata.uns["annotation_clusters"] = cluster_table(fine, verdicts, levels, signs, naming.library)
    return marker_evidence(adata.obs["cell_type"], naming.logged, signs)


def annotation_table(adata: AnnData) -> pd.DataFrame:
    """Return the labels as the table ``annotation``: one row a cell, in the order of ``obs``; transferred ones too."""
    columns = [
        "sample_id", "cell_lineage", "cell_class", "cell_type", "cell_state", "second_best",
        "cell_type_ontology_term_id", "annotation_flag",
    ]  # fmt: skip
    frame = adata.obs[columns].astype(str).reset_index(drop=True)
    frame.insert(0, "barcode", adata.obs_names.astype(str))
    frame["cell_type_confidence"] = adata.obs["cell_type_confidence"].to_numpy(dtype=float)
    if "transferred_type" in adata.obs.columns:
        frame["transferred_type"] = adata.obs["transferred_type"].astype(str).to_numpy()
        frame["transferred_confidence"] = adata.obs["transferred_confidence"].to_numpy(dtype=float)
    return check(frame, ANNOTATION)


def annotation_remarks(adata: AnnData) -> list[str]:
    """Say what a reader should know: whom the genes cannot tell, who lives next door, what label transfer says."""
    remarks = [limits_sentence(adata.uns["annotation_limits"])]
    flagged = int((adata.obs["annotation_flag"] == ROOT_CONTAMINATION).sum())
    if flagged:
        remarks.append(f"{flagged} cells are of populations that do not live here: roots may have come along")
    if "label_transfer" in adata.uns:
        remarks.append(agreement_sentence(adata.uns["label_transfer"], adata.uns["label_transfer_source"]["method"]))
    return [remark for remark in remarks if remark]


def _in_order_of_names(adata: AnnData, *, in_memory: bool) -> tuple[AnnData, NDArray[np.intp]]:
    """Return the cells in the order of their barcodes, and that order: the result is the same in any order."""
    import anndata

    order = np.argsort(adata.obs_names.to_numpy(dtype=str), kind="stable")
    layers = {"counts": sparse.csr_matrix(adata.layers["counts"])[order]} if in_memory else {}
    work = anndata.AnnData(obs=adata.obs.iloc[order].copy(), var=adata.var.copy(), layers=layers)
    work.uns = adata.uns
    return work, order


def _take_back(adata: AnnData, work: AnnData, back: NDArray[np.intp]) -> None:
    """Write what was found back to the cells in their own order."""
    adata.obs, adata.var = work.obs.iloc[back], work.var
    if work.X is not None:
        adata.X = work.X[back]
    adata.uns.update(work.uns)
    for name in work.obsm:
        adata.obsm[name] = work.obsm[name][back]


class _Naming:
    """The marker genes of some cells and who competes for their names."""

    def __init__(
        self, adata: AnnData, rows: CellRows, signs: pd.DataFrame, who: Candidates, min_confidence: float
    ) -> None:
        self.obs, self.signs, self.who, self.min_confidence = adata.obs, signs, who, min_confidence
        genes, logged = adata.var_names.get_indexer(signs.columns), []
        totals, n_counts = np.zeros(adata.n_obs), np.zeros(adata.n_vars, dtype=np.int64)
        for place, block in rows.blocks():
            totals[place] = np.asarray(block.sum(axis=1)).ravel()
            n_counts += np.asarray(block.sum(axis=0), dtype=np.int64).ravel()
            logged.append(log_values(block)[:, genes])
            logged[-1].sort_indices()
            logged[-1].eliminate_zeros()
        adata.var["n_counts"] = n_counts
        self.n_counts = n_counts
        self.condition = np.asarray(pd.factorize(adata.obs["condition"].astype(str), sort=True)[0], dtype=np.int64)
        self.library = float(np.median(totals))
        self.logged = sparse.csr_matrix(sparse.vstack(logged, format="csr"))
        shown = np.ones(self.logged.nnz), self.logged.indices, self.logged.indptr
        self.detected = sparse.csr_matrix(shown, shape=self.logged.shape)
        self.mixture = n_counts[genes] / max(totals.sum(), 1.0)

    def leaked(self, clusters: pd.Series, names: Sequence[str]) -> NDArray[np.float64] | None:
        """Return what leakage explains in each cluster, transcripts among 10,000, where it was estimated."""
        if "ambient_share" not in self.obs.columns:
            return None
        share = self.obs["ambient_share"].fillna(0.0).groupby(clusters.to_numpy()).mean()
        return np.asarray(np.outer(share.reindex(names), TARGET * self.mixture))

    def verdicts(self, clusters: pd.Series, *, believe: bool = False, across: bool = False) -> dict[str, Verdict]:
        """Name clusters; believe in the class that stands before the first stroke of a cluster's name."""
        names, levels = cluster_levels(self.logged, clusters, self.library)
        stems = [name.partition("/")[0] if "/" in name else UNASSIGNED for name in names]
        believed = [stem.replace(UNASSIGNED, "") for stem in stems] if believe else []
        found = name_clusters(
            levels,
            self.signs,
            self.who,
            self.min_confidence,
            library=self.library,
            leaked=self.leaked(clusters, names),
            sizes=np.asarray(clusters.value_counts().reindex(names), dtype=np.int64),
            believed=believed,
            alike=[name.rpartition("/")[0] for name in names] if across else [],
        )
        verdicts = dict(zip(names, found, strict=True))
        return verdicts | {
            name: Verdict((), 0.0, verdict.path[-1] if verdict.path else "")
            for name, verdict in verdicts.items()
            if name.startswith(_DOUBTED)
        }

    def class_of(self, verdict: Verdict) -> str:
        """Return the class of a verdict, or that it has none."""
        return (verdict.path and self.who.tree.level_of(verdict.path[-1], "class")) or UNASSIGNED

    def with_rare(self, clusters: pd.Series) -> pd.Series:
        """Set apart cells of a class that no cluster was named after, where as a cluster they bear that name.

        Each showed several of its rare markers, so that the class is believed in as that of a larger cluster would be.
        """
        known = {self.class_of(verdict) for verdict in self.verdicts(clusters).values()}
        marks = pd.DataFrame(self.signs.to_numpy() > 0, index=self.signs.index, columns=self.signs.columns)
        of_class = [name for name in self.who.classes if name in marks.index]
        own = marks.loc[of_class] & (marks.loc[of_class].sum(axis=0) <= 2)
        rare = rare_candidates(self.detected, own, sorted(known))
        if not rare.any():
            return clusters
        split = clusters.where(rare == "", rare + "/rare")
        confirmed = {
            name
            for name, verdict in self.verdicts(split, believe=True).items()
            if name.endswith("/rare") and self.class_of(verdict) == name.removesuffix("/rare")
        }
        return split.where(split.isin(confirmed), clusters)

    def improved(self, rows: CellRows, clusters: pd.Series, *, across: bool = False) -> pd.Series:
        """Name clusters, and move cells to the named populations that they fit best, until names stay."""
        for number in range(_ROUNDS):
            verdicts = self.verdicts(clusters, believe=True, across=across and number == 0)
            before, clusters = clusters, self.by_profile(rows, clusters, verdicts)
            if (clusters == before).all():
                break
        return clusters

    def purified(self, rows: CellRows, clusters: pd.Series) -> pd.Series:
        """Move each cell to the cluster that it fits best by all genes: a cluster of two kinds loses one or both."""
        names = sorted(set(clusters))
        if clusters.value_counts().median() < _FEWEST_PURIFIED:
            return clusters
        found, _ = self._assigned(rows, clusters, names)
        return pd.Series(np.array([*names, UNASSIGNED], dtype=object)[found], index=clusters.index)

    def by_profile(self, rows: CellRows, clusters: pd.Series, verdicts: dict[str, Verdict]) -> pd.Series:
        """Join clusters of one name, and move each cell to the joined cluster that it fits best by all genes.

        A cluster without a name stays as one unknown population, unless it is very small.
        """
        sizes = clusters.value_counts()
        joined = {name: self._joined_name(verdict) for name, verdict in verdicts.items()}
        joined |= {name: name for name in joined if not joined[name] and sizes[name] >= _FEWEST_UNKNOWN}
        labels = clusters.map(joined)
        names = sorted(set(labels) - {""})
        if not names:
            return clusters
        found, _ = self._assigned(rows, labels, names)
        return pd.Series(np.array([*names, UNASSIGNED], dtype=object)[found], index=clusters.index)

    def _joined_name(self, verdict: Verdict) -> str:
        name = self.class_of(verdict)
        return "" if name == UNASSIGNED else "/".join((name, *verdict.path[verdict.path.index(name) + 1 :], ""))

    def _assigned(
        self, rows: CellRows, labels: pd.Series, names: Sequence[str]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        code = pd.Categorical(labels, categories=list(names)).codes.astype(np.int64)
        genes = self.n_counts >= min(_FEWEST_COUNTS, int(self.n_counts.max()))
        return assign_by_profile(rows.with_genes(genes), code, len(names), self.condition)

    def sure_parts(self, whole: pd.Series, parts: pd.Series) -> pd.Series:
        """Keep those parts of clusters that surely bear another name than the whole.

        A population most of whose parts do not show its class when they are looked at by themselves loses its name.
        """
        of_whole = self.verdicts(whole, believe=True)
        of_parts = self.verdicts(parts, believe=True, across=True)
        sure = {
            name
            for name, stem in dict(zip(parts, whole, strict=True)).items()
            if of_parts[name].confidence >= _SURE
            and len(of_parts[name].path) > 1
            and of_parts[name].path[-1] not in of_whole[stem].path
        }
        shown = [
            part in sure or self.class_of(of_whole[stem]) in (UNASSIGNED, *of_parts[part].path)
            for part, stem in zip(parts, whole, strict=True)
        ]
        doubted = pd.Series(shown, index=whole.index).groupby(whole).mean() < 1 - _MOST_UNCONFIRMED
        kept = whole.where(~whole.map(doubted), _DOUBTED + whole)
        return parts.where(parts.isin(sure), kept)

    def certainty(self, rows: CellRows, clusters: pd.Series, verdicts: dict[str, Verdict]) -> NDArray[np.float64]:
        """Return how surely each cell is of the class of its cluster and of no other, by all genes."""
        names = sorted(set(clusters))
        fits = self._assigned(rows, clusters, names)[1]
        kinds = np.array([self.class_of(verdicts[name]) for name in names], dtype=object)
        code = clusters.map({name: number for number, name in enumerate(names)}).to_numpy(dtype=np.int64)
        others = np.where(kinds[None, :] == kinds[code][:, None], -np.inf, fits).max(axis=1)
        lead = (fits[np.arange(len(code)), code] - others) / _TEMPERATURE
        return np.asarray(1 / (1 + np.exp(-np.clip(lead, -50, 50))))


def _signs(
    organism: str, compartment: str, known: Sequence[Population], who: Candidates, genes: pd.Index
) -> pd.DataFrame:
    """Lay the markers of all who compete out as populations × measured genes."""
    listed = populations.markers(organism, known=known)
    listed = listed[listed["population"].isin(who.children)]
    measured = populations.markers(organism, known=known, measured=genes)
    measured = measured[measured["population"].isin(who.children)]
    if measured["gene"].nunique() < _FEWEST_GENES:
        raise DataError(
            f"of {listed['gene'].nunique()} marker genes for {organism} {compartment} only "
            f"{measured['gene'].nunique()} are in the data; check the organism and that var_names are gene symbols"
        )
    table = measured.pivot_table(index="population", columns="gene", values="sign", aggfunc="first", fill_value=0)
    return table.astype(np.int8)
