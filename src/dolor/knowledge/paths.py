"""Where the knowledge files are: beside the code in a checkout, inside the package in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def signature_path(name: str) -> Path:
    """Return the path of a file in ``signatures/``, such as ``mediators.tsv``."""
    checkout = _PACKAGE.parents[1] / "signatures"
    folder = checkout if checkout.is_dir() else _PACKAGE / "signatures"
    return folder / name
