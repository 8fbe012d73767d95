"""The words that the columns of the mediator catalog may hold, and what each of them means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

__all__ = [
    "COLUMNS",
    "CONTEXTS",
    "INTERACTION_COLUMNS",
    "LISTS",
    "NOT_STATED",
    "VOCABULARY",
    "Organism",
    "nearest",
    "words",
]

NOT_STATED = "not_stated"

COLUMNS = (
    "id", "kind", "mediator", "mediator_class",
    "ligand_mouse", "ligand_human", "ligand_proxy", "receptor_mouse", "receptor_human", "receptor_source",
    "source_cell", "target_cell", "compartment", "pain_type", "context", "effect", "sex", "species",
    "statement", "locator", "references", "notes",
)  # fmt: skip

# Columns of pairs that are ready to be scored.
INTERACTION_COLUMNS = (
    "interaction_id", "ligand", "receptor", "ligand_proxy", "catalog_ids", "mediator", "mediator_class",
)  # fmt: skip

Organism = Literal["mouse", "human"]

# What was done or what state it was, in the words that datasets use for their conditions.
_MODELS = {
    "naive": "healthy, untouched",
    "nerve_injury": "traumatic or surgical lesion of a nerve",
    "inflammation": "inflammation of tissue by an irritant, zymosan or without a named cause",
    "tissue_injury": "damage to tissue by trauma",
    "incision": "cut through the skin, as in surgery",
    "arthritis": "inflammatory or degenerative joint disease",
    "cipn": "chemotherapy-induced peripheral neuropathy",
    "diabetes": "diabetic neuropathy",
    "cancer": "a tumour",
    "infection": "microbes, or an injected mimic of them such as poly(I:C)",
    "colitis": "inflammation of the gut",
    "allergy": "allergic reaction, of the gut or elsewhere",
    "multiple_sclerosis": "demyelinating autoimmunity and its mouse models",
    "spinal_cord_injury": "lesion of the spinal cord itself",
    "crps": "complex regional pain syndrome and its fracture models",
    "fibromyalgia": "fibromyalgia, its mouse models, and transfer from its patients",
    "low_back_pain": "acute or chronic pain of the lower back",
    "pregnancy": "pregnancy",
    "infancy": "exposure in early life",
    "in_vitro": "cells in culture",
}

# When, and by which manipulation, the statement was shown.
_CIRCUMSTANCES = {
    "steady_state": "without any insult",
    "development": "while the tissue is formed",
    "early": "onset or acute phase",
    "late": "persistent phase",
    "resolution": "while pain subsides",
    "deletion": "shown by a gene deleted",
    "depletion": "shown by a cell type removed",
    "blockade": "shown by an antibody or a drug that blocks",
    "agonist": "shown by a drug, an antibody or light that activates",
    "transfer": "shown by antibodies or cells given to another animal",
    "association": "seen together in patients or tissue, cause not shown",
    "therapy": "treatment in use or proposed",
}

CONTEXTS: Mapping[str, str] = MappingProxyType({**_MODELS, **_CIRCUMSTANCES})

VOCABULARY: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "kind": ("ligand_receptor", "receptor_only", "pathway", "cell_only"),
    "mediator_class": (
        "cytokine", "chemokine", "growth_factor", "interferon", "lipid", "amine", "gas", "reactive_oxygen", "opioid",
        "antibody", "matricellular", "complement_pentraxin", "hormone_receptor", "pattern_receptor",
        "phagocytic_receptor", "costimulatory_receptor", "ion_channel", "kinase", "metabolism", "extracellular_matrix",
        "phagocytosis", "enzyme", "cell", "unknown",
    ),
    "ligand_proxy": ("enzyme", ""),
    "receptor_source": ("review", "established", ""),
    "compartment": (
        "skin", "joint", "viscera", "bone", "nerve", "drg", "spinal_cord", "brain", "blood", "systemic", NOT_STATED,
    ),
    "pain_type": (
        "nociceptive", "inflammatory", "neuropathic", "nociplastic", "cancer", "visceral", NOT_STATED,
    ),
    "context": (*CONTEXTS, NOT_STATED),
    "effect": ("pro", "anti", "dual", "homeostatic", "not_evaluated"),
    "sex": ("female_only", "female_biased", "male_only", "male_biased", "both", "time_dependent", NOT_STATED),
    "species": ("mouse", "rat", "human", "monkey", NOT_STATED),
})  # fmt: skip

# Columns whose cells may name several words, joined with ';'.
LISTS = frozenset(
    {"compartment", "pain_type", "context", "species", "source_cell", "target_cell", "locator", "references"}
)


def words(cell: str) -> list[str]:
    """Split a cell at ``;`` into its words, without the blanks around them; no word for an empty cell."""
    return [word.strip() for word in cell.split(";")] if cell.strip() else []


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, or name all of them.

    Examples
    --------
    >>> nearest("neuropatic", VOCABULARY["pain_type"])
    "did you mean 'neuropathic'?"
    """
    choices = [choice for choice in known if choice]
    close = difflib.get_close_matches(word, choices, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(choices)}"
