"""An h5ad file that is read where it lies gives the Cells that reading it into memory gives."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import dolor as dl
from dolor.core.errors import DataError
from dolor.io.read import expression, is_h5ad, read_stored

sys.path.insert(0, str(Path(__file__).parents[1] / "make_formats"))
import formats

Maker = Callable[..., AnnData]
# Today's symbols, a former one of a gene that is there too, an Ensembl id twice, a control probe.
GENES = ["Sting1", "Tmem173", "Actb", "Xist", "Trpv1", "Calca", "Csf1r", "NegControlProbe_1", "Ddx3y"]


@pytest.fixture
def stored(make_cells: Maker, tmp_path: Path) -> Callable[[str], Path]:
    def store(form: str) -> Path:
        cells = make_cells(500, GENES)
        counts = cells.layers["counts"]
        if form == "float X of columns":
            del cells.layers["counts"]
            cells.X = counts.astype(np.float32).tocsc()
        elif form == "dense":
            cells.layers["counts"] = counts.toarray()
        elif form.startswith("raw"):
            del cells.layers["counts"]
            cells.X = counts.astype(np.float32)
            cells.raw = cells
            cells = cells[:, :7].copy()
            if form == "raw beside scaled values":
                cells.X = cells.X * 0.5
        elif form == "repeated genes":
            cells.var_names = ["Actb" if name == "Trpv1" else name for name in GENES]
        cells.uns["simulated"] = True
        cells.write_h5ad(tmp_path / "cells.h5ad")
        return tmp_path / "cells.h5ad"

    return store


@pytest.mark.filterwarnings("ignore:Variable names are not unique:UserWarning")
@pytest.mark.parametrize(
    "form", ["plain", "float X of columns", "dense", "repeated genes", "raw beside scaled values", "raw beside counts"]
)
@pytest.mark.parametrize("described", [True, False])
def test_both_ways_of_reading_give_the_same_cells(
    stored: Callable[[str], Path], tmp_path: Path, form: str, described: bool
) -> None:
    path, how = stored(form), dict[str, Any](fields={"tissue": "=dorsal root ganglion", "donor_id": "sample_id"})
    if described:
        table = pd.DataFrame({"barcode": [f"cell{number}" for number in range(0, 400)], "age": "8 weeks"})
        table.to_csv(tmp_path / "cells.csv", index=False)
        how["metadata"] = tmp_path / "cells.csv"
    assert is_h5ad(path)
    expected = dl.read(path, **how)
    cells, counts = read_stored(path, **how)
    pd.testing.assert_frame_equal(cells.obs, expected.obs)
    pd.testing.assert_frame_equal(cells.var, expected.var)
    assert cells.uns == expected.uns
    for ours, theirs in ((counts.whole(), expected.layers["counts"]), (expression(counts).whole(), expected.X)):
        assert ours.dtype == theirs.dtype
        assert (ours != theirs).nnz == 0


def test_a_matrix_without_counts_is_refused_as_in_memory(make_cells: Maker, tmp_path: Path) -> None:
    cells = make_cells(50, GENES)
    cells.X = np.log1p(cells.layers.pop("counts"))
    cells.write_h5ad(tmp_path / "cells.h5ad")
    with pytest.raises(DataError, match="not integers") as stored_says:
        read_stored(tmp_path / "cells.h5ad")
    with pytest.raises(DataError) as memory_says:
        dl.read(tmp_path / "cells.h5ad")
    assert str(stored_says.value) == str(memory_says.value)
    with pytest.raises(DataError, match="has no layer 'spliced'; there are none"):
        read_stored(tmp_path / "cells.h5ad", layer="spliced")


def test_the_layer_that_is_asked_for_is_the_one_that_is_read(make_cells: Maker, tmp_path: Path) -> None:
    cells = make_cells(50, GENES)
    cells.layers["spliced"] = cells.layers["counts"] * 2
    cells.X = cells.layers["counts"] * 3
    cells.raw = cells
    cells.write_h5ad(tmp_path / "cells.h5ad")
    for layer, times in (("", 1), ("spliced", 2), ("raw", 3)):
        ours = read_stored(tmp_path / "cells.h5ad", layer=layer)[1].whole()
        theirs = dl.read(tmp_path / "cells.h5ad", layer=layer).layers["counts"]
        assert (ours != theirs).nnz == 0
        assert ours.sum() == times * read_stored(tmp_path / "cells.h5ad")[1].whole().sum()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("raw", "has no 'raw'; name the layer that holds the raw counts"),
        ("spliced", "has no layer 'spliced'; there are unspliced"),
        ("", "has neither a layer 'counts' nor X; name the layer that holds the raw counts"),
    ],
)
def test_counts_that_are_not_where_they_are_looked_for(
    make_cells: Maker, tmp_path: Path, layer: str, message: str
) -> None:
    cells = make_cells(50, GENES)
    cells.layers["unspliced"] = cells.layers.pop("counts")
    cells.write_h5ad(tmp_path / "cells.h5ad")
    with pytest.raises(DataError, match=rf"cells\.h5ad: {message}"):
        read_stored(tmp_path / "cells.h5ad", layer=layer)


def test_what_is_no_h5ad_file_is_left_to_its_reader(make_cells: Maker, tmp_path: Path) -> None:
    make_cells(50, GENES).write_h5ad(tmp_path / "whole")
    assert is_h5ad(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    (tmp_path / "empty").touch()
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    (tmp_path / "packed").write_bytes(gzip.compress(whole))
    (tmp_path / "cut short").write_bytes(whole[: len(whole) // 2])
    formats.loom(tmp_path / "loom")
    formats.tenx_h5(tmp_path / "10x")
    for name in ("", "none", "empty", "text.csv", "packed", "cut short", "loom", "10x"):
        assert not is_h5ad(tmp_path / name), name
