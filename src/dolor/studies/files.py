"""Where the files of a study lie on this machine, and under which address they are offered."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from dolor.core.errors import UsageError

if TYPE_CHECKING:
    from dolor.studies.study import Study, StudyFile

_GEO = "https://ftp.ncbi.nlm.nih.gov/geo"


def data_folder(folder: Path | str | None = None) -> Path:
    """Return the folder for public data: the one given, else ``$DOLOR_DATA``, else ``data`` in the working folder."""
    return Path(folder or os.environ.get("DOLOR_DATA") or "data")


def needed_files(study: Study) -> list[StudyFile]:
    """Return the files that reading a study needs: its counts, its metadata, and the names that belong to a matrix."""
    names = re.compile(r"(features|genes|barcodes|cells)\.(tsv|txt|csv)(\.gz)*$")
    beside = any(file.format in ("mtx", "10x_mtx") for file in study.files)
    return [
        file for file in study.files
        if (file.content == "counts" and file.values == "counts")
        or file.content == "metadata"
        or (beside and file.content == "other" and names.search(file.name))
    ]  # fmt: skip


def stored_paths(study: Study, file: StudyFile, folder: Path) -> list[Path]:
    """Find a file of a study; a name with ``*`` may stand for several.

    Parameters
    ----------
    study, file
        The entry, and one of its files.
    folder
        Where public data lies; looked at are its subfolder named as the study, that of the file, and itself.
    """
    for place in (folder / study.id, folder / file.folder, folder):
        if place.is_dir():
            found = sorted(path for path in place.iterdir() if fnmatchcase(path.name, file.name))
            if found:
                return found
    return []


def address(file: StudyFile) -> str:
    """Return the address of a file; that of GEO follows from its name.

    Raises
    ------
    dolor.core.errors.UsageError
        The entry says nowhere where the file is offered.

    Examples
    --------
    >>> from dolor.studies.study import StudyFile
    >>> address(StudyFile(name="GSM4130750_WT_1.csv.gz", format="dense_text"))
    'https://ftp.ncbi.nlm.nih.gov/geo/samples/GSM4130nnn/GSM4130750/suppl/GSM4130750_WT_1.csv.gz'
    """
    if file.url:
        return file.url
    accession = re.match(r"(GSE|GSM)(\d+)", file.name)
    if file.location != "GEO" or accession is None or "*" in file.name:
        raise UsageError(f"no address is known for '{file.name}' ({file.location}); download it and name its path")
    kind = "series" if accession[1] == "GSE" else "samples"
    folder = "matrix" if file.format == "series_matrix" else "suppl"
    # GEO keeps a thousand accessions to a folder; those below a thousand share one without digits.
    thousand = f"{accession[1]}{accession[2][:-3]}nnn"
    return f"{_GEO}/{kind}/{thousand}/{accession[0]}/{folder}/{file.name}"


def source_of(file: StudyFile) -> str:
    """Say where a file comes from: its address, the folder of the user, or that nobody knows.

    Examples
    --------
    >>> from dolor.studies.study import StudyFile
    >>> source_of(StudyFile(name="cells.h5ad", format="h5ad", location="DOLOR_DATA"))
    'the folder named in $DOLOR_DATA'
    """
    if file.location == "DOLOR_DATA":
        return "the folder named in $DOLOR_DATA"
    try:
        return address(file)
    except UsageError:
        return f"{file.location}, address not known"


def is_offered(study: Study) -> bool:
    """Tell whether a study can be fetched: every file that reading it needs has an address."""
    files = needed_files(study)
    return bool(files) and all(source_of(file).startswith("https://") for file in files)
