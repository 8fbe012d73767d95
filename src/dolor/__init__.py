"""dolor: which immune signals reach which neurons, how injury changes it, and whether it differs by sex.

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dolor.core.compile_cache import settle_cache

if TYPE_CHECKING:
    from dolor import datasets, pl, pp, report, simulate, tl
    from dolor.core import errors
    from dolor.io.read import read
    from dolor.knowledge import catalog, populations

__version__ = "0.1.0"

settle_cache()

# Public name -> module that holds it, and the attribute in that module (empty: the module itself).
_PUBLIC = MappingProxyType(
    {
        "catalog": ("dolor.knowledge.catalog", ""),
        "datasets": ("dolor.datasets", ""),
        "errors": ("dolor.core.errors", ""),
        "pl": ("dolor.pl", ""),
        "populations": ("dolor.knowledge.populations", ""),
        "pp": ("dolor.pp", ""),
        "read": ("dolor.io.read", "read"),
        "report": ("dolor.report", ""),
        "simulate": ("dolor.simulate", ""),
        "tl": ("dolor.tl", ""),
    }
)

__all__ = [
    "__version__",
    "catalog",
    "datasets",
    "errors",
    "pl",
    "populations",
    "pp",
    "read",
    "report",
    "simulate",
    "tl",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'dolor' has no attribute '{name}'")
    module_name, attribute = _PUBLIC[name]
    module = importlib.import_module(module_name)
    return getattr(module, attribute) if attribute else module


def __dir__() -> list[str]:
    return __all__
