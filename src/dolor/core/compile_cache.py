"""Where compiled kernels are kept: a folder that only this user writes to, since what lies there is run.

Numba takes the folder from a file ``.numba_config.yaml`` of the working folder where the environment names none.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

__all__ = ["settle_cache"]

_VARIABLES = ("NUMBA_CACHE_DIR", "NUMBA_CACHE_LOCATOR_CLASSES")


def settle_cache() -> None:
    """Fix numba's cache, before numba is imported, to the user's own, or to one in the temporary folder."""
    for name in _VARIABLES:
        # Empty is numba's own default; what the environment says wins over the working folder.
        os.environ.setdefault(name, "")
    if not os.environ["NUMBA_CACHE_DIR"] and not _home_is_writable():
        os.environ["NUMBA_CACHE_DIR"] = str(_own_temporary_folder())


def _home_is_writable() -> bool:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    there = next((place for place in (cache, *cache.absolute().parents) if place.is_dir()), None)
    # Only the root folder is found where a user has no home folder, as in a container.
    return there is not None and there != Path("/") and os.access(there, os.W_OK)


def _own_temporary_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"dolor-compiled-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return Path(tempfile.mkdtemp(prefix="dolor-compiled-"))
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if ours else Path(tempfile.mkdtemp(prefix="dolor-compiled-"))
