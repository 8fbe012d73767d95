"""What changes with condition, what differs by sex, and whether the change itself differs by sex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.contracts.profiles import check_profiles
from dolor.contracts.tables import CONTRASTS, check
from dolor.crosstalk.contrast_table import contrast_table
from dolor.crosstalk.design import variables_of
from dolor.crosstalk.driver import split_supply
from dolor.crosstalk.eligibility import eligibility_of
from dolor.crosstalk.expression import Complexes
from dolor.crosstalk.interaction_tests import Answers, answers_of, fit_interactions
from dolor.crosstalk.models import Model, models_of, replicates_of
from dolor.crosstalk.precision import expected_variance
from dolor.crosstalk.supply import supply_of
from dolor.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["contrast"]


def contrast(
    profiles: AnnData,
    interactions: pd.DataFrame,
    formula: str = "~ condition * sex",
    reference: Mapping[str, str] | None = None,
    *,
    min_detection: float = 0.01,
    complexes: Complexes = "min",
) -> pd.DataFrame:
    """Compare the interactions of conditions and sexes, with the donor as the unit of replication.

    Parameters
    ----------
    profiles
        Profiles of one or several data sets (:func:`dolor.tl.profiles`); ``X`` holds summed counts.
    interactions
        One row a ligand-receptor pair: ``interaction_id``, ``ligand``, ``receptor`` (gene logic in the symbols of the
        profiles); ``ligand_proxy`` if there is one.
    formula
        Model of a sample, in the columns of ``profiles.obs``, such as ``"~ condition * sex + batch"``.
    reference
        The levels that the others are compared with; ``condition`` must be named, ``sex`` is male otherwise.
    min_detection
        Ligand and receptor must be detected in this part of the cells of sender and receiver, all samples together.
    complexes
        What a complex is worth: its limiting subunit, or the geometric mean of its subunits.

    Returns
    -------
    One row a (data set, comparison, sender, receiver, interaction), columns of
    :data:`dolor.contracts.tables.CONTRASTS`. ``effect`` is a difference of scores, log2 of a geometric mean of
    expression. ``status`` is ``tested``; ``described`` (an effect, but fewer than two samples in a group, or nothing
    left to estimate the variance from); or ``untestable``. ``reason`` says why. ``infiltration`` and ``per_cell`` split
    the log2 change of the ligand's supply by the sender.

    Raises
    ------
    dolor.errors.DesignError
        The samples cannot separate what the formula asks for; the columns are named.
    dolor.errors.DataError
        The profiles or the interactions are not of the required form.
    """
    check_profiles(profiles)
    missing = [name for name in ("interaction_id", "ligand", "receptor") if name not in interactions.columns]
    if missing:
        raise DataError(f"the interactions lack the column(s) {', '.join(missing)}")
    dataset = profiles.obs["dataset_id"].astype(str).to_numpy()
    masks = [dataset == name for name in sorted(set(dataset))]
    tables = [
        _contrast_dataset(profiles[of_dataset], interactions, formula, reference or {}, min_detection, complexes)
        for of_dataset in masks
    ]
    table = tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)
    return check(table, CONTRASTS)


def _contrast_dataset(
    profiles: AnnData,
    interactions: pd.DataFrame,
    formula: str,
    reference: Mapping[str, str],
    min_detection: float,
    complexes: Complexes,
) -> pd.DataFrame:
    """Fit the models of one data set and lay out their comparisons."""
    dataset_id = str(profiles.obs["dataset_id"].iloc[0])
    replicate = replicates_of(profiles.obs, variables_of(formula))
    samples = profiles.obs.assign(replicate=replicate).drop_duplicates("replicate").set_index("replicate").sort_index()
    ligands, receptors = (interactions[side].astype(str).tolist() for side in ("ligand", "receptor"))
    supply = supply_of(profiles, [*ligands, *receptors], replicate, complexes)
    eligibility = eligibility_of(supply, ligands, receptors, min_detection)
    pairs = tuple(np.array([supply.units[name] for name in side], dtype=np.intp) for side in (ligands, receptors))
    parts = []
    for model in models_of(samples, formula, reference):
        modelled = supply.of(model.design.samples.index.tolist())
        answers = _answers(model, modelled.cells > 0)
        variance = expected_variance(modelled, model.design.matrix, supply.detection > 0)
        raw = fit_interactions(
            modelled, variance, (pairs[0], pairs[1]), eligibility.code == 0, model.design, model.comparisons, answers
        )
        split = split_supply(modelled, model.design.matrix, np.array([c.weights for c in model.comparisons]))
        parts.append(contrast_table(dataset_id, model, supply, interactions, answers, eligibility, raw, split))
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def _answers(model: Model, present: NDArray[np.bool_]) -> list[list[Answers]]:
    """Find for each sender and receiver what the replicates that have both can answer."""
    known: dict[bytes, Answers] = {}

    def answer(sender: int, receiver: int) -> Answers:
        both = present[:, sender] & present[:, receiver]
        if both.tobytes() not in known:
            known[both.tobytes()] = answers_of(model.design, model.comparisons, both)
        return known[both.tobytes()]

    types = range(present.shape[1])
    return [[answer(sender, receiver) for receiver in types] for sender in types]
