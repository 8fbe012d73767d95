from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dolor.contrasts.from_de import from_de, read_columns, recognise
from dolor.core.errors import DataError, UsageError

PAIRS = pd.DataFrame({"interaction_id": ["L:R"], "ligand": ["L"], "receptor": ["R"]})


def table(**columns: object) -> pd.DataFrame:
    plain = {"gene": ["L", "R"], "cell_type": ["mac", "neuron"], "log2FoldChange": [2.0, 1.0], "pvalue": [1e-6, 0.01]}
    return pd.DataFrame(plain | columns)


def between(found: pd.DataFrame, sender: str = "mac", receiver: str = "neuron") -> pd.Series:
    return found[(found["sender"] == sender) & (found["receiver"] == receiver)].iloc[0]


@pytest.mark.parametrize(
    ("columns", "tool"),
    [
        (["gene", "p_val", "avg_log2FC", "pct.1", "pct.2", "p_val_adj", "cluster"], "seurat"),
        (["group", "names", "scores", "logfoldchanges", "pvals", "pvals_adj"], "scanpy"),
        (["baseMean", "log2FoldChange", "lfcSE", "stat", "pvalue", "padj"], "deseq2"),
        (["logFC", "logCPM", "F", "PValue", "FDR"], "edger"),
        (["logFC", "AveExpr", "t", "P.Value", "adj.P.Val", "B"], "limma"),
    ],
)
def test_the_tool_is_recognised_by_its_columns(columns: list[str], tool: str):
    assert recognise(columns).name == tool


def test_natural_logarithms_of_old_seurat_are_converted():
    old = pd.DataFrame({"gene": ["L"], "cluster": ["mac"], "avg_logFC": [np.log(4)], "p_val": [0.0]})
    read, tool = read_columns(old)
    assert read.loc[0, "change"] == pytest.approx(2.0)
    assert read.loc[0, "pvalue"] > 0
    assert tool.cells


def test_both_change_only_if_the_less_sure_one_does():
    found = between(from_de(table(), PAIRS))
    assert (found["pvalue_both"], found["direction"], found["effect"]) == (0.01, "up", 1.5)
    assert found["flags"] == ""


def test_genes_that_the_table_leaves_out_are_not_unchanged():
    found = from_de(table(gene=["L", "X"]), PAIRS)
    assert between(found)["reason"] == "receptor not in the table for the receiver"
    assert between(found)["status"] == "untestable"


def test_complexes_need_all_and_alternatives_pay_for_the_choice():
    de = pd.DataFrame({
        "gene": ["L", "R1", "R2", "R3"], "cell_type": ["mac", "neuron", "neuron", "neuron"],
        "log2FoldChange": [1.0, 3.0, 0.5, 1.0], "pvalue": [1e-9, 1e-8, 0.02, 0.001],
    })  # fmt: skip
    pairs = pd.DataFrame({"interaction_id": ["a", "b"], "ligand": ["L", "L"], "receptor": ["R1+R2", "R1+R2|R3"]})
    found = from_de(de, pairs).set_index("interaction_id")
    found = found[(found["sender"] == "mac") & (found["receiver"] == "neuron")]
    assert found.loc["a", "receptor_change"] == 0.5
    assert found.loc["a", "pvalue_both"] == 0.02
    assert found.loc["b", "pvalue_both"] == pytest.approx(0.002)


def test_p_values_keep_their_level_in_the_worst_case():
    rng = np.random.default_rng(0)
    shared, own = rng.normal(size=(2, 4000))
    receptor = 0.9 * shared + np.sqrt(1 - 0.81) * own
    changes = np.concatenate([shared, receptor])
    genes = [f"{side}{i}" for side in "LR" for i in range(4000)]
    de = pd.DataFrame(
        {"gene": genes, "cell_type": "mac", "logFC": changes, "PValue": 2 * stats.norm.sf(np.abs(changes))}
    )
    pairs = pd.DataFrame({"ligand": genes[:4000], "receptor": genes[4000:]})
    found = from_de(de, pairs.assign(interaction_id=pairs["ligand"] + ":" + pairs["receptor"]))
    assert (found["pvalue_sum"] < 0.05).mean() == pytest.approx(0.045, abs=0.012)
    assert (found["pvalue_both"] < 0.05).mean() < 0.05


def test_comparisons_stay_apart():
    twice = pd.concat([table().assign(day=1), table(log2FoldChange=[-2.0, -1.0]).assign(day=7)])
    found = from_de(twice, PAIRS, by=["day"])
    tested = found[found["status"] == "tested"].set_index("day")["direction"]
    assert tested.to_dict() == {1: "up", 7: "down"}
    with pytest.raises(DataError, match=r"2 row\(s\) of the table repeat a gene.*mac, L"):
        from_de(twice, PAIRS)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (table().rename(columns={"pvalue": "x"}), "which no known tool writes"),
        (table().drop(columns="cell_type"), "known to hold the cell type"),
        (table(pvalue=[0.1, 1.4]), "1.4, which is no p-value"),
        (table(pvalue=["0.1", "many"]), "'many', which is no number"),
    ],
)
def test_bad_tables_say_what_is_wrong(broken: pd.DataFrame, message: str):
    with pytest.raises(DataError, match=message):
        from_de(broken, PAIRS)


def test_unknown_roles_are_refused():
    with pytest.raises(UsageError, match="padj is none of gene"):
        from_de(table(), PAIRS, columns={"padj": "x"})


def test_arthritis_raises_interleukin_6_of_drg_endothelium(data_dir: Path):
    folder = data_dir / "su2022_mouse_drg_arthritis_de"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}, which is absent")
    de = pd.concat([pd.read_csv(folder / f"{name}_cells.csv.gz") for name in ("immune", "nonneuronal")])
    pairs = pd.DataFrame(
        {
            "interaction_id": ["CXCL16:CXCR6", "IL6:IL6R+IL6ST", "APOE:TREM2"],
            "ligand": ["Cxcl16", "Il6", "Apoe"],
            "receptor": ["Cxcr6", "Il6ra+Il6st", "Trem2"],
        }
    )
    found = from_de(de, pairs, by=["timepoint"])
    assert set(found["flags"]) == {"cell_level_p"}
    early = found[(found["timepoint"] == 0.25) & (found["interaction_id"] == "IL6:IL6R+IL6ST")]
    up = early[(early["status"] == "tested") & (early["qvalue_both"] < 0.05)]
    assert "MicrovascularEndothelialCell" in set(up["sender"])
    assert (up["direction"] == "up").any()


def test_published_interferon_response_of_monocytes(data_dir: Path):
    file = data_dir / "kang2018_published_de" / "cd14.dscrnaseq.txt"
    if not file.is_file():
        pytest.skip(f"needs {file}, which is absent")
    text = file.read_text(encoding="utf-8").replace("\r", "\n")
    de = pd.read_csv(io.StringIO(text), sep="\t", index_col=0).assign(cell_type="classical_monocyte")
    de = de.dropna(subset=["featureData.symbol"]).sort_values("pvalue").drop_duplicates("featureData.symbol")
    pairs = pd.DataFrame({"interaction_id": ["CXCL10:ISG15"], "ligand": ["CXCL10"], "receptor": ["ISG15"]})
    found = from_de(de, pairs).iloc[0]
    assert found["direction"] == "up"
    assert found["pvalue_both"] < 1e-6


@pytest.mark.parametrize("without", ["R1", "R2"])
def test_a_subunit_without_a_pvalue_leaves_its_complex_without_one(without: str):
    pairs = pd.DataFrame({"interaction_id": ["L:R1+R2"], "ligand": ["L"], "receptor": ["R1+R2"]})
    pvalues = [0.001, np.nan if without == "R1" else 0.001, np.nan if without == "R2" else 0.001]
    given = table(
        gene=["L", "R1", "R2"], cell_type=["mac", "neuron", "neuron"], log2FoldChange=[2.0, 1, 1], pvalue=pvalues
    )
    found = between(from_de(given, pairs))
    assert (found["status"], found["reason"]) == ("untestable", "no p-value")


def test_an_alternative_without_a_pvalue_leaves_the_other_at_the_price_of_the_choice():
    pairs = pd.DataFrame({"interaction_id": ["L:R1|R2"], "ligand": ["L"], "receptor": ["R1|R2"]})
    given = table(
        gene=["L", "R1", "R2"], cell_type=["mac", "neuron", "neuron"], log2FoldChange=[2.0, 1, 1],
        pvalue=[1e-6, np.nan, 0.01],
    )  # fmt: skip
    assert between(from_de(given, pairs))["pvalue_both"] == pytest.approx(0.02)


def test_infinite_changes_become_large_ones():
    found = between(from_de(table(log2FoldChange=[np.inf, 1.0]), PAIRS))
    assert found["status"] == "tested"
    assert found["ligand_change"] == 10


def test_genes_become_todays_symbols_and_those_of_another_species_are_refused():
    pairs = pd.DataFrame({"interaction_id": ["Csf1:Csf1r"], "ligand": ["Csf1"], "receptor": ["Csf1r"]})
    given = table(gene=["Csfm", "ENSMUSG00000024621.3"])
    assert (from_de(given, pairs)["status"] == "untestable").all()
    found = from_de(given, pairs, organism="mouse")
    assert between(found)["status"] == "tested"
    assert found.attrs["dropped"] == {"rows whose gene has another symbol today": 2}
    human = ["CSF1", "CSF1R", "CCL2", "CCR2", "GAS6", "AXL"]
    many = pd.DataFrame({"gene": human, "cell_type": "mac", "log2FoldChange": 1.0, "pvalue": 0.1})
    with pytest.raises(DataError, match="named as in human"):
        from_de(many, pairs, organism="mouse")


def test_rows_without_a_gene_are_left_out_and_counted():
    given = pd.concat([table(), table(gene=["", np.nan]), table(gene=["NA", ""])], ignore_index=True)
    found = from_de(given, PAIRS)
    assert between(found)["status"] == "tested"
    assert found.attrs["dropped"] == {"rows without a gene, left out": 4}
