"""Digests of code and of knowledge, so that the workflow re-runs exactly what a change touches."""

from __future__ import annotations

import hashlib
from pathlib import Path

from dolor.knowledge import registry
from dolor.knowledge.paths import signature_path

_PACKAGE = Path(__file__).resolve().parents[1]


def code_digest(*stages: str) -> str:
    """Return a short digest of the sources of some stages and of what they all rest on.

    Parameters
    ----------
    stages
        Folders of the package, such as ``crosstalk``.

    Returns
    -------
    Twelve hexadecimal digits; the same sources give the same digits wherever they are installed.

    Raises
    ------
    ValueError
        A stage has no folder.

    Examples
    --------
    >>> len(code_digest("crosstalk"))
    12
    """
    digest = hashlib.sha256()
    for stage in ("contracts", "io", *stages):
        sources = sorted(_PACKAGE.joinpath(stage).rglob("*.py"))
        if not sources:
            raise ValueError(f"there is no stage '{stage}'")
        for source in sources:
            digest.update(source.relative_to(_PACKAGE).as_posix().encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def signature_digest(*names: str) -> str:
    """Return a short digest of files in ``signatures/``, such as ``mediators.tsv``.

    Examples
    --------
    >>> len(signature_digest("mediators.tsv"))
    12
    """
    digest = hashlib.sha256()
    for name in names:
        digest.update(signature_path(name).read_bytes())
    return digest.hexdigest()[:12]


def study_digest(name: str) -> str:
    """Return a short digest of one entry of the registry: a change to another study is none of its concern.

    Examples
    --------
    >>> len(study_digest("kang2018"))
    12
    """
    return hashlib.sha256(registry.show(name).model_dump_json().encode()).hexdigest()[:12]
