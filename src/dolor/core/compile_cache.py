"""Where compiled functions are kept when neither the package nor the home folder can be written, as in containers."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

__all__ = ["ensure_compile_cache"]

_VARIABLE = "NUMBA_CACHE_DIR"


def ensure_compile_cache(package: Path) -> None:
    """Name a folder of this process for compiled functions if numba would find none that it can write.

    The folder is new, so that nobody else can have put files into it, and is removed when the process ends.
    """
    if os.environ.get(_VARIABLE) or _is_writable(package):
        return
    try:
        home = Path.home()
    except RuntimeError:
        home = Path("/nonexistent")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    if _is_writable(next((folder for folder in (cache / "numba", cache, home) if folder.is_dir()), home)):
        return
    folder = tempfile.mkdtemp(prefix="dolor-compiled-")
    os.environ[_VARIABLE] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _is_writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK)
