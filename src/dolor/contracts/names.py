"""Names of datasets: they become folders, so they are held to a plain alphabet."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_READ_AS_MISSING = frozenset({"na", "nan", "none", "null", "true", "false"})


def dataset_name(name: str) -> str:
    """Give a dataset's name back, if a folder can safely bear it.

    Raises
    ------
    ValueError
        The name holds anything but letters, digits, dot, dash and underscore, or other programs would read it
        as a missing value.

    Examples
    --------
    >>> dataset_name("GSE154659")
    'GSE154659'
    """
    if not _PLAIN.fullmatch(name) or ".." in name:
        raise ValueError(
            f"the dataset id {name[:60]!r} cannot name a folder; use letters, digits, dot, dash and underscore"
        )
    if name.lower() in _READ_AS_MISSING:
        raise ValueError(f"the dataset id {name!r} is read as a missing value by other programs; choose another")
    return name
