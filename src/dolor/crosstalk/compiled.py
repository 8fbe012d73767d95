"""Compilation of kernels: cached on disk, without the interpreter's lock, and typed as the function written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function on numpy arrays."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))
