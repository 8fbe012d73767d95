"""One question across data sets: the effect in each, and what they say together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.core.errors import DataError
from dolor.pl.parts import short_name
from dolor.pl.select import require_columns
from dolor.pl.theme import finished, new_axes, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["forest"]

_QUESTION = ("contrast_type", "case", "reference", "stratum", "sender", "receiver", "interaction_id")
_FOUND = ("datasets", "dataset_effects", "dataset_ses", "effect", "ci_low", "ci_high", "i2", "tau2")


@finished
def forest(meta: pd.DataFrame, *, ax: Axes | None = None, **question: str) -> Axes:
    """Draw a forest plot.

    Parameters
    ----------
    meta
        From :func:`dolor.tl.meta`.
    ax
        Axes to draw on; by default a new figure that fits its data sets.
    **question
        Levels of ``contrast_type``, ``case``, ``reference``, ``stratum``, ``sender``, ``receiver``, ``interaction_id``
        that single out one row of ``meta``.

    Returns
    -------
    The axes. Squares: the effect in each data set, larger where it is known more precisely, with its 95 % interval.
    Diamond: all together; the thin line through it is where a further data set is expected.

    Raises
    ------
    dolor.core.errors.DataError
        A column is missing, or the choice fits no row or several.

    Examples
    --------
    >>> import dolor as dl
    >>> one = {
    ...     "dataset_id": "a", "contrast_type": "condition", "case": "SNI", "reference": "sham", "stratum": "",
    ...     "sender": "macrophage", "receiver": "nociceptor", "interaction_id": "TNF:TNFRSF1A",
    ...     "effect": 1.0, "se": 0.2, "status": "tested",
    ... }
    >>> table = dl.tl.meta(pd.DataFrame([one, one | {"dataset_id": "b", "effect": 1.5}]))
    >>> ax = dl.pl.forest(table, interaction_id="TNF:TNFRSF1A")
    >>> [name.get_text() for name in ax.get_yticklabels()]
    ['a', 'b', 'together']
    """
    row = _one_question(meta, question)
    names = str(row["datasets"]).split(";")
    effects, errors = (np.array(str(row[name]).split(";"), dtype=float) for name in ("dataset_effects", "dataset_ses"))
    with theme():
        ax = ax or new_axes(110, 30 + 6 * len(names))
        place = np.arange(len(names))
        weight = 1 / np.maximum(errors, 1e-12) ** 2
        ax.hlines(place, effects - 1.96 * errors, effects + 1.96 * errors, color="0.25", linewidth=0.8)
        ax.scatter(effects, place, marker="s", s=12 + 40 * weight / weight.max(), color="0.25", zorder=3)
        _together(ax, row, len(names))
        ax.axvline(0, color="0.6", linewidth=0.6, linestyle="--")
        ax.set_yticks([*place, len(names)], [*names, "together"])
        ax.set_ylim(len(names) + 0.7, -0.7)
        ax.set_xlabel(f"log2 change, {row['case']} against {row['reference']}")
        title = f"{row['interaction_id']}: {short_name(str(row['sender']))} → {short_name(str(row['receiver']))}"
        ax.set_title(f"{title}\nheterogeneity: I² = {float(row['i2']):.0%}, τ² = {float(row['tau2']):.2g}", loc="left")
    return ax


def _one_question(meta: pd.DataFrame, question: dict[str, str]) -> pd.Series:
    require_columns(meta, (*_QUESTION, *_FOUND), "the forest plot")
    unknown = sorted(set(question) - set(_QUESTION))
    if unknown:
        raise DataError(f"the forest plot cannot choose by {', '.join(unknown)}; choose by {', '.join(_QUESTION)}")
    rows = meta
    for name, level in question.items():
        rows = rows[rows[name].astype(str) == level]
    if len(rows) != 1:
        raise DataError(
            f"the forest plot draws one row, but {len(rows)} fit {question or 'no choice'}; "
            f"choose by {', '.join(_QUESTION)}"
        )
    return rows.iloc[0]


def _together(ax: Axes, row: pd.Series, place: int) -> None:
    """Draw the diamond as wide as the interval, and the line where a further data set is expected."""
    effect, low, high = (float(row[name]) for name in ("effect", "ci_low", "ci_high"))
    if not np.isfinite(low):
        low = high = effect
    further = [float(row.get(name, np.nan)) for name in ("prediction_low", "prediction_high")]
    if np.isfinite(further).all():
        ax.hlines(place, further[0], further[1], color="#0a5c8f", linewidth=0.8)
    ax.fill([low, effect, high, effect], [place, place - 0.25, place, place + 0.25], color="#0a5c8f", zorder=3)
