"""What was found, in sentences made from the numbers. What was tested and what was only seen never share a list."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from dolor.core.reasons import Reason
from dolor.core.tables import VERDICTS
from dolor.knowledge import gene_logic
from dolor.knowledge.population_tree import PopulationTree
from dolor.pl.theme import lineage_of
from dolor.report import wording
from dolor.report.data import DatasetRun, Run
from dolor.report.pairs import Crosstalk
from dolor.report.wording import rows_of

__all__ = ["FDR", "Finding", "Findings", "Line", "findings_of"]

FDR = 0.05
_MOST_LINES, _MOST_PARTNERS, _MOST_SHIFTS = 3, 3, 2
# Programmes named after a state of these cells: in other cells their genes mean something else, so they do not lead.
_CELLS_OF = MappingProxyType(
    {"axotomy": "sensory_neuron", "repair_schwann": "schwann_cell", "disease_associated_microglia": "microglia"}
)
# What one of them does, and what several do.
_CHANGE = MappingProxyType({
    "condition": ("changes", "change"),
    "interaction": ("changes differently in the sexes", "change differently in the sexes"),
    "sex": ("differs between the sexes", "differ between the sexes"),
    "sex_in_condition": ("differs between the sexes", "differ between the sexes"),
})  # fmt: skip
_QUESTIONS = (
    ("Cells", "cells"),
    ("Response of receivers", "response"),
    ("Signals", "condition"),
    ("Females and males", "interaction"),
)


@dataclass(frozen=True)
class Line:
    """One result in words, and what the page shows of it: choices of the table of signals, and a row to open."""

    text: str
    show: Mapping[str, str | list[str]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The choices as they stand in the address of the page."""
        return urlencode(self.show, doseq=True)


@dataclass(frozen=True)
class Finding:
    """A sentence and the words that say what it is about.

    ``kind`` is ``cells``, ``response``, or the type of the comparison of signals: ``condition``, ``interaction``,
    ``sex_in_condition``, ``sex``. ``lead`` is the sentence's first half, which may stand out; ``lines`` are its
    clearest results, one each; ``hits`` counts what changes.
    """

    kind: str
    about: str
    lead: str
    rest: str
    lines: tuple[Line, ...] = ()
    hits: int = 0

    def __str__(self) -> str:
        said = "; ".join(line.text for line in self.lines)
        return wording.capitalize_first(f"{self.about}: {self.lead}{self.rest}{' ' + said + '.' if said else ''}")


@dataclass
class Findings:
    """Sentences of one dataset: those that rest on a test, and those that only describe.

    ``unmeasured`` says which pairs lack a gene, ``verdicts`` how often the dataset bears out the review.
    """

    dataset_id: str
    tested: list[Finding] = field(default_factory=list)
    described: list[Finding] = field(default_factory=list)
    unmeasured: str = ""
    verdicts: dict[str, int] = field(default_factory=dict)

    @property
    def headlines(self) -> list[tuple[str, Finding | None]]:
        """The first sentence on each question: what changes stands first, what was not measured is left out."""
        first = {kind: next((one for one in self.tested if one.kind == kind), None) for _, kind in _QUESTIONS}
        asked = [(label, first[kind]) for label, kind in _QUESTIONS if kind != "response" or first[kind]]
        return sorted(asked, key=lambda one: (one[1] is None, one[1] is not None and not one[1].hits))

    @property
    def further(self) -> list[Finding]:
        """The tested sentences that are no headline."""
        shown = [one for _, one in self.headlines]
        return [one for one in self.tested if one not in shown]


def findings_of(run: Run, crosstalk: Crosstalk, knowledge: Mapping[str, dict[str, Any]]) -> list[Findings]:
    """Say for each dataset what its numbers show: page, terminal and tables take their counts from here.

    Parameters
    ----------
    run, crosstalk
        The run and its contrasts.
    knowledge
        By interaction, what the catalog says (:func:`dolor.report.sections.claims.knowledge_of`).

    Returns
    -------
    One entry a dataset.
    """
    found = []
    for dataset in run.datasets:
        its = run.claims["verdict"][run.claims["dataset_id"].astype(str) == dataset.dataset_id].value_counts()
        verdicts = {name: int(its[name]) for name in VERDICTS if name in its}
        entry = Findings(dataset.dataset_id, unmeasured=_unmeasured(dataset), verdicts=verdicts)
        entry.tested += _composition(dataset, run.tree)
        for key, rows in _by_comparison(dataset, crosstalk):
            entry.tested += _tested(key, rows[rows["status"].astype(str) == "tested"], knowledge)
            entry.described += _described(key, rows, knowledge)
        entry.tested += _response(dataset, run.tree)
        found.append(entry)
    return found


def _unmeasured(dataset: DatasetRun) -> str:
    """Say how many of the pairs asked for lack a gene in this dataset, and which genes."""
    if "reason_code" not in dataset.contrasts:
        return ""
    pairs = dataset.contrasts[["interaction_id", "ligand", "receptor", "reason_code"]].astype(str)
    lacking = pairs[pairs["reason_code"] == Reason.NOT_MEASURED].drop_duplicates("interaction_id")
    if not len(lacking):
        return ""
    measured = set(dataset.profiles.var_names)
    units = {*lacking["ligand"], *lacking["receptor"]}
    genes = sorted({gene for unit in units for gene in gene_logic.genes(unit)} - measured)
    n = wording.count(pairs["interaction_id"].nunique(), "ligand-receptor pair")
    said = f": {wording.listing(genes, 6)}" if genes else ""
    return f"{len(lacking):,} of {n} could not be tested because genes were not measured{said}."


def _by_comparison(dataset: DatasetRun, crosstalk: Crosstalk) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Give the rows of the main comparisons: first condition, then the difference of changes, then sex."""
    shown = ["sender", "receiver", "interaction_id", "ligand", "receptor", "flags"]
    named = crosstalk.pairs[shown].rename(columns={"flags": "pair_flags"})
    rows = crosstalk.contrasts[crosstalk.contrasts["dataset_id"].astype(str) == dataset.dataset_id].join(
        named, on="pair"
    )
    comparisons = crosstalk.comparisons[crosstalk.comparisons["dataset_id"] == dataset.dataset_id]
    for kind in ("condition", "interaction", "sex_in_condition", "sex"):
        for key in rows_of(comparisons[comparisons["contrast_type"] == kind].rename_axis("number").reset_index()):
            yield key, rows[rows["comparison"] == key["number"]]


def _composition(dataset: DatasetRun, tree: PopulationTree) -> list[Finding]:
    table = dataset.composition[dataset.composition["contrast_type"] == "condition"]
    tested = table[table["status"] == "tested"]
    named = set(table["cell_type"].astype(str))
    broad = {name: _state_of(dataset, name, tree) for name in named if _is_above_one_of(name, named, tree)}
    found = []
    for key, rows in tested.groupby(["case", "reference"], sort=False, observed=True):
        about = f"{key[0]} vs {key[1]}, cells"
        hits = rows_of(rows[rows["qvalue"] < FDR].sort_values("pvalue"))
        if not hits:
            found.append(Finding("cells", about, "no population's share differs", f" ({len(rows)} tested)."))
            continue
        more, fewer = (
            [_times(row, broad) for row in hits if (float(row["effect"]) > 0) == rises][:_MOST_SHIFTS]
            for rises in (True, False)
        )
        said = [f"more {wording.listing(more)}"] * bool(more) + [f"fewer {wording.listing(fewer)}"] * bool(fewer)
        others = len(hits) - len(more) - len(fewer)
        also = f"; {others} more shift" if others else ""
        samples = f"{hits[0]['n_case']:.0f} against {hits[0]['n_reference']:.0f} samples"
        rest = "".join(f"; {part}" for part in said[1:])
        found.append(
            Finding("cells", about, said[0], f"{rest}{also} (as shares of all cells; {samples}).", hits=len(hits))
        )
    return found


def _is_above_one_of(name: str, names: set[str], tree: PopulationTree) -> bool:
    return name in tree and not names.isdisjoint(tree.descendants(name))


def _state_of(dataset: DatasetRun, name: str, tree: PopulationTree) -> str:
    """Return the most frequent state of the cells of a class, such as repair Schwann cell; empty if there is none."""
    if "cell_state" not in dataset.obs:
        return ""
    states = dataset.obs["cell_state"].astype(str)[(dataset.obs["cell_type"] == name).to_numpy()]
    states = states[states.isin(tree.descendants(name))]
    counts = states.value_counts()
    enough = len(counts) and 2 * int(counts.iloc[0]) > int((dataset.obs["cell_type"] == name).sum())
    return str(counts.index[0]) if enough else ""


def _times(row: Mapping[str, Any], broad: Mapping[str, str]) -> str:
    """Say how many times a share is another; a broad name beside finer ones is said by the state of its cells."""
    name = str(row["cell_type"])
    said = wording.population(broad.get(name) or name)
    if name in broad and not broad[name]:
        said = f"{said}, subtype not resolved"
    return f"{said} ({wording.number(2 ** abs(float(row['effect'])), 2)} ×)"


def _response(dataset: DatasetRun, tree: PopulationTree) -> list[Finding]:
    """Say which programmes the receivers run, those of most receivers first, for each change with condition."""
    if not len(dataset.response):
        return []
    table = dataset.response[dataset.response["contrast_type"].astype(str) == "condition"]
    table = table[table["status"].astype(str) == "tested"]
    own = {name: {cells, *tree.descendants(cells)} for name, cells in _CELLS_OF.items()}
    fits = [who in own.get(what, {who}) for what, who in zip(table["programme"], table["receiver"], strict=True)]
    table = table[np.array(fits, dtype=bool)]
    found = []
    for key, rows in table.groupby(["case", "reference"], sort=False, observed=True):
        hits = rows[rows["qvalue"] < FDR].sort_values("pvalue")
        parts: dict[tuple[str, bool], list[str]] = {}
        for row in rows_of(hits):
            parts.setdefault((str(row["programme"]), row["effect"] > 0), []).append(str(row["receiver"]))
        lines = [
            Line(
                f"{wording.programme(name)} programme {'up' if rises else 'down'} in "
                f"{wording.listing(map(wording.population, receivers), _MOST_PARTNERS)}",
                {"dataset": dataset.dataset_id, "receiver": receivers[0]},
            )
            for (name, rises), receivers in sorted(parts.items(), key=lambda part: -len(part[1]))
        ]
        if lines:
            about = f"{key[0]} vs {key[1]}, response programmes"
            n, of = hits["receiver"].nunique(), rows["receiver"].nunique()
            lead = f"{n} of {wording.count(of, 'population')} {'responds' if n == 1 else 'respond'}"
            rest = " with a programme of genes."
            found.append(Finding("response", about, lead, rest, tuple(lines[:_MOST_LINES]), len(hits)))
    return found


def _tested(key: Mapping[str, str], tested: pd.DataFrame, knowledge: Mapping[str, dict[str, Any]]) -> list[Finding]:
    """Say which ligands and receptors change, each once, and which populations have the other end."""
    if not len(tested):
        return []
    about = wording.comparison(key)
    n_units = len(_units(tested))
    changed = _changed_units(tested[tested["qvalue"] < FDR])
    if not changed:
        said = _CHANGE[key["contrast_type"]][0]
        rest = f" of {wording.count(n_units, 'tested ligand or receptor', 'tested ligands and receptors')} {said}."
        return [Finding(key["contrast_type"], about, "none", rest)]
    up = sum(float(unit["effect"]) > 0 for unit in changed)
    onto = sum(unit["end"] == "ligand" and any(map(_onto_neuron, unit["rows"])) for unit in changed)
    reach = f"; {onto:,} {'is a ligand' if onto == 1 else 'are ligands'} with receptors on neurons" if onto else ""
    rest = f" ({up:,} up, {len(changed) - up:,} down){reach}."
    change = _CHANGE[key["contrast_type"]][len(changed) > 1]
    lead = f"{len(changed):,} of {n_units:,} ligands and receptors {change}"
    lines = tuple(_line(key, units, knowledge) for units in _alike(changed)[:_MOST_LINES])
    return [Finding(key["contrast_type"], about, lead, rest, lines, len(changed))]


def _alike(changed: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Gather what changes the same way in several populations: that is replicated, and is said once."""
    groups: dict[tuple[str, str, bool], list[dict[str, Any]]] = {}
    for unit in changed:
        groups.setdefault((unit["end"], str(unit["row"][unit["end"]]), unit["effect"] > 0), []).append(unit)
    return sorted(groups.values(), key=_evidence)


def _evidence(units: list[dict[str, Any]]) -> float:
    """Order by how clear and how often replicated a change is: the sum of log10 q over populations."""
    return sum(math.log10(max(float(unit["qvalue"]), 1e-300)) for unit in units)


def _line(key: Mapping[str, str], units: list[dict[str, Any]], knowledge: Mapping[str, dict[str, Any]]) -> Line:
    """Say of one changed ligand or receptor where, how much, who has the other end, and what the review says of it."""
    best = units[0]
    row, known = best["row"], knowledge[str(best["row"]["interaction_id"])]
    name = known["mediator"] if best["end"] == "ligand" else f"{row['receptor']}, receptor of {known['mediator']},"
    own = wording.listing([wording.population(unit["population"]) for unit in units], _MOST_PARTNERS)
    partners = wording.listing(map(wording.population, best["partners"]), _MOST_PARTNERS)
    reaching = "receptors on" if best["end"] == "ligand" else "ligand from"
    largest = max((unit["effect"] for unit in units), key=abs)
    size = f"{'up to ' if len(units) > 1 else ''}{_size(key, float(largest))}"
    chance = wording.probability("q", float(best["qvalue"]))
    driver = _driver(row) if key["contrast_type"] == "condition" and best["end"] == "ligand" else ""
    on_pain = f"; {wording.pain_effect(known['effect'])}" if known["statements"] else ""
    text = f"{name} in {own}: {size} ({chance}{on_pain}); {reaching} {partners}{'; ' + driver if driver else ''}"
    opened = [
        str(key["dataset_id"]),
        wording.comparison(key),
        *(str(row[one]) for one in ("sender", "receiver", "interaction_id")),
    ]
    show = {"dataset": opened[0], "comparison": opened[1], "mediator": known["mediator"], "found": "1", "open": opened}
    return Line(text, show)


def _units(rows: pd.DataFrame) -> set[tuple[str, str]]:
    """Return the (population, genes) whose test the rows rest on."""
    ends = (rows[["sender", "ligand"]], rows[["receiver", "receptor"]])
    return {(str(population), str(unit)) for end in ends for population, unit in end.drop_duplicates().to_numpy()}


def _changed_units(hits: pd.DataFrame) -> list[dict[str, Any]]:
    """List the changed ligands and receptors, the clearest first, each with the populations at the other end.

    Populations whose own end could be tested come first: presence in few or small samples is less certain.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows_of(hits.sort_values(["qvalue", "pvalue", "pair"])):
        for end, own, other in (("ligand", "sender", "receiver"), ("receptor", "receiver", "sender")):
            if str(row.get("changed_side", "ligand")) not in (end, "both"):
                continue
            key = (str(row[own]), str(row[end]))
            effect = float(row.get(f"effect_{end}", row["effect"]))
            entry = found.setdefault(
                key, {"end": end, "population": key[0], "effect": effect, "qvalue": row["qvalue"], "row": row,
                      "partners": {}, "rows": []},
            )  # fmt: skip
            entry["rows"].append(row)
            se = float(row.get("se_receptor" if end == "ligand" else "se_ligand", math.nan))
            entry["partners"].setdefault(str(row[other]), math.isfinite(se))
    return [entry | {"partners": sorted(entry["partners"], key=lambda name: not entry["partners"][name])}
            for entry in found.values()]  # fmt: skip


def _described(key: Mapping[str, str], rows: pd.DataFrame, knowledge: Mapping[str, dict[str, Any]]) -> list[Finding]:
    described = rows[(rows["status"].astype(str) == "described") & rows["effect"].notna()]
    if not len(described):
        return []
    best = rows_of(described.iloc[[int(described["effect"].abs().to_numpy().argmax())]])[0]
    rest = (
        f" measured ({best['reason']}); the largest difference is "
        f"{_signal(best, knowledge)}, {_size(key, float(best['effect']))}."
    )
    about, lead = wording.comparison(key), wording.count(len(described), "signal")
    return [Finding(key["contrast_type"], about, lead, rest)]


def _driver(row: Mapping[str, Any]) -> str:
    """Say what drives the change of the ligand's supply; where its two parts pull apart, which of them wins."""
    infiltration, per_cell = float(row["infiltration"]), float(row["per_cell"])
    cells = f"{'more' if infiltration > 0 else 'fewer'} sender cells"
    each = f"{'higher' if per_cell > 0 else 'lower'} expression per cell"
    if str(row["driver"]) == "both" and infiltration * per_cell < 0:
        wins, yields = (cells, each) if abs(infiltration) > abs(per_cell) else (each, cells)
        return f"driven by {wins}, despite {yields}"
    said = {"infiltration": cells, "per_cell": each, "both": f"{cells} and {each}"}.get(str(row["driver"]), "")
    return f"driven by {said}" if said else ""


def _onto_neuron(row: Mapping[str, Any]) -> bool:
    return lineage_of(str(row["receiver"])) == "neuron" and lineage_of(str(row["sender"])) != "neuron"


def _signal(row: Mapping[str, Any], knowledge: Mapping[str, dict[str, Any]]) -> str:
    mediator = knowledge[str(row["interaction_id"])]["mediator"]
    return f"{mediator} from {wording.population(str(row['sender']))} to {wording.population(str(row['receiver']))}"


def _size(key: Mapping[str, str], effect: float) -> str:
    if key["contrast_type"] != "interaction":
        return wording.fold(effect)
    more, less = (f"{key[side].partition(':')[2]}s" for side in ("case", "reference"))
    if effect < 0:
        more, less = less, more
    return f"change {wording.number(2 ** abs(effect), 2)}-fold higher in {more} than in {less}"
