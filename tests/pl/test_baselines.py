"""Each figure looks as it did when a person last looked at it. To renew: DOLOR_NEW_BASELINES=1 pytest tests/pl."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from dolor import pl

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BASELINES = Path(__file__).parent / "baselines"
# Root mean square over the pixels, of 255: room for another version of the font renderer, none for a moved label.
TOLERANCE = 6.0


@pytest.fixture
def drawn(
    contrasts: pd.DataFrame, evidence: pd.DataFrame, sex: pd.DataFrame, combined: pd.DataFrame
) -> dict[str, Callable[[], Axes]]:
    """Each figure of ``dl.pl``, ready to be drawn from a small table."""
    mixed = contrasts.copy()
    falls = (mixed["sender"] == "macrophage") & (mixed["ligand"] == "Ngf")
    mixed.loc[falls, ["effect", "infiltration", "per_cell"]] *= -1
    apart = mixed.copy()
    apart.loc[(apart["stratum"] == "female") & (apart["ligand"] == "Tnf"), "effect"] += 2
    scores = mixed[mixed["contrast_type"] == "condition"].assign(score=mixed["effect"].abs())
    named = mixed.assign(interaction_id=mixed["ligand"].map(
        {"Il1b": "IL1B:IL1R1+IL1RAP", "Tnf": "TNF:TNFRSF1A", "Ngf": "NGF:NTRK1", "Ccl2": "CCL2:CCR2"}
    ))  # fmt: skip
    groups = [("naive", "female", 1), ("naive", "male", 1), ("injured", "female", 4), ("injured", "male", 4)]
    cells = pd.DataFrame(
        [(f"{condition}_{sex[0]}", condition, sex, name)
         for condition, sex, macrophages in groups
         for name, number in (("nociceptor", 3), ("satellite_glia", 4), ("macrophage", macrophages))
         for _ in range(number)],
        columns=["sample_id", "condition", "sex", "cell_type"],
    )  # fmt: skip
    taken = cells["cell_type"].replace("macrophage", "monocyte").where(cells.index % 5 == 0, cells["cell_type"])
    return {
        "chord": lambda: pl.chord(mixed),
        "composition": lambda: pl.composition(cells),
        "confusion": lambda: pl.confusion(taken, cells["cell_type"]),
        "dotplot": lambda: pl.dotplot(scores),
        "drivers": lambda: pl.drivers(mixed),
        "forest": lambda: pl.forest(combined, receiver="nociceptor"),
        "heatmap": lambda: pl.heatmap(mixed),
        "markers": lambda: pl.markers(evidence),
        "network": lambda: pl.network(mixed),
        "pain_axis": lambda: pl.pain_axis(named, {"toy": "drg"}),
        "sex_calls": lambda: pl.sex_calls(sex),
        "sex_scatter": lambda: pl.sex_scatter(apart),
        "volcano": lambda: pl.volcano(mixed),
    }


FIGURES = sorted(set(pl.__all__) - {"Comparison", "example_contrasts", "new_axes", "theme"})


@pytest.mark.parametrize("name", FIGURES)
def test_figure_looks_as_before(drawn: dict[str, Callable[[], Axes]], name: str, tmp_path: Path) -> None:
    from matplotlib.testing.compare import compare_images

    with pl.theme():
        path = tmp_path / f"{name}.png"
        drawn[name]().figure.savefig(path, dpi=90, metadata={"Software": None})
    if os.environ.get("DOLOR_NEW_BASELINES"):
        BASELINES.mkdir(exist_ok=True)
        (BASELINES / path.name).write_bytes(path.read_bytes())
    assert compare_images(str(BASELINES / path.name), str(path), tol=TOLERANCE) is None


def test_theme_does_not_depend_on_the_session(drawn: dict[str, Callable[[], Axes]], tmp_path: Path) -> None:
    """As packages do that set figures to their taste when they are imported."""
    import matplotlib as mpl
    from matplotlib.testing.compare import compare_images

    path = tmp_path / "network.png"
    spoiled: dict[Any, Any] = {
        "axes.facecolor": "0.5", "axes.grid": True, "axes.labelpad": 20, "figure.facecolor": "red",
        "font.sans-serif": ["cursive"], "legend.markerscale": 4, "legend.numpoints": 3, "lines.linewidth": 8,
        "savefig.bbox": "tight", "text.color": "blue", "xtick.direction": "in",
    }  # fmt: skip
    with mpl.rc_context(spoiled):
        with pl.theme():
            drawn[path.stem]().figure.savefig(path, dpi=90, metadata={"Software": None})
        assert mpl.rcParams["lines.linewidth"] == 8
    assert compare_images(str(BASELINES / path.name), str(path), tol=TOLERANCE) is None


def test_there_is_no_baseline_without_a_figure() -> None:
    assert sorted(path.stem for path in BASELINES.glob("*.png")) == FIGURES
