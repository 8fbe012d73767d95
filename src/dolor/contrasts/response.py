"""Whether the receiver answers: activity of response programmes, tested between samples as the signals are.

An interferon that acts leaves interferon-stimulated genes behind. A change of the programme in the receiver, in the
same comparison, corroborates a change of the signal; it does not prove that this signal caused it.

Cells that lose what they are known by: a receptor that falls may be a cell type that falls.

Injured sensory neurons lose Mrgprd, Trpv1 and others. What is then left under their name differs from what was there
before, so that a weaker signal to them may say little about the signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.contrasts.expression_array import Supply, supply_of
from dolor.contrasts.linear.design import variables_of
from dolor.contrasts.linear.models import Model, models_of, replicates_of, samples_of, with_correlation
from dolor.contrasts.linear.sample_level_test import compare_responses
from dolor.core.contracts import check_profiles
from dolor.core.errors import DataError
from dolor.core.multiple_testing import benjamini_hochberg

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["beside_response", "flag_lost_identity", "receiver_response"]

Floats = NDArray[np.float64]

_KEY = ["dataset_id", "contrast_type", "case", "reference", "stratum", "receiver"]
_COLUMNS = (
    *_KEY, "programme", "effect", "se", "statistic", "df", "pvalue", "qvalue", "n_case", "n_reference", "status",
    "reason",
)  # fmt: skip


def receiver_response(
    profiles: AnnData,
    programmes: pd.DataFrame,
    formula: str = "~ condition * sex",
    reference: Mapping[str, str] | None = None,
    *,
    min_genes: int = 3,
) -> pd.DataFrame:
    """Compare the activity of response programmes between conditions and sexes.

    Parameters
    ----------
    profiles
        Profiles of one or several data sets.
    programmes
        ``programme``, ``gene``, ``weight``, as from :func:`dolor.knowledge.programmes.programmes`.
    formula, reference
        As in :func:`dolor.contrasts.contrast.contrast`.
    min_genes
        A programme with fewer measured genes is left out, and named in ``attrs["left_out"]``; with none left the table
        is empty.

    Returns
    -------
    One row a (data set, comparison, receiver, programme): ``effect`` is a difference of activities, the t statistic of
    decoupler's univariate linear model over the genes of a sample, each centred within the cell type;
    ``se statistic df pvalue qvalue n_case n_reference status reason`` as for contrasts.

    Raises
    ------
    dolor.core.errors.DataError
        The programmes lack a column.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> programmes = dl.populations.programmes("mouse")
    >>> table = receiver_response(dl.tl.profiles(cells), programmes, reference={"condition": "naive"})
    >>> "interferon" in set(table.loc[table["receiver"] == "macrophage", "programme"])
    True
    """
    check_profiles(profiles)
    missing = [name for name in ("programme", "gene", "weight") if name not in programmes.columns]
    if missing:
        raise DataError(f"the programmes lack the column(s) {', '.join(missing)}")
    measured = programmes[programmes["gene"].isin(profiles.var_names)]
    size = measured["programme"].value_counts()
    left_out = sorted(set(programmes["programme"]) - set(size.index[size >= min_genes]))
    net = measured[~measured["programme"].isin(left_out)]
    if net.empty:
        nothing = pd.DataFrame(columns=list(_COLUMNS))
        nothing.attrs["left_out"] = left_out
        return nothing
    dataset = profiles.obs["dataset_id"].astype(str).to_numpy()
    tables = [
        _of_dataset(profiles[dataset == name], net, formula, reference or {}).assign(dataset_id=name)
        for name in sorted(set(dataset))
    ]
    table = pd.concat(tables, ignore_index=True)[list(_COLUMNS)]
    table.attrs["left_out"] = left_out
    return table


def beside_response(contrasts: pd.DataFrame, responses: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Put the response of the receiver beside each interaction.

    Parameters
    ----------
    contrasts
        Table of :func:`dolor.contrasts.contrast.contrast`.
    responses
        Table of :func:`receiver_response`.
    links
        Which programme an interaction should set off: ``interaction_id``, ``programme``.

    Returns
    -------
    The contrasts that have a link, with ``programme``, ``response_effect``, ``response_pvalue``, ``response_qvalue``.
    """
    linked = contrasts.astype(dict.fromkeys([*_KEY, "interaction_id"], str)).merge(
        links[["interaction_id", "programme"]].astype(str), on="interaction_id"
    )
    names = {name: f"response_{name}" for name in ("effect", "pvalue", "qvalue")}
    return linked.merge(
        responses[[*_KEY, "programme", *names]].rename(columns=names), on=[*_KEY, "programme"], how="left"
    )


def _of_dataset(profiles: AnnData, net: pd.DataFrame, formula: str, reference: Mapping[str, str]) -> pd.DataFrame:
    replicate = replicates_of(profiles.obs, variables_of(formula))
    # Names with other characters would be read as gene logic; programmes have none of them.
    plain = [gene for gene in profiles.var_names if gene.replace("-", "").replace(".", "").isalnum()]
    supply = supply_of(profiles, plain, replicate)
    expressed = np.flatnonzero((supply.detection > 0).any(axis=0))
    activity = {cell_type: _activities(supply, i, expressed, net) for i, cell_type in enumerate(supply.cell_types)}
    tables = []
    for model in models_of(samples_of(profiles.obs, replicate), formula, reference):
        for cell_type, table in activity.items():
            own = table.reindex(model.design.samples.index)
            if len(own.columns):
                tables.append(_compare(own, model).assign(receiver=cell_type))
    if not tables:
        return pd.DataFrame(columns=list(_COLUMNS))
    table = pd.concat(tables, ignore_index=True)
    groups = table.groupby(["contrast_type", "case", "reference", "stratum"], sort=False)["pvalue"]
    table["qvalue"] = groups.transform(lambda values: benjamini_hochberg(values.to_numpy()))
    return table


def _compare(activity: pd.DataFrame, model: Model) -> pd.DataFrame:
    values = activity.to_numpy(dtype=float)
    correlated = with_correlation(model, values[:, None], np.ones_like(values)[:, None])
    return compare_responses(values, activity.columns, "programme", correlated)


def _activities(supply: Supply, cell_type: int, expressed: NDArray[np.intp], net: pd.DataFrame) -> pd.DataFrame:
    """Return replicates × programmes for one cell type, without programmes of which no gene varies in it."""
    import decoupler

    rows = np.flatnonzero(supply.cells[:, cell_type] > 0)
    log2 = supply.log2[rows, cell_type][:, expressed]
    varying = np.flatnonzero(np.ptp(log2, axis=0) > 0)
    genes = np.array(list(supply.units))[expressed][varying]
    own = net[net["gene"].isin(genes)].rename(columns={"programme": "source", "gene": "target"})
    centred = pd.DataFrame(log2[:, varying], index=np.array(supply.replicates)[rows], columns=genes)
    centred -= centred.mean()
    # An activity compares the genes of a programme with the others: both must be there, and they must differ.
    if own.empty or len(genes) <= len(set(own["target"])) or not np.ptp(centred, axis=1).all():
        return pd.DataFrame(index=centred.index)
    scores, _ = decoupler.mt.ulm(data=centred, net=own[["source", "target", "weight"]], tmin=1)
    activities: pd.DataFrame = scores.sort_index(axis=1)
    return activities


FLAG = "lost_identity"
_COMPARISON = ["dataset_id", "contrast_type", "case", "reference", "stratum", "receiver"]


def flag_lost_identity(
    contrasts: pd.DataFrame,
    profiles: AnnData,
    markers: pd.DataFrame,
    formula: str = "~ condition * sex",
    reference: Mapping[str, str] | None = None,
    *,
    level: float = 0.05,
) -> pd.DataFrame:
    """Flag interactions that fall where their receiver loses the markers of its own population.

    Parameters
    ----------
    contrasts
        Table of :func:`dolor.contrasts.contrast.contrast`.
    profiles
        The profiles that it was made from; they must hold the marker genes and others to judge them by.
    markers
        ``population``, ``gene``, ``sign`` (:func:`dolor.knowledge.populations.markers`).
    formula, reference
        As for the contrasts.
    level
        Largest q-value of a loss.

    Returns
    -------
    The same rows, ``lost_identity`` added to the flags of those whose score falls. Receivers with fewer than three
    measured markers are never flagged; they are named in ``attrs["identity_unknown"]``.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> pairs, markers = dl.catalog.interactions("mouse"), dl.populations.markers("mouse", "drg")
    >>> profiles, reference = dl.tl.profiles(cells), {"condition": "naive"}
    >>> found = dl.tl.contrast(profiles, pairs, reference=reference)
    >>> flagged = flag_lost_identity(found, profiles, markers, reference=reference, level=1.0)
    >>> lost = flagged["flags"].astype(str).str.contains("lost_identity")
    >>> len(flagged) == len(found), bool(lost.any()), bool((flagged.loc[lost, "effect"] < 0).all())
    (True, True, True)
    """
    programmes = markers.rename(columns={"population": "programme", "sign": "weight"})
    own = programmes[programmes["programme"].isin(profiles.obs["cell_type"].astype(str))]
    activity = receiver_response(profiles, own, formula, reference)
    lost = activity[
        (activity["programme"] == activity["receiver"]) & (activity["effect"] < 0) & (activity["qvalue"] < level)
    ]
    keys = pd.MultiIndex.from_frame(contrasts[_COMPARISON].astype(str))
    falling = keys.isin(pd.MultiIndex.from_frame(lost[_COMPARISON].astype(str))) & (contrasts["effect"] < 0).to_numpy()
    flags = contrasts["flags"].astype(str)
    joined = (flags + ";" + FLAG).str.lstrip(";")
    flagged = contrasts.assign(flags=pd.Categorical(flags.where(~falling, joined)))
    known = set(activity["programme"])
    flagged.attrs["identity_unknown"] = sorted(set(profiles.obs["cell_type"].astype(str)) - known)
    return flagged
