"""What a job needs of memory and time, from the size of its input: straight lines through measured runs.

The lines of quality, annotate and profiles are flat for their input: these read a block of cells at a time, and what
grows are the tables of cells. So is ``read_stored``, the line of `dolor read` for an h5ad file of one's own.
"""

from __future__ import annotations

from functools import cache

import pandas as pd

from dolor.workflow.places import workflow_path

# Jobs are given more than the line says: one that is killed for memory costs a whole run of it.
_MARGIN = 1.5
# A study that is downloaded within the run is not yet there to be weighed.
_LEAST_MB = 4000
_LEAST_MINUTES = 15


@cache
def table() -> pd.DataFrame:
    """Return the lines, by rule: ``mb``, ``mb_per_input_mb``, ``minutes``, ``minutes_per_input_mb``."""
    return pd.read_csv(workflow_path("workflows/resources.tsv"), sep="\t", comment="#", index_col="rule")


def memory_mb(rule: str, input_mb: float, attempt: int = 1) -> int:
    """Say how much memory to ask for, in MB; each further attempt asks for as much again.

    Parameters
    ----------
    rule
        Name of the rule.
    input_mb
        Size of all its input files on disk.
    attempt
        1 for the first.

    Examples
    --------
    >>> memory_mb("annotate", 1000) > memory_mb("annotate", 10)
    True
    """
    return attempt * max(_LEAST_MB, int(_MARGIN * _on_line(rule, "mb", input_mb)))


def runtime_minutes(rule: str, input_mb: float, attempt: int = 1) -> int:
    """Say how long a job may take, in minutes; parameters as in :func:`memory_mb`."""
    return attempt * max(_LEAST_MINUTES, int(_MARGIN * _on_line(rule, "minutes", input_mb)))


def _on_line(rule: str, need: str, input_mb: float) -> float:
    line = table().loc[rule].to_dict()
    return float(line[need]) + float(line[f"{need}_per_input_mb"]) * input_mb
