"""Writing a simulated study to a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dolor.simulate.study_form import Study


def write(made: Study, folder: Path | str) -> dict[str, Path]:
    """Write a study: ``cells.h5ad``, ``truth.tsv`` and ``samples.tsv``, each atomically.

    Parameters
    ----------
    made
        The study.
    folder
        Where to; it is made if it does not exist.

    Returns
    -------
    The path of each file, by its name without the ending.

    Examples
    --------
    >>> import tempfile
    >>> import dolor as dl
    >>> made = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=60)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sorted(path.name for path in write(made, folder).values())
    ['cells.h5ad', 'samples.tsv', 'truth.tsv']
    """
    from dolor.io.atomic import atomic_path, write_text

    paths = {
        name: Path(folder) / f"{name}{end}"
        for name, end in (("cells", ".h5ad"), ("truth", ".tsv"), ("samples", ".tsv"))
    }
    with atomic_path(paths["cells"]) as temporary:
        made.cells.write_h5ad(temporary, compression="gzip")
    for name in ("truth", "samples"):
        write_text(paths[name], getattr(made, name).to_csv(sep="\t", index=False, lineterminator="\n"))
    return paths
