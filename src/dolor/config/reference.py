"""What the other conditions and the other sex of a dataset are compared with."""

from __future__ import annotations

from dolor.config.models import SIMULATED, Config, Dataset, Reference
from dolor.core.errors import UsageError
from dolor.studies import registry

_CONTROL_OF_SIMULATION = "naive"


def reference_levels(dataset: Dataset, run: Config) -> Reference:
    """Give the levels that others are compared with: the dataset's own, those of the run, or the study's control.

    Parameters
    ----------
    dataset
        One dataset of the run.
    run
        The configuration.

    Returns
    -------
    The condition and the sex.

    Raises
    ------
    dolor.core.errors.UsageError
        Nobody names a condition, or the study is unknown.

    Examples
    --------
    >>> mine = Dataset(id="mine", study="mine.h5ad", compartment="drg")
    >>> run = Config(datasets=[mine], contrast={"reference": {"condition": "sham"}})
    >>> reference_levels(mine, run).condition
    'sham'
    """
    from dolor.studies.read import is_registered

    level = dataset.reference or run.contrast.reference
    if level.condition:
        return level
    if dataset.study == SIMULATED:
        return level.model_copy(update={"condition": _CONTROL_OF_SIMULATION})
    if not is_registered(dataset.study):
        raise UsageError(
            f"dataset '{dataset.id}': name the condition that the others are compared with, "
            "such as  contrast: {reference: {condition: naive}}"
        )
    return level.model_copy(update={"condition": registry.show(dataset.study).reference})
