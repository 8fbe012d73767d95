"""What each figure draws, where it draws it, and what it says when it cannot."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from dolor import pl
from dolor.errors import DataError
from dolor.pl.palette import lineage_of, population_colour


def test_volcano_marks_found_signals_above_and_below(contrasts: pd.DataFrame) -> None:
    ax = pl.volcano(contrasts)
    quiet, up, down = (np.asarray(one.get_offsets()) for one in ax.collections)
    assert (len(quiet), len(up), len(down)) == (24, 12, 0)
    assert np.allclose(up[:, 1], 5)
    assert ax.get_xlabel() == "log2 change, injured against naive"
    assert sorted(text.get_text().split(":")[0] for text in ax.texts) == ["Ccl2", "Il1b", "Ngf", "Tnf"]


def test_volcano_asks_which_comparison(contrasts: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="2 fit .*; choose by dataset_id, contrast_type, case"):
        pl.volcano(pd.concat([contrasts, contrasts.assign(dataset_id="other")]))


def test_volcano_without_tests_says_so(contrasts: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no signal of this comparison was tested"):
        pl.volcano(contrasts.assign(pvalue=np.nan))


def test_sex_scatter_puts_females_on_the_vertical_axis(contrasts: pd.DataFrame) -> None:
    shifted = contrasts.copy()
    shifted.loc[shifted["stratum"] == "female", "effect"] += 5
    ax = pl.sex_scatter(shifted)
    points = np.vstack([np.asarray(one.get_offsets()) for one in ax.collections])
    assert (points[:, 1] - points[:, 0] > 3).all()
    assert len(ax.collections[1].get_offsets()) == 12


def test_sex_scatter_needs_both_sexes(contrasts: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="draws one comparison, but 0 fit .*'stratum': 'male'"):
        pl.sex_scatter(contrasts[contrasts["stratum"] != "male"])


def test_drivers_show_both_parts_of_each_ligand_of_a_sender(contrasts: pd.DataFrame) -> None:
    ax = pl.drivers(contrasts)
    infiltration, per_cell = ([bar.get_width() for bar in container] for container in ax.containers)
    assert len(infiltration) == 4
    assert np.allclose(np.array(infiltration) / np.array(per_cell), 9)
    assert all(name.get_text().endswith("of macrophage") for name in ax.get_yticklabels())


def test_heatmap_counts_signals_that_change(contrasts: pd.DataFrame) -> None:
    ax = pl.heatmap(contrasts)
    table = np.asarray(ax.images[0].get_array())
    assert [name.get_text() for name in ax.get_yticklabels()] == ["macrophage", "nociceptor", "satellite glia"]
    assert table.tolist() == [[4, 4, 4], [0, 0, 0], [0, 0, 0]]
    assert {text.get_text() for text in ax.texts} == {"+4"}


def test_dotplot_orders_interactions_by_strength(contrasts: pd.DataFrame) -> None:
    scores = contrasts[contrasts["contrast_type"] == "condition"].assign(
        score=lambda frame: frame["ligand"].map({"Il1b": 1.0, "Tnf": 2.0, "Ngf": 3.0, "Ccl2": 4.0})
    )
    ax = pl.dotplot(scores, top=3, pairs=2)
    assert [name.get_text() for name in ax.get_yticklabels()] == ["CCL2:R", "NGF:R", "TNF:R"]
    assert len(ax.get_xticklabels()) == 2


def test_composition_bars_are_shares(contrasts: pd.DataFrame) -> None:
    obs = pd.DataFrame(
        {
            "sample_id": ["a"] * 4 + ["b"] * 2,
            "condition": ["naive"] * 4 + ["injured"] * 2,
            "sex": ["female"] * 4 + ["male"] * 2,
            "cell_type": ["macrophage", "macrophage", "macrophage", "nociceptor", "macrophage", "nociceptor"],
        }
    )
    ax = pl.composition(obs)
    assert [name.get_text() for name in ax.get_yticklabels()] == ["b, injured ♂", "a, naive ♀"]
    widths = {bar.get_label(): [part.get_width() for part in bar] for bar in ax.containers}
    assert widths == {"macrophage": [0.5, 0.75], "nociceptor": [0.5, 0.25]}


@pytest.mark.parametrize("figure", ["volcano", "sex_scatter", "drivers", "heatmap"])
def test_figures_take_axes_and_are_the_same_each_time(contrasts: pd.DataFrame, figure: str) -> None:
    drawn = []
    for _ in range(2):
        ax = pl.new_axes(80, 80)
        assert getattr(pl, figure)(contrasts, ax=ax) is ax
        with pl.theme(), io.BytesIO() as stream:
            ax.get_figure().savefig(stream, format="svg", metadata={"Date": None})
            drawn.append(stream.getvalue())
    assert drawn[0] == drawn[1]
    assert b"<text" in drawn[0]


def test_missing_columns_are_named() -> None:
    with pytest.raises(DataError, match=r"the dot plot needs the column\(s\) receiver, interaction_id, score, pvalue"):
        pl.dotplot(pd.DataFrame({"sender": ["macrophage"]}))


def test_colours_belong_to_populations_not_to_figures() -> None:
    assert population_colour("macrophage") != population_colour("nociceptor")
    assert population_colour("my own label") == population_colour("my own label")
    assert (lineage_of("microglia"), lineage_of("satellite_glia"), lineage_of("my own label")) == ("immune", "glia", "")
