"""A reader sees the old file or the new one, never half of one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dolor.core.errors import DataError
from dolor.io.write import atomic_path, write_text


def test_an_exception_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "table.tsv"
    write_text(target, "good\n")
    with pytest.raises(RuntimeError, match="halfway"), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("halfway")
    assert target.read_text() == "good\n"
    assert [path.name for path in tmp_path.iterdir()] == ["table.tsv"]


def test_a_kill_while_writing_leaves_the_earlier_file(tmp_path: Path) -> None:
    target = tmp_path / "table.tsv"
    write_text(target, "good\n")
    script = (
        "import sys, time\nfrom dolor.io.write import atomic_path\n"
        "with atomic_path(sys.argv[1]) as path:\n"
        "    path.write_text('half'); print('writing', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(target)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        child.send_signal(signal.SIGKILL)
    assert target.read_text() == "good\n"


def test_the_folder_is_made_and_the_mode_is_that_of_other_new_files(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "a.txt", "x")
    (tmp_path / "b.txt").write_text("x")
    assert (tmp_path / "new" / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="cannot be written") as caught:
        write_text(tmp_path / "file" / "a.txt", "x")
    assert "a.txt" in str(caught.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full to play a full disk")
def test_a_full_disk_leaves_the_earlier_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "good")
    with pytest.raises(DataError, match="No space left"), atomic_path(target) as temporary:
        temporary.unlink()
        temporary.symlink_to("/dev/full")
        with temporary.open("w") as stream:
            stream.write("x" * 10)
    assert target.read_text() == "good"
    assert os.listdir(tmp_path) == ["a.txt"]
