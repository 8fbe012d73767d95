"""The commands from profiles to the report: read files, call the stage's function, write files and side files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from dolor.core import tables

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from dolor.claims.scope import Setting
    from dolor.knowledge.catalog import Organism

In = Annotated[Path, typer.Argument(help="The file that the stage before made.", show_default=False)]
Out = Annotated[Path, typer.Option(help="The file to write.", show_default=False)]
Results = Annotated[Path, typer.Argument(help="The folder of the results.", show_default=False)]
PairsFile = Annotated[str, typer.Option("--file", help="A table of your own ligand-receptor pairs.")]
Datasets = Annotated[
    list[str] | None,
    typer.Option("--dataset", help="A dataset of the results; may be given several times; default: all that it holds."),
]
Signatures = Annotated[str, typer.Option(help="A file of your own populations.")]
Merge = Annotated[bool, typer.Option(help="Add your pairs to the catalog, or use them alone.")]


def profiles(
    source: In,
    out: Out,
    groupby: Annotated[str, typer.Option(help="Column of obs: cell_type or cell_class.")] = "cell_type",
    file: PairsFile = "",
    merge: Merge = True,
    signatures: Signatures = "",
) -> None:
    """Pseudobulk: one row per sample and cell type.

    Cells lie in an h5ad file, a zarr store or a SOMA experiment.
    """
    from dolor import tl
    from dolor.io.matrix.sources import open_source
    from dolor.io.provenance import write_provenance
    from dolor.io.write import atomic_path

    organism = _organism(open_source(source).obs)
    found = tl.profiles(source, pairs_of(organism, file, merge), groupby=groupby, signatures=signatures)
    with atomic_path(out) as temporary:
        found.write_h5ad(temporary)
    parameters = {"groupby": groupby, "pairs": file, "merge": merge, "signatures": signatures}
    inputs: list[Path | str] = [source, *filter(None, (file, signatures))]
    write_provenance(out, stage="profiles", inputs=inputs, parameters=parameters)
    typer.echo(f"{found.n_obs} profiles of {found.obs['sample_id'].nunique()} samples, {found.n_vars} genes")


def score(
    source: In,
    out: Out,
    ambient: Annotated[str, typer.Option(help="Table of what leaks in each library, from `dolor quality`.")] = "",
    evidence: Annotated[str, typer.Option(help="Table of what leakage explains to write.")] = "",
    file: PairsFile = "",
    merge: Merge = True,
) -> None:
    """Score ligand-receptor pairs in every sample."""
    from dolor import pp, tl
    from dolor.io.provenance import write_provenance
    from dolor.io.write import read_table, write_table

    found = _read_profiles(source)
    explained = pp.profile_evidence(found, read_table(ambient, tables.AMBIENT)) if ambient else None
    scores = tl.score(found, pairs_of(_organism(found.obs), file, merge), ambient=explained)
    write_table(scores, out, tables.INTERACTIONS)
    made = [Path(out)]
    if explained is not None and evidence:
        write_table(explained, evidence, tables.AMBIENT_EVIDENCE)
        made.append(Path(evidence))
    inputs: list[Path | str] = [source, *filter(None, (ambient, file))]
    for result in made:
        write_provenance(result, stage="score", inputs=inputs, parameters={"pairs": file, "merge": merge})
    typer.echo(f"{len(scores)} scores")
    if scores.empty:
        typer.echo("none of the pairs has both genes measured in this data; check the pairs and the organism")


def contrast(
    source: In,
    out: Out,
    composition: Annotated[Path, typer.Option(help="Table of shifts in cell numbers to write.")],
    response: Annotated[Path, typer.Option(help="Table of the receivers' response programmes to write.")],
    reference_condition: Annotated[str, typer.Option(help="The condition that the others are compared with.")],
    reference_sex: Annotated[str, typer.Option(help="female or male.")] = "male",
    formula: Annotated[str, typer.Option(help="Design of the linear model over samples.")] = "~ condition * sex",
    order: Annotated[
        str, typer.Option(help="Conditions along an axis, such as 'naive=0,day3=3,day14=14': adds the trend.")
    ] = "",
    relabelings: Annotated[
        int, typer.Option(min=0, help="Most exchanges of sample labels for the exact check; 0: no check.")
    ] = 1000,
    units: Annotated[str, typer.Option(help="Table of the change of each ligand and receptor to write.")] = "",
    file: PairsFile = "",
    merge: Merge = True,
    signatures: Signatures = "",
) -> None:
    """Compare conditions and sexes over samples."""
    from dolor import populations, tl
    from dolor.contrasts.contrast import compare
    from dolor.io.provenance import write_provenance
    from dolor.io.write import write_table

    reference = {"condition": reference_condition, "sex": reference_sex}
    found = _read_profiles(source)
    organism = _organism(found.obs)
    pairs = pairs_of(organism, file, merge)
    compared = compare(found, pairs, formula, reference, ordered=_positions(order), relabelings=relabelings)
    contrasts = compared.contrasts
    if units:
        write_table(compared.units, units, tables.UNIT_CHANGES)
    markers = populations.markers(organism, measured=found.var_names, path=signatures or None)
    contrasts = tl.flag_lost_identity(contrasts, found, markers, formula, reference)
    write_table(contrasts, out, tables.CONTRASTS)
    write_table(tl.composition(found, formula, reference), composition, tables.COMPOSITION)
    write_table(tl.receiver_response(found, populations.programmes(organism), formula, reference), response)
    statuses = {str(status): int(number) for status, number in contrasts["status"].value_counts().items()}
    parameters = {"formula": formula, "reference": reference, "order": order, "relabelings": relabelings}
    parameters |= {"pairs": file, "merge": merge, "signatures": signatures}
    inputs: list[Path | str] = [source, *filter(None, (file, signatures))]
    for result in (out, composition, response, *([Path(units)] if units else [])):
        write_provenance(result, stage="contrast", inputs=inputs, parameters=parameters, dropped=statuses)
    typer.echo(", ".join(f"{number} {status}" for status, number in sorted(statuses.items())))
    for line in _reach_of_relabeling(contrasts) if relabelings else ():
        typer.echo(line)


def from_de(
    sources: Annotated[list[Path], typer.Argument(help="Tables of differential expression (csv, tsv; gzip or not).")],
    out: Out,
    organism: Annotated[str, typer.Option(help="mouse or human: whose symbols the tables use.")],
    by: Annotated[str, typer.Option(help="Columns that keep comparisons apart, joined by commas.")] = "",
    column: Annotated[
        list[str] | None,
        typer.Option(help="Where a column is not recognised: gene=, cell_type=, change=, pvalue=NAME."),
    ] = None,
    file: PairsFile = "",
    merge: Merge = True,
) -> None:
    """Score interactions from differential expression.

    Reads tables of Seurat, scanpy, DESeq2, edgeR and limma.
    """
    import pandas as pd

    from dolor import tl
    from dolor.core.vocabulary import organism_word
    from dolor.io.metadata import read_metadata
    from dolor.io.provenance import write_provenance
    from dolor.io.write import write_table

    named = dict(_pair_of(text) for text in column or ())
    table = pd.concat([read_metadata(source) for source in sources], ignore_index=True)
    pairs = pairs_of(cast("Organism", organism_word(organism)), file, merge)
    species = organism_word(organism)
    found = tl.from_de(table, pairs, by=[name for name in by.split(",") if name], columns=named, organism=species)
    renamed = found.attrs["dropped"]
    write_table(found, out)
    statuses = {str(status): int(number) for status, number in found["status"].value_counts().items()}
    parameters = {"organism": organism, "by": by, "columns": named, "pairs": file, "merge": merge}
    write_provenance(out, stage="from-de", inputs=sources, parameters=parameters, dropped=statuses)
    both, total = (int((found[f"qvalue_{kind}"] < 0.05).sum()) for kind in ("both", "sum"))
    for reason, number in renamed.items():
        typer.echo(f"{reason}: {number}")
    typer.echo(f"{statuses.get('tested', 0)} tested, {statuses.get('untestable', 0)} untestable")
    typer.echo(f"q < 0.05: {both} where ligand and receptor both change, {total} where their sum does")


def claims(results: Results, out: Out, dataset: Datasets = None, signatures: Signatures = "") -> None:
    """Evaluate the review's claims against the contrasts."""
    import pandas as pd

    from dolor import catalog, populations, tl
    from dolor.io.provenance import write_provenance
    from dolor.io.write import read_table, write_table
    from dolor.knowledge.readouts import readouts

    paths = _of_datasets(results, dataset, "contrasts.parquet")
    contrasts = pd.concat([_contrasts(path) for path in paths], ignore_index=True)
    settings = dict(_setting(path.with_name("profiles.h5ad")) for path in paths)
    beside = {name: [path.with_name(f"{name}.parquet") for path in paths] for name in ("unit_changes", "composition")}
    # A folder made without the workflow may lack one; what only it could show is then untestable.
    beside = {name: [path for path in files if path.exists()] for name, files in beside.items()}
    units, shares = (
        pd.concat([read_table(path) for path in files], ignore_index=True) if files else None
        for files in beside.values()
    )
    mediators, tree = catalog.mediators(), populations.tree(signatures or None)
    shown = readouts(catalog=mediators)
    verdicts = tl.claims(contrasts, mediators, tree, settings, readouts=shown, units=units, composition=shares)
    write_table(verdicts, out, tables.CLAIMS)
    inputs: list[Path | str] = [*paths, *beside["unit_changes"], *beside["composition"], *filter(None, (signatures,))]
    write_provenance(out, stage="claims", inputs=inputs)
    typer.echo(", ".join(f"{n} {word}" for word, n in verdicts["verdict"].value_counts().sort_index().items()))


def meta(results: Results, out: Out, dataset: Datasets = None) -> None:
    """Combine the contrasts of datasets of one compartment."""
    import pandas as pd

    from dolor import tl
    from dolor.core.errors import DataError
    from dolor.io.provenance import write_provenance
    from dolor.io.write import write_table

    paths = _of_datasets(results, dataset, "contrasts.parquet")
    settings = dict(_setting(path.with_name("profiles.h5ad")) for path in paths)
    contrasts = pd.concat([_contrasts(path) for path in paths])
    where = contrasts["dataset_id"].astype(str).map({name: setting.compartment for name, setting in settings.items()})
    models = {name: setting.models for name, setting in settings.items()}
    # Only tissues of one kind are combined.
    number = Counter(setting.compartment for setting in settings.values())
    parts = [contrasts[where == place] for place in sorted(number) if number[place] > 1]
    if not parts:
        raise DataError(f"{results}: no two datasets are of one compartment, so there is nothing to combine")
    found = pd.concat([tl.meta(part, models) for part in parts], ignore_index=True)
    write_table(found, out)
    write_provenance(out, stage="meta", inputs=paths)
    typer.echo(f"{len(found)} combined effects")


def methods(results: Results, out: Out, dataset: Datasets = None) -> None:
    """Write the methods of a run as text for a paper."""
    from dolor import report as reports
    from dolor.io.write import write_text

    write_text(out, reports.methods(results, dataset))


def report(
    results: Results,
    out: Out,
    title: Annotated[str, typer.Option(help="Title of the report.")] = "Neuroimmune interactions",
    dataset: Datasets = None,
    signatures: Signatures = "",
) -> None:
    """Write the report: one HTML file to open."""
    from dolor import report as reports

    typer.echo(reports.build(results, out, title=title, datasets=dataset, signatures=signatures or None))


def summary(results: Results, dataset: Datasets = None) -> None:
    """Say in five lines what a run found."""
    from dolor import report as reports

    for line in reports.summary(results, dataset):
        typer.echo(line)


def _positions(order: str) -> dict[str, float] | None:
    """Read the positions of conditions on an axis; none if they have no order."""
    from dolor.core.errors import UsageError

    if not order:
        return None
    try:
        return {name: float(position) for name, position in map(_pair_of, order.split(","))}
    except ValueError as error:
        raise UsageError(f"--order '{order}' names a position that is no number ({error})") from None


def _pair_of(text: str) -> tuple[str, str]:
    from dolor.core.errors import UsageError

    name, separator, value = (part.strip() for part in text.rpartition("="))
    if not (name and separator and value):
        raise UsageError(f"'{text}' is not of the form NAME=VALUE")
    return name, value


def _reach_of_relabeling(contrasts: pd.DataFrame) -> list[str]:
    """Say for each comparison of conditions how small a p of the exchanged labels can be."""
    keys = ["dataset_id", "case", "reference", "relabel_smallest_pvalue"]
    between = contrasts.loc[contrasts["relabel_smallest_pvalue"].notna(), keys].drop_duplicates()
    return [
        f"{row['case']} against {row['reference']}: the smallest p that exchanged labels can reach is "
        f"{row['relabel_smallest_pvalue']:.3g}"
        for row in between.to_dict("records")
    ] or ["no labels can be exchanged in this design: no exact check"]


def pairs_of(organism: Organism, file: str = "", merge: bool = True) -> pd.DataFrame:
    """Give the catalog's pairs, with a user's own or replaced by them."""
    from dolor import catalog

    return catalog.interactions(organism, pairs=file or None, merge=merge)


def _organism(obs: pd.DataFrame) -> Organism:
    return cast("Organism", str(obs["organism"].iloc[0]))


def _read_profiles(source: Path) -> AnnData:
    from dolor.core.contracts import check_profiles
    from dolor.io.h5ad import read_h5ad

    return check_profiles(read_h5ad(source), str(source))


def _of_datasets(results: Path, datasets: list[str] | None, name: str) -> list[Path]:
    """Give a file of the datasets that are named; of all that the folder holds if none is."""
    from dolor.core.errors import DataError

    paths = sorted(results / each / name for each in datasets) if datasets else sorted(results.glob(f"*/{name}"))
    if not paths:
        raise DataError(f"{results}: no dataset has {name}; let the run go further first")
    return paths


def _contrasts(path: Path) -> pd.DataFrame:
    from dolor.io.write import read_table

    return read_table(path, tables.CONTRASTS)


def _setting(source: Path) -> tuple[str, Setting]:
    """Read where a dataset's tissue stands on the pain axis, and the pain model of each of its conditions."""
    from dolor.io.h5ad import read_obs
    from dolor.tl import Setting

    obs = read_obs(source).astype(str)
    models = dict(zip(obs["condition"], obs.get("condition_model", obs["condition"]), strict=True))
    return obs["dataset_id"].iloc[0], Setting(obs["compartment"].iloc[0], models)


def add_to(app: typer.Typer) -> None:
    """Register the commands, in the order of a run."""
    for command in (profiles, score, contrast, from_de, meta, claims):
        app.command(rich_help_panel="Signals")(command)
    for of_results in (report, summary, methods):
        app.command(rich_help_panel="Results")(of_results)
