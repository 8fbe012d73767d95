"""How figures behave in a session: shown in a notebook, saved, drawn on given axes; odd labels and wrong objects."""

from __future__ import annotations

import inspect
import io
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest

from dolor import pl
from dolor.core.errors import DataError, UsageError

FIGURES = (
    "chord", "composition", "confusion", "dotplot", "drivers", "forest", "heatmap", "markers", "network", "pain_axis",
    "sex_calls", "sex_scatter", "volcano",
)  # fmt: skip


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Figures that a notebook would have shown."""
    figures: list[Any] = []
    session = types.SimpleNamespace(kernel=object())
    notebook = types.SimpleNamespace(
        get_ipython=lambda: session, version_info=(9, 0), display=types.SimpleNamespace(display=figures.append)
    )
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    return figures


def test_a_figure_shows_once_in_a_notebook_and_is_returned(contrasts: pd.DataFrame, shown: list[Any]) -> None:
    ax = pl.volcano(contrasts)
    assert shown == [ax.figure]
    pl.volcano(contrasts, show=False)
    assert len(shown) == 1
    given = pl.new_axes(80, 60)
    assert pl.volcano(contrasts, ax=given) is given
    assert len(shown) == 1
    pl.volcano(contrasts, ax=given, show=True)
    assert shown[1] is given.figure


def test_nothing_shows_outside_a_notebook(contrasts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(version_info=(9, 0), get_ipython=lambda: None))
    assert pl.volcano(contrasts).get_xlabel()


@pytest.mark.parametrize(("ending", "starts"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_save_writes_the_format_of_the_ending(
    contrasts: pd.DataFrame, tmp_path: Path, ending: str, starts: bytes
) -> None:
    path = tmp_path / f"volcano.{ending}"
    pl.volcano(contrasts, save=path)
    assert path.read_bytes().startswith(starts)


@pytest.mark.parametrize("name", ["volcano.xlsx", "volcano", "no_such_folder/volcano.png"])
def test_save_says_what_it_cannot_write(contrasts: pd.DataFrame, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        pl.volcano(contrasts, save=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_the_options_and_documents_them(name: str) -> None:
    draw = getattr(pl, name)
    assert {"show", "save", "ax"} <= set(inspect.signature(draw).parameters)
    assert draw.__doc__.index("\n    save\n") < draw.__doc__.index("Returns\n")


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize(
    "wrong", [anndata.AnnData(np.ones((2, 2))), "contrasts.parquet", None, pd.DataFrame({"a": [1]})]
)
def test_a_wrong_object_is_an_error_of_the_input(name: str, wrong: object) -> None:
    more: dict[str, tuple[object, ...]] = {"confusion": (wrong,), "pain_axis": ({"toy": "drg"},)}
    with pytest.raises(DataError):
        getattr(pl, name)(wrong, *more.get(name, ()))


ODD = {"macrophage": "x" * 200, "nociceptor": "$\\alpha_{", "satellite_glia": "y y/" * 50}


@pytest.mark.parametrize("name", ["chord", "dotplot", "drivers", "heatmap", "network", "sex_scatter", "volcano"])
def test_labels_of_200_characters_and_with_dollars_are_drawn(contrasts: pd.DataFrame, name: str) -> None:
    odd = contrasts.replace({"sender": ODD, "receiver": ODD, "ligand": {"Tnf": "$Tnf_{"}}).assign(score=1.0)
    draw: Callable[..., Any] = getattr(pl, name)
    ax = draw(odd)
    ax.figure.savefig(io.BytesIO(), format="png")
    texts = [text.get_text() for text in ax.figure.findobj(lambda one: hasattr(one, "get_text"))]
    assert max(map(len, texts)) < 160


def test_a_dot_plot_keeps_populations_apart_that_look_alike_when_short(contrasts: pd.DataFrame) -> None:
    alike = {"macrophage": "x" * 100 + "a" + "x" * 100, "nociceptor": "x" * 100 + "b" + "x" * 100}
    scores = contrasts.replace({"sender": alike, "receiver": alike}).assign(score=1.0)
    assert len(pl.dotplot(scores, pairs=99).get_xticks()) == 9
