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
from dolor.report.sections.claims import board_of, catalog_of, knowledge_of, tally

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
    """Give what leads the card of each dataset on the page and its clearest line, for the first three datasets."""
    crosstalk = crosstalk_of(run)
    knowledge = knowledge_of(sorted(set(crosstalk.pairs["interaction_id"])), catalog_of())
    lines = []
    for found in findings_of(run, crosstalk, knowledge)[:3]:
        on_signals = [one for one in found.tested if one.kind not in ("cells", "response")]
        first = next(iter(sorted(on_signals or found.tested, key=lambda one: not one.hits)), None)
        if first is None:
            lines.append(f"{found.dataset_id}: no comparison has enough samples for a test")
            continue
        clearest = f" Clearest: {first.lines[0].text}" if first.lines else ""
        lines.append(f"{found.dataset_id}: {first.about}: {first.lead}{first.rest}{clearest}")
    return lines


def _verdicts(run: Run) -> str:
    counts = tally(board_of(run.claims, catalog_of()))
    return "Claims of the review: these data " + ", ".join(
        f"{wording.verdict(word)} {number}" for word, number in counts.items()
    )
