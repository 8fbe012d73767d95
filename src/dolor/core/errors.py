"""What can go wrong, as the user meets it.

Every error that dolor raises on purpose is a :class:`DolorError`. Its message is one sentence that says what is wrong,
where, with which values, and what to do. The command line prints that sentence and leaves with ``exit_code``.

::

    DolorError
    ├── UsageError          2  a command, an option or a configuration that cannot be meant
    │   └── MissingExtra    2  an optional package is needed and not installed
    ├── DataError           3  input that cannot be used: file, matrix, column, label, design
    │   └── DesignError     3  samples that cannot answer the question asked of them
    ├── IntegrityError      4  a file is not the file that it should be: checksum, size, truncation
    ├── NetworkError        5  a download that did not arrive
    └── RunError            the code of the job that failed, or 1
"""

from __future__ import annotations

__all__ = [
    "DataError",
    "DesignError",
    "DolorError",
    "IntegrityError",
    "MissingExtra",
    "NetworkError",
    "RunError",
    "UsageError",
]


class DolorError(Exception):
    """Base of all errors that dolor raises on purpose."""

    exit_code = 1


class UsageError(DolorError):
    """A command, an option or a configuration that cannot be meant."""

    exit_code = 2


class MissingExtra(UsageError):
    """An optional package is needed and not installed.

    Parameters
    ----------
    package
        Name of the package that is missing.
    extra
        The extra of dolor that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"This needs the package '{package}': install it with  pip install 'dolor[{extra}]'")


class DataError(DolorError):
    """Input that cannot be used: a file, a matrix, a column, a label."""

    exit_code = 3


class DesignError(DataError):
    """Samples that cannot answer the question asked of them, such as a condition confounded with batch."""


class IntegrityError(DolorError):
    """A file is not the file that it should be: wrong checksum, changed size, truncated."""

    exit_code = 4


class NetworkError(DolorError):
    """A download that did not arrive."""

    exit_code = 5


class RunError(DolorError):
    """A job of the workflow failed, or Snakemake did.

    Parameters
    ----------
    message
        What failed and why.
    code
        The exit code to leave with; 0 if none is known.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.exit_code = code or 1
