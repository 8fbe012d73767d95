import pytest

from dolor.core.errors import DataError, UsageError
from dolor.knowledge import catalog, gene_logic
from dolor.knowledge.vocabulary import words


def test_interactions_have_genes_in_both_roles_and_stand_once():
    for organism in ("mouse", "human"):
        pairs = catalog.interactions(organism)
        assert tuple(pairs.columns) == catalog.INTERACTION_COLUMNS
        assert pairs["interaction_id"].is_unique
        assert pairs["ligand"].map(gene_logic.parse).map(bool).all()
        assert pairs["receptor"].map(gene_logic.parse).map(bool).all()


def test_interaction_ids_are_the_same_in_both_species():
    assert list(catalog.interactions("mouse")["interaction_id"]) == list(
        catalog.interactions("human")["interaction_id"]
    )


def test_species_differ_in_their_symbols():
    mouse = catalog.interactions("mouse").set_index("interaction_id")
    assert mouse.loc["IL6:IL6R+IL6ST", "receptor"] == "Il6ra+Il6st"
    assert mouse.loc["IL13:IL13RA1+IL4R", "receptor"] == "Il13ra1+Il4ra"
    assert mouse.loc["ICOSLG:ICOS", "ligand"] == "Icosl"


def test_a_pair_lists_every_statement_it_stands_for():
    statements = catalog.mediators().set_index("id")
    for pair in catalog.interactions("human").itertuples():
        for row in words(pair.catalog_ids):
            assert gene_logic.canonical(statements.loc[row, "ligand_human"]) == gene_logic.canonical(pair.ligand)
            assert statements.loc[row, "ligand_proxy"] == pair.ligand_proxy


def test_type_one_interferon_stays_in_two_minds():
    rows = catalog.mediators()
    assert set(rows.loc[rows["mediator"] == "type I interferon", "effect"]) >= {"pro", "anti"}


def test_filters_narrow_together():
    rows = catalog.mediators(compartment=["drg", "nerve"], pain_type="neuropathic", cell="macrophage", effect="anti")
    assert 0 < len(rows) < len(catalog.mediators())
    assert rows["compartment"].map(lambda cell: bool({"drg", "nerve"} & set(words(cell)))).all()
    assert set(rows["effect"]) == {"anti"}


def test_a_misspelt_filter_names_the_word_that_was_meant():
    with pytest.raises(UsageError, match=r"pain_type 'neuropatic' .* did you mean 'neuropathic'"):
        catalog.mediators(pain_type="neuropatic")


def test_a_cell_brings_the_populations_below_it():
    wide = set(catalog.mediators(cell="immune")["id"])
    assert (
        wide > set(catalog.mediators(cell="macrophage")["id"]) > set(catalog.mediators(cell="dermal_macrophage")["id"])
    )
    assert "ngf-skin-tonic" in set(catalog.mediators(cell="dermal_macrophage")["id"])
    with pytest.raises(UsageError, match=r"cell 'macrophag' is no population; did you mean 'macrophage'"):
        catalog.mediators(cell="macrophag")


def test_an_unknown_organism_is_refused():
    with pytest.raises(UsageError, match="organism 'rat'"):
        catalog.interactions("rat")


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("id\tkind\nx\tpathway\n")
    with pytest.raises(DataError, match=r"mine\.tsv: the columns mediator, .* are missing"):
        catalog.mediators(path=path)
    with pytest.raises(DataError, match="no such catalog file"):
        catalog.mediators(path=tmp_path / "absent.tsv")


def test_pairs_beyond_the_review_are_added_and_marked():
    review = catalog.interactions("mouse")
    wide = catalog.interactions("mouse", source="extended")
    assert set(review["source"]) == {"review"}
    assert len(review) >= 45
    assert wide.head(len(review)).equals(review)
    beyond = wide.iloc[len(review) :]
    assert set(beyond["source"]) == {"extended"}
    assert len(beyond) >= 80
    assert wide["interaction_id"].is_unique
    assert set(beyond["catalog_ids"]) == set(catalog.extended()["id"])


def test_a_source_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"source 'extendd' .* did you mean 'extended'"):
        catalog.interactions("mouse", source="extendd")
    with pytest.raises(UsageError, match="needs the file of your pairs"):
        catalog.interactions("mouse", source="file")


def test_a_file_as_source_gives_its_pairs_alone(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("ligand\treceptor\nCx3cl1\tCx3cr1\n", encoding="utf-8")
    assert catalog.interactions("mouse", source="file", pairs=path)["interaction_id"].tolist() == ["CX3CL1:CX3CR1"]
    with_beyond = catalog.interactions("mouse", source="extended", pairs=path)
    assert len(with_beyond) == len(catalog.interactions("mouse", source="extended"))


def test_three_statements_say_that_there_was_no_effect():
    assert set(catalog.mediators(effect="none")["id"]) == {
        "neutrophil-depletion-acute",
        "microglia-depletion-crps",
        "microglia-nerve-injury-female",
    }


def test_places_of_sender_and_receiver_are_kept_apart():
    rows = catalog.mediators().set_index("id")
    places = rows[["source_compartment", "target_compartment"]]
    assert places.loc["csf1-injured-neuron-microglia"].tolist() == ["drg", "spinal_cord"]
    assert places.loc["ngf-skin-tonic"].tolist() == ["skin", "drg"]
