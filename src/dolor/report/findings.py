"""What was found, in sentences made from the numbers. What was tested and what was only seen never share a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from dolor.knowledge.population_tree import PopulationTree
from dolor.pl.theme import lineage_of
from dolor.report import wording
from dolor.report.data import DatasetRun, Run
from dolor.report.pairs import Crosstalk
from dolor.report.wording import rows_of

__all__ = ["FDR", "Finding", "Findings", "findings_of"]

FDR = 0.05
_MOST_SIGNALS, _MOST_SHIFTS = 3, 2


@dataclass(frozen=True)
class Finding:
    """A sentence and the words that say what it is about.

    ``kind`` is ``cells``, ``response``, or the type of the comparison of signals: ``condition``, ``interaction``,
    ``sex_in_condition``, ``sex``. ``lead`` is the sentence's first half, which may stand out.
    """

    kind: str
    about: str
    lead: str
    rest: str

    def __str__(self) -> str:
        return wording.capitalize_first(f"{self.about}: {self.lead}{self.rest}")


@dataclass
class Findings:
    """Sentences of one dataset: those that rest on a test, and those that only describe."""

    dataset_id: str
    tested: list[Finding] = field(default_factory=list)
    described: list[Finding] = field(default_factory=list)

    @property
    def headlines(self) -> list[tuple[str, Finding | None]]:
        """The first sentence on each of the three questions; none where nothing could be tested."""
        asked = (("Cells", "cells"), ("Signals", "condition"), ("Females and males", "interaction"))
        return [(label, next((one for one in self.tested if one.kind == kind), None)) for label, kind in asked]

    @property
    def further(self) -> list[Finding]:
        """The tested sentences that are no headline."""
        shown = [one for _, one in self.headlines]
        return [one for one in self.tested if one not in shown]


def findings_of(run: Run, crosstalk: Crosstalk, knowledge: Mapping[str, dict[str, Any]]) -> list[Findings]:
    """Say for each dataset what its numbers show.

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
        entry = Findings(dataset.dataset_id)
        entry.tested += _composition(dataset, run.tree)
        for key, rows in _by_comparison(dataset, crosstalk):
            entry.tested += _tested(key, rows[rows["status"].astype(str) == "tested"], knowledge)
            entry.described += _described(key, rows, knowledge)
        entry.tested += _response(dataset)
        found.append(entry)
    return found


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
    broad = {name for name in named if _is_above_one_of(name, named, tree)}
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
        found.append(Finding("cells", about, said[0], f"{rest}{also} (shares; {samples})."))
    return found


def _is_above_one_of(name: str, names: set[str], tree: PopulationTree) -> bool:
    return name in tree and not names.isdisjoint(tree.descendants(name))


def _times(row: Mapping[str, Any], broad: set[str]) -> str:
    """Say how many times a share is another; cells of a broad name are those whose markers carry no finer one."""
    name = str(row["cell_type"])
    said = f"{wording.population(name)}{' of no finer type' if name in broad else ''}"
    return f"{said} ({wording.number(2 ** abs(float(row['effect'])), 2)} ×)"


def _response(dataset: DatasetRun) -> list[Finding]:
    """Say which receivers answer with a programme, for each change with condition."""
    if not len(dataset.response):
        return []
    table = dataset.response[dataset.response["contrast_type"].astype(str) == "condition"]
    hits = table[(table["status"].astype(str) == "tested") & (table["qvalue"] < FDR)].sort_values("pvalue")
    found = []
    for key, rows in hits.groupby(["case", "reference"], sort=False, observed=True):
        parts = [
            f"{str(row['programme']).replace('_', ' ')} {'up' if row['effect'] > 0 else 'down'} in "
            f"{wording.population(str(row['receiver']))}"
            for row in rows_of(rows)
        ]
        found.append(Finding("response", f"{key[0]} vs {key[1]}, response programmes", wording.listing(parts, 4), "."))
    return found


def _tested(key: Mapping[str, str], tested: pd.DataFrame, knowledge: Mapping[str, dict[str, Any]]) -> list[Finding]:
    """Say which ligands and receptors change, each once, and whom the clearest of them can reach."""
    if not len(tested):
        return []
    about = wording.comparison(key)
    n_units = len(_units(tested))
    changed = _changed_units(tested[tested["qvalue"] < FDR])
    if not changed:
        rest = f" of {wording.count(n_units, 'ligand and receptor', 'ligands and receptors')} tested."
        return [Finding(key["contrast_type"], about, "none differs", rest)]
    best = changed[0]
    up = sum(float(unit["effect"]) > 0 for unit in changed)
    driver = _driver(best["row"]) if key["contrast_type"] == "condition" and best["end"] == "ligand" else ""
    others = dict.fromkeys(_unit_name(unit, knowledge) for unit in changed[1:])
    others.pop(_unit_name(best, knowledge), None)
    also = f" Also {wording.listing(others, _MOST_SIGNALS)}." if others else ""
    onto = sum(unit["end"] == "ligand" and any(map(_onto_neuron, unit["rows"])) for unit in changed)
    reach = f"; {onto:,} of these ligands can act on neurons" if onto else ""
    partners = [wording.population(name) for name in best["partners"]]
    reaching = "with receptors on" if best["end"] == "ligand" else "for which the ligand is made by"
    rest = (
        f" ({up:,} up, {len(changed) - up:,} down){reach}. Clearest: {_unit_name(best, knowledge)}, "
        f"{_size(key, float(best['effect']))} ({wording.probability('q', float(best['qvalue']))}), "
        f"{reaching} {wording.listing(partners, _MOST_SIGNALS)}{', ' + driver if driver else ''}.{also}"
    )
    return [Finding(key["contrast_type"], about, f"{len(changed):,} of {n_units:,} ligands and receptors change", rest)]


def _units(rows: pd.DataFrame) -> set[tuple[str, str]]:
    """Return the (population, genes) whose test the rows rest on."""
    ends = (rows[["sender", "ligand"]], rows[["receiver", "receptor"]])
    return {(str(population), str(unit)) for end in ends for population, unit in end.drop_duplicates().to_numpy()}


def _changed_units(hits: pd.DataFrame) -> list[dict[str, Any]]:
    """List the changed ligands and receptors, the clearest first, each with the populations at the other end."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows_of(hits.sort_values(["qvalue", "pvalue", "pair"])):
        for end, own, other in (("ligand", "sender", "receiver"), ("receptor", "receiver", "sender")):
            if str(row.get("changed_side", "ligand")) not in (end, "both"):
                continue
            key = (str(row[own]), str(row[end]))
            effect = float(row.get(f"effect_{end}", row["effect"]))
            entry = found.setdefault(
                key, {"end": end, "population": key[0], "effect": effect, "qvalue": row["qvalue"], "row": row,
                      "partners": [], "rows": []},
            )  # fmt: skip
            entry["rows"].append(row)
            if str(row[other]) not in entry["partners"]:
                entry["partners"].append(str(row[other]))
    return list(found.values())


def _unit_name(unit: Mapping[str, Any], knowledge: Mapping[str, dict[str, Any]]) -> str:
    mediator = knowledge[str(unit["row"]["interaction_id"])]["mediator"]
    name = mediator if unit["end"] == "ligand" else f"the receptor {unit['row']['receptor']} of {mediator}"
    return f"{name} in {wording.population(unit['population'])}"


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
    """Say why the ligand's supply changes; where its two parts pull apart, which of them wins."""
    infiltration, per_cell = float(row["infiltration"]), float(row["per_cell"])
    cells = f"there are {'more' if infiltration > 0 else 'fewer'} of the sender"
    each = f"each sender cell makes {'more' if per_cell > 0 else 'less'} of it"
    if str(row["driver"]) == "both" and infiltration * per_cell < 0:
        wins, yields = (cells, each) if abs(infiltration) > abs(per_cell) else (each, cells)
        return f"because {wins}, although {yields}"
    said = {"infiltration": cells, "per_cell": each, "both": f"{cells} and {each}"}.get(str(row["driver"]), "")
    return f"because {said}" if said else ""


def _onto_neuron(row: Mapping[str, Any]) -> bool:
    return lineage_of(str(row["receiver"])) == "neuron" and lineage_of(str(row["sender"])) != "neuron"


def _signal(row: Mapping[str, Any], knowledge: Mapping[str, dict[str, Any]]) -> str:
    mediator = knowledge[str(row["interaction_id"])]["mediator"]
    return f"{mediator} from {wording.population(str(row['sender']))} to {wording.population(str(row['receiver']))}"


def _size(key: Mapping[str, str], effect: float) -> str:
    if key["contrast_type"] != "interaction":
        return wording.fold(effect)
    more, less = (f"{key[side].partition(':')[2]}s" for side in ("case", "reference"))
    factor = wording.number(2 ** abs(effect), 2)
    if effect < 0:
        more, less = less, more
    return f"whose change is {factor} times higher in {more} than in {less}"
