"""Fuzz a reader: feed it what a coverage-guided fuzzer makes of small valid files, for a bounded time.

    python tools/fuzz.py TARGET [--seconds 60]

A target may return or raise a DolorError; anything else stops the run with the input that did it. Needs the extra
`fuzz`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dolor"]):
    from dolor import config
    from dolor.core.errors import DolorError
    from dolor.io.detect import load
    from dolor.io.metadata import read_metadata
    from dolor.knowledge import catalog, populations
    from dolor.studies import registry

ROOT = Path(__file__).resolve().parents[1]
FORMATS = ROOT / "tests/make_formats"

# Name -> suffix of the file, what reads it, valid files to begin with.
TARGETS: dict[str, tuple[str, Callable[[Path], object], list[bytes]]] = {
    "text": (".csv", load, [b"g,c1,c2\nXist,1,2\nActb,1,1e3\n", b"a\tc1\n1\t2\n"]),
    "mtx": (".mtx", load, [b"%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 1 3\n"]),
    "rds": (".rds", load, [path.read_bytes() for path in sorted((FORMATS / "r").glob("*.rds"))]),
    "metadata": (".csv", read_metadata, [b'barcode,sex\nAAAC,"F"\n', b'!Sample_title\t"a"\t"b"\n']),
    "pairs": (".tsv", lambda path: catalog.read_pairs(path, "human"), [b"ligand\treceptor\nCCL2\tCCR2+CCR5|CCR1\n"]),
    "populations": (".yaml", populations.load, [b"populations:\n  - {id: a, parent: immune, cl: CL:1}\n"]),
    "registry": (".yaml", registry.load, [(ROOT / "signatures/datasets.yaml").read_bytes()[1900:3000]]),
    "config": (".yaml", config.load, [(ROOT / "config/config.yaml").read_bytes()]),
}  # fmt: skip


def main() -> None:
    """Fuzz one target; the fuzzer ends the process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    suffix, read, seeds = TARGETS[options.target]
    folder = Path(tempfile.mkdtemp(prefix="dolor-fuzz-"))
    (folder / "seeds").mkdir()
    for number, seed in enumerate(seeds):
        (folder / "seeds" / str(number)).write_bytes(seed)
    path = folder / f"input{suffix}"

    def one_input(content: bytes) -> None:
        path.write_bytes(content)
        try:
            read(path)
        except DolorError:
            return

    # The first call imports what readers import late; that is no slow input.
    for seed in seeds:
        one_input(seed)
    limits = [f"-max_total_time={options.seconds}", "-timeout=20", "-rss_limit_mb=3000", "-max_len=4000"]
    atheris.Setup([sys.argv[0], str(folder / "seeds"), f"-artifact_prefix={folder}/", *limits], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
