"""A run in a few lines, for the terminal: where the report is, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dolor.core.errors import DataError
from dolor.report import wording
from dolor.report.data import Run, read_run
from dolor.report.findings import findings_of
from dolor.report.pairs import crosstalk_of
from dolor.report.sections.cells import contradictions_of
from dolor.report.sections.claims import catalog_of, knowledge_of

__all__ = ["summary"]


def summary(results: Path | str, datasets: Sequence[str] | None = None) -> list[str]:
    """Say in a few lines what a run found, and where its report is.

    Parameters
    ----------
    results
        Folder of the results, with ``report.html`` in it.
    datasets
        Names of the datasets of the run; default: all that the folder holds.

    Returns
    -------
    Five lines of findings (cells, what changed in up to three datasets, what the statements of the review met), and a
    last line that names the report.

    Raises
    ------
    dolor.core.errors.DataError
        The folder holds no finished run.

    Examples
    --------
    >>> summary("results")  # doctest: +SKIP
    ['Simulated data: ...', ..., 'Report: results/report.html']
    """
    report = Path(results) / "report.html"
    if not report.is_file():
        raise DataError(f"{report}: no such file; let the run end first")
    run = read_run(results, datasets)
    return [_cells(run), *_changes(run), _verdicts(run), f"Report: {report}"]


def _cells(run: Run) -> str:
    cells = sum(len(dataset.obs) for dataset in run.datasets)
    samples = sum(len(dataset.samples) for dataset in run.datasets)
    kind = "Simulated data: " if run.simulated else ""
    compartments = ", ".join(sorted({dataset.compartment for dataset in run.datasets}))
    wrong = [row["sample_id"] for row in contradictions_of(run)]
    warned = f". CHECK: sex contradicts the transcripts in {wording.listing(wrong, 4)}" if wrong else ""
    return f"{kind}{cells:,} cells of {samples} samples ({compartments}){warned}"


def _changes(run: Run) -> list[str]:
    """Give the first sentence on signals that rests on a test, for the first three datasets."""
    crosstalk = crosstalk_of(run)
    knowledge = knowledge_of(sorted(set(crosstalk.pairs["interaction_id"])), catalog_of())
    lines = []
    for found in findings_of(run, crosstalk, knowledge)[:3]:
        on_signals = [finding for finding in found.tested if finding.kind not in ("cells", "response")]
        first = next(iter(on_signals or found.tested), "nothing differs at a false discovery rate of 5 %")
        lines.append(f"{found.dataset_id}: {first}")
    return lines


def _verdicts(run: Run) -> str:
    counts = run.claims["verdict"].value_counts()
    return "Statements of the review: " + ", ".join(f"{number} {word}" for word, number in counts.items())
