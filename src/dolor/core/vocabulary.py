"""Words that the contracts fix, and the way other spellings of them are understood.

Names of datasets: they become folders, so they are held to a plain alphabet.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from dolor.core.errors import DataError

__all__ = ["ORGANISMS", "SEXES", "SUSPENSION_TYPES", "UNASSIGNED", "dataset_name", "organism_word", "sex_word"]

SEXES = ("female", "male", "mixed", "unknown")
ORGANISMS = ("mouse", "human")
SUSPENSION_TYPES = ("cell", "nucleus", "na")
UNASSIGNED = "unassigned"

_SEX_SPELLINGS = MappingProxyType(
    {
        "female": "female", "f": "female", "woman": "female", "xx": "female", "pato:0000383": "female",
        "male": "male", "m": "male", "man": "male", "xy": "male", "pato:0000384": "male",
        "mixed": "mixed", "pooled": "mixed", "both": "mixed", "male and female": "mixed",
        "unknown": "unknown", "na": "unknown", "n/a": "unknown", "nan": "unknown", "none": "unknown", "": "unknown",
        "not available": "unknown", "not_stated": "unknown", "?": "unknown",
    }
)  # fmt: skip

_ORGANISM_SPELLINGS = MappingProxyType(
    {
        "mouse": "mouse", "mus musculus": "mouse", "mm": "mouse", "ncbitaxon:10090": "mouse",
        "human": "human", "homo sapiens": "human", "hs": "human", "ncbitaxon:9606": "human",
    }
)  # fmt: skip


def sex_word(text: object) -> str:
    """Bring a spelling of sex to ``female``, ``male``, ``mixed`` or ``unknown``.

    Raises
    ------
    dolor.core.errors.DataError
        The spelling is none that is known.

    Examples
    --------
    >>> sex_word(" F "), sex_word("PATO:0000384"), sex_word("")
    ('female', 'male', 'unknown')
    """
    word = _SEX_SPELLINGS.get(str(text).strip().lower())
    if word is None:
        raise DataError(f"the sex {str(text)[:60]!r} is not understood; write one of {', '.join(SEXES)}")
    return word


def organism_word(text: object) -> str:
    """Bring a spelling of the organism to ``mouse`` or ``human``.

    Examples
    --------
    >>> organism_word("Mus musculus")
    'mouse'
    """
    word = _ORGANISM_SPELLINGS.get(str(text).strip().lower())
    if word is None:
        raise DataError(f"the organism {str(text)[:60]!r} is not supported; write one of {', '.join(ORGANISMS)}")
    return word


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
