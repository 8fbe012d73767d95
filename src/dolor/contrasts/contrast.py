"""What changes with condition, what differs by sex, and whether the change itself differs by sex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from dolor.contrasts.contrast_table import contrast_table, eligibility_of
from dolor.contrasts.decomposition import split_supply
from dolor.contrasts.expression_array import supply_of
from dolor.contrasts.interaction_tests import Answers, answers_of, fit_interactions
from dolor.contrasts.linear.design import variables_of
from dolor.contrasts.linear.models import Model, models_of, replicates_of, samples_of, with_correlation
from dolor.contrasts.linear.moderation import expected_variance
from dolor.contrasts.permutation import relabel
from dolor.core.contracts import check_profiles
from dolor.core.errors import DataError, DesignError
from dolor.pseudobulk.expression import Complexes

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["contrast", "exchangeable_within", "with_relabeling"]

_PLACE = ("sender", "receiver", "interaction_id")


def with_relabeling(
    contrasts: pd.DataFrame,
    profiles: AnnData,
    interactions: pd.DataFrame,
    formula: str,
    *,
    number: int,
    seed: int = 0,
    min_detection: float = 0.01,
    complexes: Complexes = "min",
    normalise: bool = True,
) -> pd.DataFrame:
    """Add the p-values of exchanged labels to the contrasts between two conditions.

    Parameters
    ----------
    contrasts
        Table of one data set.
    profiles, interactions, formula, min_detection, complexes, normalise
        What the contrasts were made of.
    number, seed
        Most labellings, and the seed of the choice among more.

    Returns
    -------
    The table with ``relabel_pvalue``, and ``relabel_smallest_pvalue`` that the samples allow; NaN for other comparisons
    and where no labels can be exchanged.
    """
    between = (contrasts["contrast_type"] == "condition") & ~contrasts["case"].astype(str).str.startswith("trend:")
    pvalue, smallest = np.full(len(contrasts), np.nan), np.full(len(contrasts), np.nan)
    keys = [pd.Categorical(contrasts[name]) for name in _PLACE]
    for case, reference in contrasts.loc[between, ["case", "reference"]].astype(str).drop_duplicates().to_numpy():
        rows = np.flatnonzero(between & (contrasts["case"] == case))
        within = exchangeable_within(profiles.obs, formula, (case, reference))
        try:
            check = relabel(
                profiles, interactions, case, reference, within=within, number=number, seed=seed,
                min_detection=min_detection, complexes=complexes, normalise=normalise,
            )  # fmt: skip
        except DesignError:
            continue
        values = np.full([len(key.categories) for key in keys], np.nan)
        places = [
            key.categories.get_indexer(pd.Index(check.table[name])) for name, key in zip(_PLACE, keys, strict=True)
        ]
        values[tuple(places)] = check.table["pvalue"]
        pvalue[rows] = values[tuple(np.asarray(key.codes)[rows] for key in keys)]
        smallest[rows] = check.smallest_pvalue
    return contrasts.assign(relabel_pvalue=pvalue, relabel_smallest_pvalue=smallest)


def exchangeable_within(obs: pd.DataFrame, formula: str, conditions: tuple[str, str]) -> tuple[str, ...]:
    """Say within what labels may be exchanged: donors who gave both conditions, else the formula's other columns.

    Examples
    --------
    >>> obs = pd.DataFrame({"donor_id": list("aabb"), "condition": ["naive", "injured"] * 2})
    >>> exchangeable_within(obs, "~ condition * sex", ("injured", "naive"))
    ('donor_id',)
    >>> exchangeable_within(obs.assign(donor_id=list("abcd")), "~ condition * sex", ("injured", "naive"))
    ('sex',)
    """
    of_two = obs[obs["condition"].astype(str).isin(conditions)]
    both = of_two.groupby(of_two["donor_id"].astype(str))["condition"].nunique()
    return ("donor_id",) if (both > 1).all() else tuple(sorted(variables_of(formula) - {"condition"}))


def contrast(
    profiles: AnnData,
    interactions: pd.DataFrame,
    formula: str = "~ condition * sex",
    reference: Mapping[str, str] | None = None,
    *,
    min_detection: float = 0.01,
    complexes: Complexes = "min",
    normalise: bool = True,
    ordered: Mapping[str, float] | None = None,
    relabelings: int = 0,
    seed: int = 0,
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
    normalise
        Scale library sizes so that genes that rise strongly do not make the others seem to fall
        (:mod:`dolor.contrasts.expression_array`).
    ordered
        Position of every condition on an axis, such as ``{"naive": 0, "day3": 3, "day14": 14}``: adds the slope along
        it, log2 for one unit of the axis, as a ``condition`` whose case begins with ``trend:``.
    relabelings
        Beside every test between two conditions, exchange the labels of replicates in up to so many ways
        (:func:`dolor.contrasts.permutation.relabel`), within donors that gave both conditions, else within the other
        columns of the formula. 0: do not.
    seed
        Of the random choice of relabelings.

    Returns
    -------
    One row a (data set, comparison, sender, receiver, interaction), columns of
    :data:`dolor.core.tables.CONTRASTS`.

    Raises
    ------
    dolor.core.errors.DesignError
        The samples cannot separate what the formula asks for; the columns are named.
    dolor.core.errors.DataError
        The profiles or the interactions are not of the required form.

    Notes
    -----
    - ``effect`` is a difference of scores, log2 of a geometric mean of expression.
    - ``qvalue`` adjusts all tests of a comparison alike (Benjamini-Hochberg). ``qvalue_stagewise`` screens interactions
      first, then the senders and receivers of those that pass
      (:func:`dolor.contrasts.linear.multiple_testing.stagewise`):
      it bounds the share of wrongly called interactions, so take it to ask which of them change anywhere.
    - ``status`` is ``tested``; ``described`` (an effect, but fewer than two samples in a group, or nothing left to
      estimate the variance from); or ``untestable``. ``reason`` says why.
    - ``infiltration`` and ``per_cell`` split the log2 change of the ligand's supply by the sender, each with its
      standard error (``infiltration_se``, ``per_cell_se``).
    - ``relabel_pvalue`` is that of the exchanged labels, ``relabel_smallest_pvalue`` the smallest that these samples
      allow, if ``relabelings`` are asked for.
    - With more than two conditions, ``omnibus_pvalue`` is that of the F test of all of them together.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> pairs = dl.catalog.interactions("mouse")
    >>> profiles = dl.tl.profiles(cells, pairs)
    >>> found = contrast(profiles, pairs, reference={"condition": "naive"})
    >>> sorted(set(found["contrast_type"]))
    ['condition', 'condition_in_sex', 'interaction', 'sex', 'sex_in_condition']
    >>> bool((found["pvalue"].notna() == (found["status"] == "tested")).all())
    True
    """
    check_profiles(profiles)
    missing = [name for name in ("interaction_id", "ligand", "receptor") if name not in interactions.columns]
    if missing:
        raise DataError(f"the interactions lack the column(s) {', '.join(missing)}")
    dataset = profiles.obs["dataset_id"].astype(str).to_numpy()
    masks = [dataset == name for name in sorted(set(dataset))]
    options = _Options(formula, dict(reference or {}), ordered, min_detection, complexes, normalise, relabelings, seed)
    # The matrices are many and small: threads of the linear algebra would wait for each other half of the time.
    with threadpool_limits(1, "blas"):
        tables = [_contrast_dataset(profiles[of_dataset], interactions, options) for of_dataset in masks]
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


class _Options(NamedTuple):
    """The arguments of :func:`contrast` that hold for every data set."""

    formula: str
    reference: Mapping[str, str]
    ordered: Mapping[str, float] | None
    min_detection: float
    complexes: Complexes
    normalise: bool
    relabelings: int
    seed: int


def _contrast_dataset(profiles: AnnData, interactions: pd.DataFrame, options: _Options) -> pd.DataFrame:
    """Fit the models of one data set and lay out their comparisons."""
    dataset_id = str(profiles.obs["dataset_id"].iloc[0])
    replicate = replicates_of(profiles.obs, variables_of(options.formula))
    samples = samples_of(profiles.obs, replicate)
    ligands, receptors = (interactions[side].astype(str).tolist() for side in ("ligand", "receptor"))
    supply = supply_of(profiles, [*ligands, *receptors], replicate, options.complexes, normalise=options.normalise)
    eligibility = eligibility_of(supply, ligands, receptors, options.min_detection)
    pairs = tuple(np.array([supply.units[name] for name in side], dtype=np.intp) for side in (ligands, receptors))
    parts = []
    for unblocked in models_of(samples, options.formula, options.reference, options.ordered):
        modelled = supply.of(unblocked.design.samples.index.tolist())
        variance = expected_variance(modelled, unblocked.design.matrix, supply.detection > 0)
        model = with_correlation(unblocked, modelled.log2, variance)
        answers = _answers(model, modelled.cells > 0)
        raw = fit_interactions(modelled, variance, (pairs[0], pairs[1]), eligibility.code == 0, model, answers)
        split = split_supply(modelled, model.design.matrix, np.array([c.weights for c in model.comparisons]))
        parts.append(contrast_table(dataset_id, model, supply, interactions, answers, eligibility, raw, split))
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    if not options.relabelings:
        return table
    return with_relabeling(
        table, profiles, interactions, options.formula, number=options.relabelings, seed=options.seed,
        min_detection=options.min_detection, complexes=options.complexes, normalise=options.normalise,
    )  # fmt: skip


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
