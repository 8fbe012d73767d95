"""What each figure draws, where it draws it, and what it says when it cannot."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from dolor import pl
from dolor.core.errors import DataError
from dolor.pl.theme import lineage_of, population_colour


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


def test_a_misspelt_choice_of_comparison_is_told(contrasts: pd.DataFrame) -> None:
    with pytest.raises(TypeError, match="the volcano knows no option 'strata'; a comparison is chosen by dataset_id"):
        pl.volcano(contrasts, strata="female")


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


def test_chord_is_as_wide_as_the_signals_that_change(contrasts: pd.DataFrame) -> None:
    ax = pl.chord(contrasts)
    assert ax.get_title() == "12 signals change"
    assert {text.get_text() for text in ax.texts} == {"macrophage", "nociceptor", "satellite glia"}
    assert pl.chord(contrasts, top=2).get_title() == "8 signals change; 4 of other populations not drawn"
    with pytest.raises(DataError, match="no signal differs at a false discovery rate of 1e-09"):
        pl.chord(contrasts, fdr=1e-9)


def test_network_counts_what_it_leaves_out(contrasts: pd.DataFrame) -> None:
    assert pl.network(contrasts).get_title() == "12 signals change"
    assert pl.network(contrasts, top=1).get_title() == "4 signals change, 8 more on arrows not drawn"


def test_network_dashes_what_falls(contrasts: pd.DataFrame) -> None:
    falls = contrasts.assign(effect=-contrasts["effect"])
    lines = {patch.get_linestyle() for patch in pl.network(falls).patches}
    assert lines == {"--"}


def test_pain_axis_draws_signals_between_neurons_and_others_where_their_dataset_lies(contrasts: pd.DataFrame) -> None:
    known = contrasts.assign(interaction_id="IL1B:IL1R1+IL1RAP")
    ax = pl.pain_axis(known, {"toy": "drg"})
    said = [text.get_text() for text in ax.texts]
    assert "4 signals" in said
    assert said.count("no data") == 4
    assert {"macrophage", "nociceptor"} <= set(said)
    assert "satellite glia" not in said
    with pytest.raises(DataError, match="needs a place for toy"):
        pl.pain_axis(known, {})


def test_markers_ring_what_must_be_absent(evidence: pd.DataFrame) -> None:
    ax = pl.markers(evidence, top=2)
    assert [text.get_text() for text in ax.texts] == ["Scn10a", "Aif1", "not Aif1", "not Scn10a"]
    assert [name.get_text() for name in ax.get_yticklabels()] == ["macrophage", "nociceptor"]


def test_sex_calls_stress_what_contradicts(sex: pd.DataFrame) -> None:
    ax = pl.sex_calls(sex)
    bold = {text.get_text() for text in ax.texts if text.get_fontweight() == "bold"}
    assert bold == {"reported female, called male", "reported male, called mixed"}
    widths = {bar.get_label(): [part.get_width() for part in bar] for bar in ax.containers}
    assert np.allclose(np.sum(list(widths.values()), axis=0), 1)


def test_confusion_rows_are_shares_of_the_given_label() -> None:
    given = pd.Series(["macrophage"] * 4 + ["microglia"] * 2)
    called = pd.Series(["macrophage", "macrophage", "macrophage", "microglia", "microglia", "unassigned"])
    table = np.asarray(pl.confusion(called, given).images[0].get_array())
    assert table.tolist() == [[0.75, 0.25, 0.0], [0.0, 0.5, 0.5]]
    with pytest.raises(DataError, match="6 called, 2 given"):
        pl.confusion(called, given.head(2))


def test_forest_shows_each_dataset_and_all_together(combined: pd.DataFrame) -> None:
    ax = pl.forest(combined, sender="macrophage", receiver="nociceptor")
    squares = np.asarray(ax.collections[1].get_offsets())
    assert squares[:, 0].tolist() == [1.0, 1.5, 0.5]
    assert [name.get_text() for name in ax.get_yticklabels()] == ["a", "b", "c", "together"]
    assert "I² = " in ax.get_title("left")
    with pytest.raises(DataError, match="draws one row, but 2 fit"):
        pl.forest(combined)
    with pytest.raises(DataError, match="cannot choose by dataset"):
        pl.forest(combined, dataset="a")


@pytest.mark.parametrize("figure", ["chord", "drivers", "heatmap", "network", "sex_scatter", "volcano"])
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


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_figures_save_in_every_form_at_their_size(combined: pd.DataFrame, kind: str, start: bytes) -> None:
    ax = pl.forest(combined, receiver="nociceptor")
    assert round(ax.get_figure().get_figwidth() * 25.4) == 110
    with pl.theme(), io.BytesIO() as stream:
        ax.get_figure().savefig(stream, format=kind)
        assert stream.getvalue().startswith(start)


def test_missing_columns_are_named() -> None:
    with pytest.raises(DataError, match=r"the dot plot needs the column\(s\) receiver, interaction_id, score, pvalue"):
        pl.dotplot(pd.DataFrame({"sender": ["macrophage"]}))


def test_colours_belong_to_populations_not_to_figures() -> None:
    assert population_colour("macrophage") != population_colour("nociceptor")
    assert population_colour("my own label") == population_colour("my own label")
    assert (lineage_of("microglia"), lineage_of("satellite_glia"), lineage_of("my own label")) == ("immune", "glia", "")
