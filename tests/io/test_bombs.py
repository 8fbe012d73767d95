"""Small files that stand for much more than they are: refused while they unpack, before memory or disk is full."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import resource
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from dolor.core.errors import DolorError
from dolor.io.detect import load
from dolor.io.metadata import read_metadata

HEADER = b"X\n" + struct.pack(">3i", 2, 0x030600, 0x020300)
ZEROS = bytes(1 << 20)
HEAD, ROW = b"," + b"c," * 300_000 + b"c\n", b"g" + b",0" * 300_001 + b"\n"


def _packed(path: Path, start: bytes, piece: bytes, times: int, opener: object = gzip.open) -> Path:
    with opener(path, "wb") as stream:  # type: ignore[operator]
        stream.write(start)
        for _ in range(times):
            stream.write(piece)
    return path


def _twice(path: Path, start: bytes, piece: bytes, times: int) -> Path:
    content = _packed(path, start, piece, times).read_bytes()
    path.write_bytes(gzip.compress(content))
    return path


def _numbers_of_r(folder: Path) -> Path:
    # 400 MB of zeros in a vector: 400 kB packed once, some kB packed twice.
    return _twice(folder / "a.rds", HEADER + struct.pack(">2i", 13, 100 << 20), ZEROS, 400)


def _sequences_of_r(folder: Path) -> Path:
    def compact(length: int) -> bytes:
        name = b"compact_realseq"
        symbol = struct.pack(">3i", 1, 9, len(name)) + name
        info = struct.pack(">i", 2) + symbol + struct.pack(">i", 254)
        state = struct.pack(">2i3d", 14, 3, float(length), 1.0, 1.0)
        return struct.pack(">i", 238) + info + state + struct.pack(">i", 254)

    path = folder / "a.rds"
    path.write_bytes(HEADER + struct.pack(">2i", 19, 500) + compact(60_000_000) * 500)
    return path


def _table(folder: Path) -> Path:
    return _twice(folder / "a.csv.gz", HEAD, ROW, 700)


def _table_bz2(folder: Path) -> Path:
    return _packed(folder / "a.csv.bz2", HEAD, ROW, 120, bz2.open)


def _table_xz(folder: Path) -> Path:
    return _packed(folder / "a.csv.xz", HEAD, ROW, 700, lzma.open)


def _matrix_of_large_sides(folder: Path) -> Path:
    (folder / "matrix.mtx").write_text(
        "%%MatrixMarket matrix coordinate integer general\n1000000000 1000000000 1\n1 1 1\n"
    )
    (folder / "genes.tsv").write_text("Tnf\nIl6\n")
    (folder / "barcodes.tsv").write_text("c1\nc2\n")
    return folder / "matrix.mtx"


def _matrix_of_many_entries(folder: Path) -> Path:
    path = _matrix_of_large_sides(folder)
    path.write_text("%%MatrixMarket matrix coordinate integer general\n2 2 4000000000\n" + "1 1 1\n" * 9)
    return path


def _long_digits(folder: Path) -> Path:
    path = _matrix_of_large_sides(folder)
    path.write_text("%%MatrixMarket matrix coordinate integer general\n2 2 " + "9" * 5000 + "\n1 1 1\n")
    return path


def _names_without_end(folder: Path) -> Path:
    path = _matrix_of_large_sides(folder)
    (folder / "barcodes.tsv").unlink()
    _twice(folder / "barcodes.tsv.gz", b"", b"c" * 999_999 + b"\n", 300)
    return path


def _zip_tree(folder: Path) -> Path:
    content = b"1\t2\n"
    name = "counts.tsv"
    for level in range(6):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for number in range(8):
                archive.writestr(f"{number}_{name}", content)
        content, name = made.getvalue(), f"counts{level}.zip"
    (folder / "a.zip").write_bytes(content)
    return folder / "a.zip"


def _large_member(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("counts.csv", bytes(300 << 20))
    return folder / "a.zip"


def _member_with_holes(folder: Path) -> Path:
    member = tarfile.TarInfo("counts.csv")
    member.type, member.size = tarfile.GNUTYPE_SPARSE, 512
    made = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    made[386:398] = b"000000000000"[:12]
    made[483:495] = b"77777777777\0"
    made[148:156] = b" " * 8
    made[148:156] = b"%06o\0 " % sum(made)
    (folder / "a.tar").write_bytes(bytes(made) + bytes(512 * 4))
    return folder / "a.tar"


BOMBS = [
    _numbers_of_r, _sequences_of_r, _table, _table_bz2, _table_xz, _matrix_of_large_sides,
    _matrix_of_many_entries, _long_digits, _names_without_end, _zip_tree, _large_member, _member_with_holes,
]  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.__name__.strip("_"))
def test_a_bomb_is_refused(tmp_path: Path, bomb: object) -> None:
    path = bomb(tmp_path)  # type: ignore[operator]
    with pytest.raises(DolorError):
        load(path)


def test_a_table_of_cells_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DolorError):
        read_metadata(_twice(tmp_path / "a.csv.gz", b"cell,x\n", b"c" * 999_997 + b",1\n", 300))


def test_what_does_not_fit_into_memory_is_a_sentence(tmp_path: Path) -> None:
    lines = "\n".join(f"g{number}," + "1," * 2999 + "1" for number in range(6000))
    (tmp_path / "a.csv").write_text("," + ",".join(f"c{number}" for number in range(3000)) + "\n" + lines + "\n")
    program = "import sys; from dolor.cli.main import main; main(['read', 'a.csv', '--out', 'a.h5ad'])"
    limit = 1_300_000_000
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
    )  # fmt: skip
    assert done.returncode in (3, 4), done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
