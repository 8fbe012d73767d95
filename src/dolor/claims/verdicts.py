"""What significant changes say about a statement, and what they cannot say.

* ``pro``: the signal should rise with pain. Up supports, down opposes.
* ``anti``: the loss of a signal that relieves pain supports the statement. Its rise does not oppose it, since tissue in
  pain may call for relief; while pain resolves it is the rise that supports, and the loss that opposes.
* ``dual``, ``homeostatic``, ``not_evaluated``: expression under injury can neither support nor oppose; the change is
  reported, the verdict is silent.
* One sex: two separate tests, one significant and one not, say nothing about a difference. The interaction must be
  significant, and the change must be there in the sex that is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from dolor.claims.scope import Scope
from dolor.contrasts.contrast_table import changed_effect
from dolor.core.multiple_testing import benjamini_hochberg
from dolor.knowledge.vocabulary import words

# Only a change whose interval lies this far (log2) on the other side speaks against a statement.
CLEARLY = 0.3

__all__ = ["Look", "direction_supported", "looks_needed", "verdict_of"]


@dataclass(frozen=True)
class Look:
    """All tests of one kind that speak to a statement.

    ``pvalue`` is that of Simes for "nothing changes anywhere"; ``qvalue`` is filled in over all statements. ``best`` is
    the row with the smallest p; ``signs`` the directions of the rows that are significant within the statement.
    Without a test, ``reason`` says why; ``outside`` then says that the dataset is not what the statement is about, and
    ``absent`` that ligand and receptor are not both present.
    """

    contrast_type: str
    stratum: str
    pvalue: float
    best: pd.Series | None
    signs: frozenset[int]
    reason: str
    outside: bool = False
    absent: bool = False
    qvalue: float = float("nan")


def looks_needed(statement: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the contrasts (type, stratum) that a statement needs, the deciding one first."""
    sex = statement["sex"]
    if sex == "both":
        return (("condition_in_sex", "female"), ("condition_in_sex", "male"))
    if sex.startswith(("female", "male")):
        return (("interaction", ""), ("condition_in_sex", sex.split("_")[0]))
    return (("condition", ""),)


def look(scope: Scope, contrast_type: str, stratum: str, level: float) -> Look:
    """Gather the tests of one contrast type; directions of the interaction are female minus male."""
    rows = scope.rows
    if len(rows):
        rows = rows[(rows["contrast_type"] == contrast_type) & (rows["stratum"] == stratum)]
    tested = rows[rows["status"] == "tested"] if len(rows) else rows
    if not len(tested):
        reason = scope.reason or _why_untested(rows)
        absent = len(rows) > 0 and bool((rows["status"].astype(str) == "absent").any())
        return Look(contrast_type, stratum, float("nan"), None, frozenset(), reason, bool(scope.reason), absent)
    adjusted = benjamini_hochberg(tested["pvalue"].to_numpy())
    signs = np.nan_to_num(np.sign(changed_effect(tested))) * _towards_female(tested)
    best = tested.iloc[int(np.argmin(tested["pvalue"].to_numpy()))]
    called = frozenset(int(sign) for sign in signs[adjusted < level] if sign)
    return Look(contrast_type, stratum, float(adjusted.min()), best, called, "")


def _towards_female(rows: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return -1 for interactions written as male minus female."""
    return np.where(rows["case"].astype(str).str.endswith(":male"), -1, 1)


def _why_untested(rows: pd.DataFrame) -> str:
    """Return the reason that most rows share."""
    if not len(rows):
        return "the design has no such contrast"
    status = rows["status"].astype(str)
    described, absent = rows[status == "described"], rows[status == "absent"]
    reasons = (described if len(described) else absent if len(absent) else rows)["reason"].astype(str)
    return str(reasons.value_counts().sort_index().idxmax())


def direction_supported(statement: Mapping[str, str]) -> int:
    """Return the sign of the change that a statement predicts, 0 where expression cannot decide."""
    if statement["effect"] == "pro":
        return 1
    if statement["effect"] == "anti":
        return 1 if "resolution" in words(statement["context"]) else -1
    return 0


def verdict_of(statement: Mapping[str, str], looks: tuple[Look, ...], level: float) -> tuple[str, str]:
    """Judge one statement in one data set.

    Parameters
    ----------
    statement
        A row of the catalog.
    looks
        The tests that it needs, in the order of :func:`looks_needed`, with q-values.
    level
        Largest q-value that counts as a change.

    Returns
    -------
    verdict, reason
    """
    for each in looks:
        if each.best is None:
            return _without_test(statement, each)
    if statement["sex"] == "time_dependent":
        return "silent", "the statement depends on time, which one comparison does not follow"
    expected = direction_supported(statement)
    signs = [each.signs if each.qvalue < level else frozenset[int]() for each in looks]
    if not any(signs):
        return "silent", f"no significant change (smallest q {min(each.qvalue for each in looks):.2g})"
    if not expected:
        return "silent", f"a change of expression cannot decide a statement of effect '{statement['effect']}'"
    if any(len(found) > 1 for found in signs):
        return "silent", "directions disagree between the populations that the statement covers"
    return _judge(statement, signs, expected, looks)


def _judge(
    statement: Mapping[str, str], signs: list[frozenset[int]], expected: int, looks: tuple[Look, ...]
) -> tuple[str, str]:
    about_sex = looks[0].contrast_type == "interaction"
    if about_sex and statement["sex"].startswith("male"):
        signs = [frozenset(-sign for sign in signs[0]), signs[1]]
    against = [each for each, found in zip(looks, signs, strict=True) if -expected in found]
    if all(expected in found for found in signs):
        return "supports", ""
    if not against:
        missing = "the interaction of condition and sex is not significant" if about_sex and not signs[0] else ""
        return "silent", missing or "significant in part of the comparisons that the statement needs"
    if statement["effect"] == "anti" and expected < 0:
        return "silent", "a signal that relieves pain rises: this may be the tissue's answer to pain"
    if any("lost_identity" in str(each.best["flags"]) for each in against if each.best is not None):
        return "silent", "falls together with the identity of the receiver, so the receptor may fall with its cells"
    if not all(_excludes_the_stated(each.best) for each in against if each.best is not None):
        return "silent", f"changes against the statement, by an interval that does not clear {CLEARLY} log2"
    return "opposes", ""


def _excludes_the_stated(row: pd.Series) -> bool:
    """Say whether the 95 % interval of a significant change lies beyond a small change in its direction."""
    side = str(row.get("changed_side", ""))
    error = float(row[f"se_{side}"] if side in ("ligand", "receptor") else row["se"])
    half = float(stats.t.ppf(0.975, float(row["df"]))) * error
    return bool(abs(float(changed_effect(row.to_frame().T)[0])) - half > CLEARLY)


def _without_test(statement: Mapping[str, str], missing: Look) -> tuple[str, str]:
    if missing.absent:
        return "silent", missing.reason
    if missing.contrast_type == "interaction" and not missing.outside:
        return "untestable", f"a statement on one sex needs the interaction of condition and sex: {missing.reason}"
    return "untestable", missing.reason
