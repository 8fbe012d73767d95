"""Compiled code is taken from a folder of this user only, and a home that cannot be written to is no obstacle."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = (
    "from dolor.core.compile_cache import settle_cache; settle_cache(); import numba; print(numba.config.CACHE_DIR)"
)


def _cache(folder: Path, **more: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    environment.pop("XDG_CACHE_HOME", None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, env={**environment, **more}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_working_folder_does_not_say_where_compiled_code_is(tmp_path: Path) -> None:
    (tmp_path / ".numba_config.yaml").write_text("cache_dir: /nowhere\n")
    assert _cache(tmp_path, HOME=str(tmp_path)) == ""


def test_without_a_home_it_is_kept_in_a_folder_of_this_user(tmp_path: Path) -> None:
    found = Path(_cache(tmp_path, HOME="/nonexistent", TMPDIR=str(tmp_path)))
    assert found.parent == tmp_path
    assert found.stat().st_mode & 0o077 == 0


def test_a_folder_that_another_may_write_to_is_not_used(tmp_path: Path) -> None:
    (tmp_path / f"dolor-compiled-{os.getuid()}").mkdir()
    (tmp_path / f"dolor-compiled-{os.getuid()}").chmod(0o777)
    found = Path(_cache(tmp_path, HOME="/nonexistent", TMPDIR=str(tmp_path)))
    assert found.name != f"dolor-compiled-{os.getuid()}"
