"""A laboratory's own studies, in a registry file of its own."""

from __future__ import annotations

from pathlib import Path

from dolor.core.errors import DataError, UsageError
from dolor.core.package_files import signature_path
from dolor.io.write import write_text
from dolor.studies import registry


def add(entry: Path | str, to: Path | str | None = None) -> list[str]:
    """Add the studies of one file to a registry file, once they are found sound.

    Parameters
    ----------
    entry
        A YAML file with one or more entries, in the form of ``signatures/datasets.yaml``.
    to
        The registry file of the laboratory; made if it is not there. Default: the first that ``$DOLOR_REGISTRY`` names,
        where every command and workflow looks for studies besides those that dolor ships.

    Returns
    -------
    The ids that were added.

    Raises
    ------
    dolor.core.errors.UsageError
        Neither ``to`` nor ``$DOLOR_REGISTRY`` names a file.
    dolor.core.errors.DataError
        An entry is wrong, or its id is taken; the registry file is left as it was.

    Examples
    --------
    >>> add("our_study.yaml", "our_studies.yaml")  # doctest: +SKIP
    ['our_study']
    """
    own = registry.own_registries()
    if to is None and not own:
        raise UsageError("say which file to add to, or name it once for all in $DOLOR_REGISTRY")
    entry, to = Path(entry), own[0] if to is None else Path(to)
    added = registry.load(entry)
    taken = {**registry.load(signature_path("datasets.yaml")), **(registry.load(to) if to.exists() else {})}
    for name in added:
        if name in taken:
            raise DataError(f"{entry}: the id '{name}' is already in the registry; give your study another one")
    before = to.read_text(encoding="utf-8").rstrip("\n") + "\n\n" if to.exists() else ""
    write_text(to, before + entry.read_text(encoding="utf-8").rstrip("\n") + "\n")
    return list(added)
