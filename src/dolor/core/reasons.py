"""Why something was not tested or judged: codes for programs, and the one place where each becomes a sentence."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Reason", "sentence"]


class Reason(StrEnum):
    """A code of the column ``reason_code``; empty where there is nothing to explain."""

    NONE = ""
    NOT_MEASURED = "not_measured"
    NO_COMPARISON = "no_comparison"
    FEW_SAMPLES = "few_samples"
    CONFOUNDED = "confounded"
    NO_RESIDUAL = "no_residual"
    NO_VARIATION = "no_variation"
    LOW_COUNTS = "low_counts"
    LIGAND_ABSENT = "ligand_absent"
    RECEPTOR_ABSENT = "receptor_absent"
    BOTH_ABSENT = "both_absent"
    NOT_TOGETHER = "not_together"
    ABSENT = "absent"
    NOT_JUDGED = "not_judged"


_SENTENCES = {
    Reason.NONE: "",
    Reason.NOT_MEASURED: "not measured",
    Reason.NO_COMPARISON: "not possible in this dataset",
    Reason.FEW_SAMPLES: "too few samples with enough cells",
    Reason.CONFOUNDED: "the samples with enough cells cannot separate this comparison from the rest of the formula",
    Reason.NO_RESIDUAL: "as many coefficients as samples with enough cells, so no residual degrees of freedom",
    Reason.NO_VARIATION: "the replicates do not vary, as if they were copies of one sample",
    Reason.LOW_COUNTS: "too few transcripts for a test",
    Reason.LIGAND_ABSENT: "the sender has no more of the ligand than leakage and background explain",
    Reason.RECEPTOR_ABSENT: "the receiver has no more of the receptor than leakage and background explain",
    Reason.BOTH_ABSENT: "neither ligand nor receptor exceeds what leakage and background explain",
    Reason.NOT_TOGETHER: "ligand and receptor are present, but in none of the compared groups both",
    Reason.ABSENT: "no more than leakage and background explain",
    Reason.NOT_JUDGED: "too few samples with enough cells to judge presence",
}


def sentence(code: Reason, detail: str = "") -> str:
    """Return a reason in words.

    Parameters
    ----------
    code
        The reason.
    detail
        What it is about, such as the genes or the samples.

    Examples
    --------
    >>> sentence(Reason.NOT_MEASURED, "Il1b")
    'not measured: Il1b'
    """
    return f"{_SENTENCES[code]}: {detail}" if detail else _SENTENCES[code]
