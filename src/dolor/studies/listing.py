"""The registry as a person reads it: a catalogue of studies, and a page on each."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable

from dolor.core.errors import UsageError
from dolor.knowledge.vocabulary import VOCABULARY, nearest
from dolor.studies import registry
from dolor.studies.files import needed_files, source_of
from dolor.studies.study import MODELS, Study

_WIDTH = 118
_AXIS = ("drg", "nerve", "spinal_cord", "brain", "skin", "blood")
_SUSPENSION = {"cell": "cells", "nucleus": "nuclei", "na": "-"}


def listing(*, organism: str = "", compartment: str = "", model: str = "", ready: bool = False) -> str:
    """List the studies, those of one tissue and species together.

    Parameters
    ----------
    organism, compartment, model
        Only studies of this species, of this compartment, or with this model (such as ``nerve_injury``).
    ready
        Only studies whose files and samples are known well enough to be fetched and read by name.

    Raises
    ------
    dolor.core.errors.UsageError
        A word is none that the registry knows.

    Examples
    --------
    >>> print(listing(organism="human", compartment="spinal_cord", ready=True).splitlines()[0])
    Spinal cord, human
    """
    _check("organism", organism, ("mouse", "human"))
    _check("compartment", compartment, VOCABULARY["compartment"])
    _check("model", model, MODELS)
    groups: dict[tuple[str, str], list[Study]] = defaultdict(list)
    for study in registry.load().values():
        models = [condition.model for condition in study.conditions]
        if organism in ("", study.organism) and compartment in ("", study.compartment) and model in ("", *models):
            groups[study.compartment, study.organism].append(study)
    lines: list[str] = []
    number = {True: 0, False: 0}
    for where, species in sorted(groups, key=_place):
        shown = [study for study in groups[where, species] if study.readable or not ready]
        if shown:
            lines += [f"{_compartment(where)}, {species}", *map(_line, shown), ""]
        for study in shown:
            number[study.readable] += 1
    lines.append(
        f"{sum(number.values())} studies; {number[True]}, marked *, can be read by name. "
        "More on one: dolor datasets show ID"
    )
    return "\n".join(lines) + "\n"


def page(study: Study) -> str:
    """Describe one study.

    Examples
    --------
    >>> print(page(registry.show("GSE162610")).splitlines()[0])
    GSE162610: Single-cell analysis of the cellular heterogeneity and interactions in the injured mouse spinal cord
    """
    ready = "yes, by name" if study.readable else "no, see what is unverified"
    facts = {
        "citation": " ".join(filter(None, [study.citation.text, study.citation.doi, study.citation.url])),
        "accession": study.accession or "not known",
        "tissue": f"{study.tissue}, {study.organism} ({study.compartment})",
        "assay": f"{study.assay}, {_SUSPENSION[study.suspension_type]}",
        "sexes": ", ".join(study.sexes),
        "can be read": ready,
    }
    if study.cellxgene is not None:
        facts["CELLxGENE"] = " ".join(("collection", study.cellxgene.collection, "datasets", *study.cellxgene.datasets))
    lines = [f"{study.id}: {study.title}", ""]
    lines += [f"  {name:<12} {value}" for name, value in facts.items()]
    lines += ["", "Conditions", *(f"  {line}" for line in _conditions(study))]
    if study.files:
        lines += ["", "Files", *(f"  {line}" for line in _files(study))]
    if study.labels:
        lines += ["", f"Published labels: {', '.join(study.labels)}"]
    for head, texts in (("Notes", [study.notes] if study.notes else []), ("Unverified", list(study.unverified))):
        if texts:
            lines += ["", head, *_wrapped(texts)]
    return "\n".join(lines) + "\n"


def _check(option: str, word: str, known: Iterable[str]) -> None:
    known = tuple(known)
    if word and word not in known:
        raise UsageError(f"no study has the {option} '{word[:60]}'; {nearest(word, known)}")


def _place(group: tuple[str, str]) -> tuple[int, bool]:
    """Put the pain axis first, from the nerve inwards, and mice before people."""
    compartment, organism = group
    place = _AXIS.index(compartment) if compartment in _AXIS else len(_AXIS)
    return place, organism == "human"


def _compartment(word: str) -> str:
    return {"drg": "Sensory ganglia", "not_stated": "Elsewhere"}.get(word, word.replace("_", " ").capitalize())


def _line(study: Study) -> str:
    conditions = ", ".join(condition.value for condition in study.conditions)
    mark = "*" if study.readable else " "
    return (
        f"  {mark} {study.id:<27} {_short(conditions, 44):<44}  {_SUSPENSION[study.suspension_type]:<6}  "
        f"{_short(study.citation.text, 40)}"
    ).rstrip()


def _conditions(study: Study) -> Iterable[str]:
    for condition in study.conditions:
        number = study.replicates.get(condition.value)
        about = [
            condition.description,
            condition.time_point,
            f"{number} samples" if number else "",
            "reference" if condition.role == "reference" else "",
        ]
        yield f"{condition.value:<26} {condition.model:<22} {'; '.join(filter(None, about))}".rstrip()


def _files(study: Study) -> Iterable[str]:
    needed = needed_files(study)
    for file in needed:
        yield f"{file.name:<50} {file.content:<9} {file.size or 'size not known':<15} {source_of(file)}"
    others = len(study.files) - len(needed)
    if others:
        yield f"and {others} more that reading does not need"


def _wrapped(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        yield from textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
