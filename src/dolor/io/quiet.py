"""What AnnData warns of and dolor deals with."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def repeated_names() -> Iterator[None]:
    """Silence AnnData on names that repeat: genes are summed on the way in, barcodes refused with a sentence."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(Variable|Observation) names are not unique", category=UserWarning)
        yield
