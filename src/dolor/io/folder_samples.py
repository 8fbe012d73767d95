"""Which files of a folder are its samples: one matrix each, filtered droplets before raw ones, genes before tags."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from dolor.core.errors import DataError
from dolor.io.formats.mtx import prefix_of

__all__ = ["is_mtx", "sample_files", "sample_label"]

UNFILTERED = "matrices of unfiltered droplets, where filtered ones are beside them (no cell is lost)"
OF_TAGS = "matrices of antibodies or hashtags (no cell is lost)"
OTHER_COUNTS = "matrices of other counts of the same cells, such as spliced ones (no cell is lost)"

_MTX = re.compile(r"\.mtx(\.gz)*$", re.IGNORECASE)
_COUNTS = re.compile(
    r"\.(h5|h5ad|loom|rds|tar|tgz|zip)(\.gz)*$|(count|dge|expression|umi|matrix).*\.(csv|tsv|txt)(\.gz)*$",
    re.IGNORECASE,
)
_TABLE = re.compile(r"\.(csv|tsv|txt)(\.gz)*$", re.IGNORECASE)
_NO_COUNTS = re.compile(
    r"meta|barcodes|features|genes\.|cells\.|readme|filelist|manifest|md5|annotation|sample_?sheet|molecule_info",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"[._-]?((raw|filtered)_?)?((feature|gene)s?_bc_matri(x|ces))?(_h5)?(\.(h5|h5ad|loom|rds|tar|tgz|zip|csv|tsv|txt|gz))*$",
    re.IGNORECASE,
)
_TAGS = re.compile(r"(^|[^A-Za-z])(adt|hto|antibod(y|ies)|hashtags?|protein|citeseq)([^A-Za-z]|$)", re.IGNORECASE)
_VELOCITY = re.compile(r"(^|[._-])(spliced|unspliced|ambiguous|nascent|mature)\.mtx", re.IGNORECASE)
_MULTI = re.compile(r"^UniqueAndMult", re.IGNORECASE)
# Folders of Cell Ranger and STARsolo that say how droplets were counted and not which sample they are of.
_OF_PROGRAMS = re.compile(r"^(outs|raw|filtered|Gene(Full\w*)?|Velocyto|SJ|(.*[._])?Solo\.out|\w*_bc_matri\w*)$")
_FEATURE_SETS = re.compile(r"^Gene(Full\w*)?$")


def is_mtx(file: Path) -> bool:
    """Return whether a name is that of a Matrix Market file."""
    return _MTX.search(file.name) is not None


def sample_files(folder: Path, name: str) -> tuple[list[Path], dict[str, int]]:
    """Return the files of counts, each matrix of Matrix Market standing for its sample, and what was passed over.

    Raises
    ------
    dolor.core.errors.DataError
        Several matrices count the same cells in different ways, and nothing says which is wanted.
    """
    every = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    files = [path for path in every if is_mtx(path)]
    files = files or [path for path in every if _COUNTS.search(path.name) and not _NO_COUNTS.search(path.name)]
    files = files or [path for path in every if _TABLE.search(path.name) and not _NO_COUNTS.search(path.name)]
    passed: Counter[str] = Counter()
    for reason, unwanted in ((OF_TAGS, _is_of_tags), (OTHER_COUNTS, _counts_otherwise), (UNFILTERED, _is_unfiltered)):
        files = _without(files, folder, unwanted, reason, passed)
    _refuse_ambiguous(files, folder, name)
    return files, dict(passed)


def _without(
    files: list[Path],
    folder: Path,
    unwanted: Callable[[Path, list[Path], Path], bool],
    reason: str,
    passed: Counter[str],
) -> list[Path]:
    kept = [file for file in files if not unwanted(file, files, folder)]
    if not kept:
        return files
    if len(kept) < len(files):
        passed[reason] += len(files) - len(kept)
    return kept


def _is_of_tags(file: Path, _: list[Path], folder: Path) -> bool:
    return _TAGS.search(file.relative_to(folder).as_posix()) is not None


def _counts_otherwise(file: Path, files: list[Path], _: Path) -> bool:
    beside = {other.name.lower() for other in files if other.parent == file.parent}
    plain = any(name.startswith("matrix.mtx") for name in beside)
    return _VELOCITY.search(file.name) is not None or (_MULTI.match(file.name) is not None and plain)


def _is_unfiltered(file: Path, files: list[Path], folder: Path) -> bool:
    """Return whether a file is the raw form of one that is there filtered."""
    inside = file.relative_to(folder).as_posix()
    filtered = re.sub(r"(^|[/._-])raw(?=[/._-])", r"\1filtered", inside)
    return filtered != inside and folder / filtered in files


def _refuse_ambiguous(files: list[Path], folder: Path, name: str) -> None:
    """Refuse spliced beside unspliced counts, and genes counted in exons beside those counted in whole genes."""
    splicing = [file for file in files if _VELOCITY.search(file.name)]
    if len(splicing) > 1:
        raise DataError(
            f"{name}: holds only counts by splicing ({', '.join(file.name for file in splicing[:3])}), which count the "
            "same cells; name the matrix of all transcripts"
        )
    ways: dict[Path, set[str]] = {}
    for file in files:
        for place, part in enumerate(parts := file.relative_to(folder).parts):
            if _FEATURE_SETS.match(part):
                ways.setdefault(Path(*parts[:place]), set()).add(part)
    for found in ways.values():
        if len(found) > 1:
            raise DataError(
                f"{name}: holds the same cells counted in {len(found)} ways ({', '.join(sorted(found))}); name the "
                "folder that is wanted: Gene counts exons, GeneFull whole genes, as for nuclei"
            )


def sample_label(file: Path, folder: Path, sample_pattern: str) -> str:
    """Name a sample by the prefix of its file, else by its folder.

    Raises
    ------
    dolor.core.errors.DataError
        The pattern does not match.
    """
    if sample_pattern:
        found = re.search(sample_pattern, file.name)
        if found is None:
            raise DataError(f"{file.name}: the pattern {sample_pattern!r} does not give the sample")
        return found[1]
    label = prefix_of(file) if is_mtx(file) else _ENDS.sub("", file.name)
    if label:
        return label
    parts = file.relative_to(folder).parts[:-1]
    return "_".join(part for part in parts if not _OF_PROGRAMS.match(part)) or folder.name
