"""The command line: quick to answer, one sentence for what goes wrong, the exit code of its kind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from anndata import AnnData

from dolor.cli import main

HEAVY = ("scanpy", "anndata", "pandas", "numpy", "scipy", "numba", "matplotlib", "decoupler", "torch", "snakemake")


def _fastest(command: list[str], rounds: int = 5) -> float:
    """Return the wall time of the quickest of some runs: the machine's other work only ever adds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def test_import_and_help_bring_in_nothing_heavy() -> None:
    script = (
        "import sys, contextlib, io, dolor\n"
        "from dolor.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main(['--help'])\n"
        "print(' '.join(sorted(set(name.partition('.')[0] for name in sys.modules))))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert "dolor" in loaded
    assert set(loaded).isdisjoint(HEAVY)


def test_import_takes_half_a_second_and_help_one() -> None:
    bare = _fastest([sys.executable, "-c", "pass"])
    assert _fastest([sys.executable, "-c", "import dolor"]) - bare < 0.5
    assert _fastest([sys.executable, "-m", "dolor", "--help"]) < 1.0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["quality", "absent.h5ad", "--out", "o", "--summary", "s", "--sex", "x"], 3, "absent.h5ad: no such file"),
        (["read", "kang2019", "--out", "o.h5ad"], 2, "did you mean 'kang2018'?"),
        (["simulate", "skin", "--out", "o", "--truth", "t"], 2, "skin"),
    ],
)
def test_errors_are_one_sentence(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    said = capsys.readouterr().err
    assert left.value.code == code
    assert message in said
    assert said.startswith("dolor: ")
    assert said.count("\n") == 1


def test_debug_shows_the_error_itself() -> None:
    with pytest.raises(Exception, match="no such file"):
        main(["--debug", "quality", "absent.h5ad", "--out", "o", "--summary", "s", "--sex", "x"])


def test_an_unknown_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["quality", "--fast"])
    assert left.value.code == 2
    assert "--fast" in capsys.readouterr().err


def test_nothing_is_written_when_the_input_is_bad(
    make_cells: Callable[..., AnnData], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = make_cells()
    del cells.obs["condition"]
    cells.write_h5ad(tmp_path / "in.h5ad")
    with pytest.raises(SystemExit) as left:
        main(["read", str(tmp_path / "in.h5ad"), "--out", str(tmp_path / "out.h5ad")])
    assert left.value.code == 3
    assert "obs lacks the column(s) condition" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.h5ad"]


def test_help_shows_every_command_in_a_group_on_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    groups = said[said.index("\nRun:") :]
    assert [line for line in groups.splitlines() if line.endswith(":")] == [
        "Run:", "Cells:", "Signals:", "Results:", "Knowledge:"
    ]  # fmt: skip
    commands = [line.split()[0] for line in groups.splitlines() if line.startswith("  ")]
    assert {"run", "annotate", "contrast", "top", "explain", "export", "catalog"} <= set(commands)
    assert len(commands) == len(set(commands)), "a summary goes over two lines"
    assert "..." not in groups
    assert len(said.splitlines()) <= 55
