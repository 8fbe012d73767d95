"""Compilation of kernels: cached on disk, without the interpreter's lock, and typed as the function written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from dolor.core.compile_cache import settle_cache

settle_cache()

import numba  # noqa: E402 - it reads where its cache is when it is imported

__all__ = ["compiled", "compiled_for_sums"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function on numpy arrays."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


def compiled_for_sums(function: F) -> F:
    """Compile a function whose sums may run in any order, so that the processor adds several values at a time.

    Only for sums that are exact in every order, such as those of counts.
    """
    return cast(F, numba.njit(cache=True, nogil=True, fastmath={"reassoc"})(function))
