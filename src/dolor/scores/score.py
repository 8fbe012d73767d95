"""All registered methods on one sample.

Scores of interactions, sample by sample: from Profiles to the table of interactions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.core.contracts import check_profiles
from dolor.core.errors import UsageError
from dolor.knowledge.pairs import within_bounds
from dolor.pseudobulk.expression import Complexes, combine, log_expression, per_10k
from dolor.pseudobulk.profiles import sum_cells
from dolor.scores.cell_moments import population
from dolor.scores.interaction_index import Slots
from dolor.scores.method import Side
from dolor.scores.permutation import Cells
from dolor.scores.rank_aggregate import DETECTION, MAGNITUDES, SPECIFICITIES, rank_aggregate
from dolor.scores.registry import METHODS
from dolor.scores.score_table import SampleScores, ambient_suspects, leaked_shares, score_flags, score_table
from dolor.scores.specificity import specificity
from dolor.scores.statistics import STATISTICS, SampleSums, samples_of
from dolor.scores.subunits import Compiled, compile_interactions, limiting_gene

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["evaluate", "score", "sides"]

Floats = NDArray[np.float64]


def evaluate(
    sums: SampleSums, ligand: Slots, receptor: Slots, columns: Collection[str] = tuple(METHODS)
) -> dict[str, Floats]:
    """Return the scores of the methods that fill these columns, T × T × I each."""
    return {
        column: method.function(*sides(sums, ligand, receptor, method.needs, method.limited_by))
        for column, method in METHODS.items()
        if column in columns
    }


def sides(
    sums: SampleSums, ligand: Slots, receptor: Slots, needs: tuple[str, ...], limited_by: str
) -> tuple[Side, Side]:
    """Return statistics of the subunits that count: of ligands T × 1 × I, of receptors 1 × T × I."""
    decisive = STATISTICS[limited_by](sums)
    rows = np.arange(len(sums.n))[:, None]
    found: list[Mapping[str, Floats]] = []
    for axis, slots in ((1, ligand), (0, receptor)):
        gene = limiting_gene(decisive, slots)
        found.append({name: np.expand_dims(STATISTICS[name](sums)[rows, gene], axis) for name in needs})
    return found[0], found[1]


def score(
    profiles: AnnData | Path | str,
    interactions: pd.DataFrame,
    *,
    complexes: Complexes = "min",
    methods: Collection[str] = tuple(METHODS),
    cells: AnnData | None = None,
    groupby: str = "cell_type",
    sample_key: str = "sample_id",
    permutations: int = 1000,
    seed: int = 0,
    ambient: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Score every interaction between every two cell types of every sample.

    Parameters
    ----------
    profiles
        Profiles made with these interactions (:func:`dolor.pseudobulk.profiles.profiles`); or the path of an h5ad file
        of Cells, whose sums are then made on the way.
    interactions
        ``interaction_id``, ``ligand``, ``receptor`` (gene logic, in the symbols of the profiles), ``ligand_proxy``.
    complexes
        How subunits make a complex in ``score``: ``"min"``, the limiting one, or ``"geometric"``, their mean.
    methods
        Columns of the methods to compute, all by default. The ranks appear if all that they combine do.
    cells
        The cells that the profiles were made of. Where given, p-values that involve a group of fewer than 28 cells come
        from permutations; else all come from the closed form.
    groupby, sample_key
        Columns of ``cells.obs`` that the profiles were made with, or that a file of Cells is summed by.
    permutations, seed
        Of those permutations: their number, and the seed of the random numbers.
    ambient
        What leakage explains: ``sample_id``, ``population``, ``gene``, ``ambient_share`` (of the gene's transcripts
        there), such as :func:`dolor.pp.profile_evidence` gives. Samples without a row, and all without the table, are
        judged by a rule of thumb: a ligand is suspect below a tenth of its level in the sample as a whole.

    Returns
    -------
    One row a (sample, sender, receiver, interaction), for the cell types that the sample has; ``unassigned`` neither
    sends nor receives.

    - ``score``: log2 of the geometric mean of ligand in the sender and receptor in the receiver, in counts per 10,000
      with a prior of 0.5.
    - One column a method of :data:`dolor.scores.registry.METHODS`. ``lr_probs`` is NaN where the profiles
      hold no trimeans. A complex counts by its limiting subunit, of alternatives the best.
    - ``magnitude_rank``, ``specificity_rank``: LIANA's rank aggregate within the sample, small is strong; NaN where a
      side is detected in less than a tenth of the cells.
    - ``pvalue``: how often cells dealt out at random within the sample reach ``lr_means``.
    - ``flags``: ``ambient_suspect`` (leakage explains half of the ligand in this sender, or more), ``low_detection``
      (a side in less than a tenth of the cells), ``few_cells`` (a group of less than 10), ``proxy`` (enzymes for a
      ligand).
    - ``attrs["unmeasured"]``: interactions without rows, as a side was not measured, with the genes that are missing.

    Raises
    ------
    dolor.core.errors.UsageError
        A method or the rule for complexes is not known.
    dolor.core.errors.DataError
        Columns are missing, an interaction is duplicated, or the profiles were made without these interactions.

    Examples
    --------
    >>> import anndata
    >>> from dolor.core.contracts import SAMPLE_FIELDS
    >>> from dolor.pseudobulk.profiles import profiles
    >>> obs = pd.DataFrame({name: ["a"] * 4 for name in SAMPLE_FIELDS}, index=["c1", "c2", "c3", "c4"])
    >>> obs["cell_type"] = ["macrophage", "macrophage", "neuron", "neuron"]
    >>> counts = np.array([[9.0, 1.0], [8.0, 2.0], [0.0, 9.0], [1.0, 9.0]])
    >>> cells = anndata.AnnData(obs=obs, var=pd.DataFrame(index=["Il1b", "Il1r1"]), layers={"counts": counts})
    >>> pairs = pd.DataFrame({"interaction_id": ["IL1B:IL1R1"], "ligand": ["Il1b"], "receptor": ["Il1r1"]})
    >>> table = score(profiles(cells, pairs), pairs)
    >>> table[["sender", "receiver", "score", "flags"]].round(2)
           sender    receiver  score      flags
    0  macrophage  macrophage  11.80  few_cells
    1  macrophage      neuron  13.13  few_cells
    2      neuron  macrophage   9.80  few_cells
    3      neuron      neuron  11.13  few_cells
    """
    unknown = sorted(set(methods) - set(METHODS))
    if unknown:
        raise UsageError(f"methods: {', '.join(unknown)} is not known; choose among {', '.join(METHODS)}")
    if isinstance(profiles, (str, Path)):
        profiles = sum_cells(profiles, interactions, groupby=groupby, sample_key=sample_key)
    check_profiles(profiles)
    compiled = compile_interactions(profiles, interactions)
    if not len(compiled.table):
        return _nothing_measured(compiled)
    genes = list(profiles.var_names)
    at_hand = Cells(cells, groupby, sample_key, permutations, seed) if cells is not None else None
    scored = []
    for sums, rows in samples_of(profiles):
        if not len(rows):
            continue
        columns = _arrays(sums, compiled, complexes, methods)
        if at_hand is not None:
            columns["pvalue"] = at_hand.replace_small(columns["pvalue"], sums, genes, compiled)
        _add_ranks(columns)
        whole = _whole_sample(profiles, sums.sample)
        suspects = ambient_suspects(sums, compiled, whole, leaked_shares(ambient, sums, genes))
        flags = score_flags(columns, sums, suspects, compiled)
        dataset = str(profiles.obs["dataset_id"].iloc[rows[0]])
        scored.append(SampleScores(dataset, sums.sample, sums.cell_types, columns, flags))
    result = within_bounds(score_table(scored, compiled.table), compiled.table)
    result.attrs["unmeasured"] = compiled.unmeasured
    return result


def _nothing_measured(compiled: Compiled) -> pd.DataFrame:
    """Return a table without rows, with the pairs that were not measured."""
    result = score_table([], compiled.table)
    result.attrs["unmeasured"] = compiled.unmeasured
    return result


def _arrays(
    sums: SampleSums, compiled: Compiled, complexes: Complexes, methods: Collection[str]
) -> dict[str, NDArray[Any]]:
    """All numeric columns of a sample, T × T × I each."""
    shape = (len(sums.n), len(sums.n), len(compiled.table))
    slots = compiled.ligand_slots, compiled.receptor_slots
    linear = per_10k(sums.counts, sums.n_counts)
    ours = [log_expression(combine(linear, units, complexes)) for units in (compiled.ligand, compiled.receptor)]
    columns: dict[str, NDArray[Any]] = {
        "score": (ours[0][:, None] + ours[1][None]) / 2,
        **evaluate(sums, *slots, methods),
    }
    cells = population(
        float(sums.n.sum()),
        sums.s1.sum(axis=0),
        sums.s2.sum(axis=0),
        sums.s3.sum(axis=0),
        compiled.first,
        compiled.second,
        compiled.cross[sums.sample],
    )
    left, right = sides(sums, *slots, ("props", "means"), "means")
    columns["pvalue"] = specificity(left["means"] + right["means"], sums.n, cells, *slots, compiled.meeting)
    n = sums.n.astype(np.int64)
    columns |= {"n_sender": n[:, None, None], "n_receiver": n[None, :, None]}
    columns |= {"detect_ligand": left["props"], "detect_receptor": right["props"]}
    return {name: np.broadcast_to(values, shape) for name, values in columns.items()}


def _add_ranks(columns: dict[str, NDArray[Any]]) -> None:
    ranked = np.minimum(columns["detect_ligand"], columns["detect_receptor"]) >= DETECTION
    if columns.keys() >= set(MAGNITUDES):
        columns["magnitude_rank"] = rank_aggregate([columns[name] for name in MAGNITUDES], ranked)
    if columns.keys() >= set(SPECIFICITIES):
        specific = [-columns["pvalue"], *(columns[name] for name in SPECIFICITIES)]
        columns["specificity_rank"] = rank_aggregate(specific, ranked & np.isfinite(columns["lr_logfc"]))


def _whole_sample(profiles: AnnData, sample: str) -> Floats:
    """Return counts per 10,000 of all cells of a sample together, those without a cell type included."""
    rows = np.flatnonzero((profiles.obs["sample_id"].astype(str) == sample).to_numpy())
    counts = np.asarray(profiles.X[rows].sum(axis=0), dtype=np.float64).reshape(1, -1)
    return np.asarray(per_10k(counts, [profiles.obs["n_counts"].to_numpy()[rows].sum()])[0])
