import pytest

from dolor.core.errors import DataError
from dolor.knowledge import catalog


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="mine.tsv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


FOUR = "ligand\treceptor\tsource_cell\ttarget_cell\n"


def test_four_columns_are_enough(write):
    path = write(FOUR + "Cx3cl1\tCx3cr1\tsensory_neuron\tmicroglia\n")
    own = catalog.interactions("mouse", pairs=path, merge=False)
    assert tuple(own.columns) == catalog.INTERACTION_COLUMNS
    assert own.loc[0].to_dict() == {
        "interaction_id": "CX3CL1:CX3CR1", "ligand": "Cx3cl1", "receptor": "Cx3cr1", "ligand_proxy": "",
        "catalog_ids": "mine.tsv:2", "mediator": "Cx3cl1", "mediator_class": "", "source": "file",
        "source_cell": "sensory_neuron", "target_cell": "microglia", "effect": "",
    }  # fmt: skip


def test_comma_and_yaml_say_the_same_as_tabs(write):
    tabs = catalog.read_pairs(write("ligand\treceptor\tid\nOsm\tIl6st+Osmr|Il6st+Lifr\tosm\n"), "mouse")
    commas = catalog.read_pairs(
        write("\ufeffligand,receptor,id\r\nOsm,Il6st+Osmr|Il6st+Lifr,osm\r\n", "m.csv"), "mouse"
    )
    yaml = catalog.read_pairs(write("- {ligand: Osm, receptor: Il6st+Osmr|Il6st+Lifr, id: osm}\n", "m.yaml"), "mouse")
    assert tabs.to_dict() == commas.to_dict() == yaml.to_dict()
    assert tabs.loc[0, "interaction_id"] == "OSM:IL6ST+OSMR|IL6ST+LIFR"


def test_own_pairs_are_added_to_the_catalog(write):
    shipped = catalog.interactions("human")
    path = write("ligand\treceptor\tid\nCX3CL1\tCX3CR1\tmine\nIL6\tIL6ST+IL6R\tknown\n")
    both = catalog.interactions("human", pairs=path)
    assert len(both) == len(shipped) + 1
    assert both.iloc[-1]["interaction_id"] == "CX3CL1:CX3CR1"
    known = both.set_index("interaction_id").loc["IL6:IL6R+IL6ST", "catalog_ids"]
    assert known == shipped.set_index("interaction_id").loc["IL6:IL6R+IL6ST", "catalog_ids"] + ";known"


def test_own_bounds_and_effect_stay_with_the_pair_also_where_the_catalog_has_it(write):
    rows = "CX3CL1\tCX3CR1\tneuron\tmicroglia\tpro\nIL6\tIL6ST+IL6R\tmacrophage\tsensory_neuron\tdual\n"
    path = write("ligand\treceptor\tsource_cell\ttarget_cell\teffect\n" + rows)
    both = catalog.interactions("human", pairs=path).set_index("interaction_id")
    bounds = ["source", "source_cell", "target_cell", "effect"]
    assert both.loc["CX3CL1:CX3CR1", bounds].tolist() == ["file", "neuron", "microglia", "pro"]
    assert both.loc["IL6:IL6R+IL6ST", bounds].tolist() == ["review", "macrophage", "sensory_neuron", "dual"]
    others = both.drop(index=["CX3CL1:CX3CR1", "IL6:IL6R+IL6ST"])
    assert (others[bounds[1:]] == "").all(axis=None)


def test_an_unknown_effect_of_an_own_pair_is_refused(write):
    with pytest.raises(DataError, match="line 2, column effect: unknown word 'pr'"):
        catalog.read_pairs(write("ligand\treceptor\teffect\nOsm\tOsmr\tpr\n"), "mouse")


def test_former_symbols_and_ensembl_ids_are_understood(write):
    own = catalog.read_pairs(write("ligand\treceptor\nENSG00000006210\tCX3CR1\nIFNB1\tTMEM173\n"), "human")
    assert own["interaction_id"].tolist() == ["CX3CL1:CX3CR1", "IFNB1:STING1"]


def test_a_mouse_gene_without_a_human_counterpart_names_itself(write):
    own = catalog.read_pairs(write("ligand\treceptor\nGm10358\tCcr4\n"), "mouse")
    assert own.loc[0, "interaction_id"].endswith(":CCR4")


def test_a_gene_called_na_is_read_as_a_name_not_as_missing(write):
    assert catalog.read_pairs(write("ligand\treceptor\nNA\tCCR4\n"), "human").loc[0, "ligand"] == "XK"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ligand\treceptor\nCCL2\tCCR2\nCCL2\tCCR2\n", r"line 3, column receptor: a duplicate of line 2"),
        ("ligand\treceptor\nIL6ST+IL6R\tIL6\n", r"line 2, column ligand: .*ligand and receptor look swapped"),
        ("ligand\treceptor\nCD47\tTHBS1\n", r"line 2, column ligand: the catalog has 'THBS1' as ligand"),
        ("ligand\treceptor\nCCL2\tCCL2\n", r"line 2, column receptor: 'CCL2' is paired with itself"),
        ("ligand\treceptor\nCCL2+\tCCR2\n", r"line 2, column ligand: .*a subunit is empty"),
        ("ligand\treceptor\nCCL2\tIL1R1_IL1RAP\n", r"line 2, column receptor: .*join genes with '\+'"),
        ("ligand\treceptor\n\tCCR2\n", r"line 2, column ligand: must not be empty"),
        ("ligand\treceptor\nCCL222\tCCR2\n", r"line 2, column ligand: 'CCL222' is no human gene"),
        ("ligand\treceptor\nCcl2\tCcr2\n", r"'Ccl2' is no human gene; pairs are read in the symbols of the organism"),
        ("ligand\treceptor\tmediator_class\nCCL2\tCCR2\tchemokin\n", r"column mediator_class: .*mean 'chemokine'"),
        ("ligand\treceptr\nCCL2\tCCR2\n", r"unknown column 'receptr'; did you mean 'receptor'"),
        ("from\tto\nCCL2\tCCR2\n", r"the column 'ligand' is missing; there are from, to"),
        ("ligand\treceptor\n", r"there is no pair in it"),
    ],
)
def test_a_fault_is_named_by_line_and_column(write, text, message):
    with pytest.raises(DataError, match=rf"mine\.tsv: .*{message}"):
        catalog.interactions("human", pairs=write(text))


def test_a_file_that_is_none_is_refused(write, tmp_path):
    with pytest.raises(DataError, match="no such file"):
        catalog.read_pairs(tmp_path / "absent.tsv", "human")
    with pytest.raises(DataError, match="a list of mappings"):
        catalog.read_pairs(write("ligand: CCL2\n", "m.yaml"), "human")
