"""How the proportions of cell types shift with condition and sex, sample by sample.

Proportions of one sample add up to 1, so that one type that expands seems to shrink all others. The centred log ratio
compares each type with the geometric mean of all of them; on that scale the same linear model and moderation serve as
for interactions, with every covariate and comparison that the formula allows. A maintained Bayesian model (scCODA) was
not taken, since it needs a reference cell type to be chosen and brings TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.contrasts.linear.comparisons import Comparison
from dolor.contrasts.linear.design import variables_of
from dolor.contrasts.linear.models import Model, models_of, replicates_of, samples_of, with_correlation
from dolor.contrasts.linear.sample_level_test import compare_responses
from dolor.core.contracts import check_profiles
from dolor.core.tables import COMPOSITION, check
from dolor.core.vocabulary import UNASSIGNED

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["centred_log_ratio", "composition"]

Floats = NDArray[np.float64]

# Added to every count: a type that a sample lacks is rare, not infinitely rare.
_PSEUDO_COUNT = 0.5


def composition(
    profiles: AnnData, formula: str = "~ condition * sex", reference: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Compare the proportions of cell types between conditions and sexes.

    Parameters
    ----------
    profiles
        Profiles of one or several data sets; only ``obs["n_cells"]`` is read. Unassigned cells count as one more type
        that is not reported.
    formula, reference
        As in :func:`dolor.contrasts.contrast.contrast`.

    Returns
    -------
    One row a (data set, comparison, cell type), columns of :data:`dolor.core.tables.COMPOSITION`. ``effect`` is
    the difference of centred log2 ratios; ``mean_case`` and ``mean_reference`` are plain mean proportions. A cell type
    that a sample lacks has the proportion 0 there.

    Raises
    ------
    dolor.core.errors.DesignError
        The samples cannot separate what the formula asks for.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> table = composition(dl.tl.profiles(cells), reference={"condition": "naive"})
    >>> injured = table[table["contrast_type"] == "condition"]
    >>> [round(float(injured[mean].sum()), 6) for mean in ("mean_case", "mean_reference")]
    [1.0, 1.0]
    """
    check_profiles(profiles)
    dataset = profiles.obs["dataset_id"].astype(str)
    tables = []
    for name in sorted(dataset.unique()):
        obs = profiles.obs[dataset == name]
        replicate = replicates_of(obs, variables_of(formula))
        samples = samples_of(obs, replicate)
        table = pd.crosstab(replicate, obs["cell_type"].astype(str), obs["n_cells"], aggfunc="sum").fillna(0)
        for model in models_of(samples, formula, reference or {}):
            tables.append(_compare(name, model, table.loc[model.design.samples.index]))
    return check(pd.concat(tables, ignore_index=True), COMPOSITION)


def centred_log_ratio(counts: Floats) -> Floats:
    """Return log2 of each part against the geometric mean of all parts of its sample.

    Parameters
    ----------
    counts
        Samples × parts.

    Examples
    --------
    >>> centred_log_ratio(np.array([[3.5, 3.5], [7.5, 1.5]])).round(2).tolist()
    [[0.0, 0.0], [1.0, -1.0]]
    """
    logs = np.log2(counts + _PSEUDO_COUNT)
    centred: Floats = logs - logs.mean(axis=1, keepdims=True)
    return centred


def _compare(dataset_id: str, model: Model, counts: pd.DataFrame) -> pd.DataFrame:
    """Test one model and add the plain mean proportions."""
    numbers = counts.to_numpy(dtype=float)
    reported = np.flatnonzero(counts.columns != UNASSIGNED)
    response = centred_log_ratio(numbers)[:, reported]
    proportions = (numbers / numbers.sum(axis=1, keepdims=True))[:, reported]
    model = with_correlation(model, response[:, None], np.ones_like(response)[:, None])
    table = compare_responses(response, counts.columns[reported], "cell_type", model)
    means = [_means(proportions, comparison, model) for comparison in model.comparisons]
    table["mean_case"], table["mean_reference"] = np.concatenate(means, axis=1)
    return table.assign(dataset_id=dataset_id)


def _means(proportions: Floats, comparison: Comparison, model: Model) -> Floats:
    """Average the proportions over the samples of case and of reference, 2 × cell types."""
    members = comparison.members(model.design.samples)
    sides = (members[: comparison.n_case_groups], members[comparison.n_case_groups :])
    rows = [np.flatnonzero(groups.sum(axis=0)) for groups in sides]
    nothing = np.full(proportions.shape[1], np.nan)
    return np.array([proportions[chosen].mean(axis=0) if len(chosen) else nothing for chosen in rows])
