"""Cells that lose what they are known by: a receptor that falls may be a cell type that falls.

Injured sensory neurons lose Mrgprd, Trpv1 and others. What is then left under their name differs from what was there
before, so that a weaker signal to them may say little about the signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from dolor.crosstalk.response import receiver_response

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["flag_lost_identity"]

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
        Table of :func:`dolor.crosstalk.contrast.contrast`.
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
