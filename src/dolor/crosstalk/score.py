"""Scores of interactions, sample by sample: from Profiles to the table of interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.contracts.profiles import check_profiles
from dolor.contracts.tables import INTERACTIONS, check
from dolor.crosstalk.compile_interactions import Compiled, compile_interactions
from dolor.crosstalk.expression import Complexes, combine, log_expression, per_10k
from dolor.crosstalk.sample_statistics import SampleSums, samples_of
from dolor.crosstalk.scores.evaluate import evaluate, sides
from dolor.crosstalk.scores.rank_aggregate import DETECTION, MAGNITUDES, SPECIFICITIES, rank_aggregate
from dolor.crosstalk.scores.registry import METHODS
from dolor.crosstalk.specificity.closed_form import specificity
from dolor.crosstalk.specificity.population import population

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["score"]

Floats = NDArray[np.float64]

# A side detected in fewer cells is flagged low_detection; a group of fewer cells few_cells.
LOW_DETECTION = 0.1
FEW_CELLS = 10


def score(profiles: AnnData, interactions: pd.DataFrame, *, complexes: Complexes = "min") -> pd.DataFrame:
    """Score every interaction between every two cell types of every sample.

    Parameters
    ----------
    profiles
        Profiles made with these interactions (:func:`dolor.crosstalk.profiles.profiles`).
    interactions
        ``interaction_id``, ``ligand``, ``receptor`` (gene logic, in the symbols of the profiles), ``ligand_proxy``.
    complexes
        How subunits make a complex in ``score``: ``"min"``, the limiting one, or ``"geometric"``, their mean.

    Returns
    -------
    One row a (sample, sender, receiver, interaction), for the cell types that the sample has; ``unassigned`` neither
    sends nor receives.

    - ``score``: log2 of the geometric mean of ligand in the sender and receptor in the receiver, in counts per 10,000
      with a prior of 0.5.
    - One column a method of :data:`dolor.crosstalk.scores.registry.METHODS`. ``lr_probs`` is NaN where the profiles
      hold no trimeans. A complex counts by its limiting subunit, of alternatives the best.
    - ``magnitude_rank``, ``specificity_rank``: LIANA's rank aggregate within the sample, small is strong; NaN where a
      side is detected in less than a tenth of the cells.
    - ``pvalue``: how often cells dealt out at random within the sample reach ``lr_means``.
    - ``flags``: ``low_detection``, ``few_cells``, ``proxy``.
    - ``attrs["unmeasured"]``: interactions without rows, as a side was not measured, with the genes that are missing.

    Raises
    ------
    dolor.errors.DataError
        Columns are missing, an interaction stands twice, or the profiles were made without these interactions.
    """
    check_profiles(profiles)
    compiled = compile_interactions(profiles, interactions)
    frames = []
    for sums, rows in samples_of(profiles):
        if len(rows) and len(compiled.table):
            columns = _arrays(sums, compiled, complexes)
            dataset = str(profiles.obs["dataset_id"].iloc[rows[0]])
            frames.append(_frame(sums, compiled, columns, dataset))
    result = pd.concat(frames, ignore_index=True) if frames else _empty()
    result = check(result, INTERACTIONS)
    result.attrs["unmeasured"] = compiled.unmeasured
    return result


def _arrays(sums: SampleSums, compiled: Compiled, complexes: Complexes) -> dict[str, Floats]:
    """All numeric columns of a sample, T × T × I each."""
    shape = (len(sums.n), len(sums.n), len(compiled.table))
    slots = compiled.ligand_slots, compiled.receptor_slots
    linear = per_10k(sums.counts, sums.n_counts)
    ours = [log_expression(combine(linear, units, complexes)) for units in (compiled.ligand, compiled.receptor)]
    columns = {"score": (ours[0][:, None] + ours[1][None]) / 2, **evaluate(sums, *slots)}
    cells = population(
        float(sums.n.sum()),
        sums.s1.sum(axis=0),
        sums.s2.sum(axis=0),
        sums.s3.sum(axis=0),
        compiled.first,
        compiled.second,
        compiled.cross[sums.sample],
    )
    columns["pvalue"] = specificity(2 * columns["lr_means"], sums.n, cells, *slots, compiled.meeting)
    left, right = sides(sums, *slots, ("props",), "means")
    columns |= {"n_sender": sums.n[:, None, None], "n_receiver": sums.n[None, :, None]}
    columns |= {"detect_ligand": left["props"], "detect_receptor": right["props"]}
    columns = {name: np.broadcast_to(values, shape) for name, values in columns.items()}
    ranked = np.minimum(columns["detect_ligand"], columns["detect_receptor"]) >= DETECTION
    columns["magnitude_rank"] = rank_aggregate([columns[name] for name in MAGNITUDES], ranked)
    specific = [-columns["pvalue"], *(columns[name] for name in SPECIFICITIES)]
    columns["specificity_rank"] = rank_aggregate(specific, ranked & np.isfinite(columns["lr_logfc"]))
    return columns


def _frame(sums: SampleSums, compiled: Compiled, columns: dict[str, Floats], dataset: str) -> pd.DataFrame:
    n_types, n_pairs = len(sums.cell_types), len(compiled.table)
    names = np.array(sums.cell_types, dtype=object)
    frame = {
        "dataset_id": dataset,
        "sample_id": sums.sample,
        "sender": np.repeat(names, n_types * n_pairs),
        "receiver": np.tile(np.repeat(names, n_pairs), n_types),
    }
    for name in ("interaction_id", "ligand", "receptor"):
        frame[name] = np.tile(compiled.table[name].to_numpy(dtype=object), n_types**2)
    numbers = {name: values.ravel() for name, values in columns.items()}
    for name in ("n_sender", "n_receiver"):
        numbers[name] = numbers[name].astype(np.int64)
    return pd.DataFrame({**frame, **numbers, "flags": _flags(columns, compiled.table)})


def _flags(columns: dict[str, Floats], table: pd.DataFrame) -> NDArray[np.object_]:
    low = np.minimum(columns["detect_ligand"], columns["detect_receptor"]) < LOW_DETECTION
    few = np.minimum(columns["n_sender"], columns["n_receiver"]) < FEW_CELLS
    proxy = (
        table["ligand_proxy"].to_numpy(dtype=object) != "" if "ligand_proxy" in table else np.zeros(len(table), bool)
    )
    code = low.astype(np.int8) + 2 * few.astype(np.int8) + 4 * np.broadcast_to(proxy, low.shape).astype(np.int8)
    words = ("low_detection", "few_cells", "proxy")
    texts = [";".join(word for bit, word in enumerate(words) if number >> bit & 1) for number in range(8)]
    chosen: NDArray[np.object_] = np.array(texts, dtype=object)[code.ravel()]
    return chosen


def _empty() -> pd.DataFrame:
    kinds = {"text": object, "number": float, "count": np.int64}
    columns = {name: pd.Series(dtype=kinds[kind]) for name, kind in INTERACTIONS.columns.items()}
    return pd.DataFrame(columns | {name: pd.Series(dtype=float) for name in METHODS})
