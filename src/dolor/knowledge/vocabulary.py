"""The words that the columns of the mediator catalog may hold, and what each of them means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

__all__ = [
    "COLUMNS",
    "CONTEXTS",
    "DIRECTIONS",
    "EXTENDED_COLUMNS",
    "INTERACTION_COLUMNS",
    "LISTS",
    "MODELS",
    "NOT_STATED",
    "NO_READOUT",
    "PHASES",
    "READOUTS",
    "READOUT_COLUMNS",
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
    "statement", "locator", "references", "notes", "readout", "source_compartment", "target_compartment",
)  # fmt: skip

# Columns of pairs beyond the review: those of the catalog that apply, and the source.
EXTENDED_COLUMNS = (
    "id", "mediator", "mediator_class", "ligand_mouse", "ligand_human", "ligand_proxy", "receptor_mouse",
    "receptor_human", "receptor_source", "source_cell", "target_cell", "source_compartment", "target_compartment",
    "pain_type", "context", "effect", "sex", "species", "statement", "source_doi", "seen_in", "notes",
)  # fmt: skip

# Columns of the table that says what data can show of each statement.
READOUT_COLUMNS = (
    "id", "readout", "population", "partner", "family", "genes_mouse", "genes_human", "programme", "direction", "sex",
    "condition", "phase", "tissue", "reason",
)  # fmt: skip

# Columns of pairs that are ready to be scored. ``source`` is ``review``, ``extended``, a LIANA resource, or ``file``;
# ``source_cell``, ``target_cell`` and ``effect`` are filled where a file of the user's own bounds or describes a pair.
INTERACTION_COLUMNS = (
    "interaction_id", "ligand", "receptor", "ligand_proxy", "catalog_ids", "mediator", "mediator_class", "source",
    "source_cell", "target_cell", "effect",
)  # fmt: skip

Organism = Literal["mouse", "human"]

# What was done or what state it was, in the words that datasets use for their conditions.
MODELS: Mapping[str, str] = MappingProxyType(
    {
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
)

PHASES: Mapping[str, str] = MappingProxyType(
    {
        "early": "onset or acute phase",
        "late": "persistent phase",
        "resolution": "while pain subsides",
    }
)

# When, and by which manipulation, the statement was shown.
_CIRCUMSTANCES = {
    "steady_state": "without any insult",
    "development": "while the tissue is formed",
    **PHASES,
    "deletion": "shown by a gene deleted",
    "depletion": "shown by a cell type removed",
    "blockade": "shown by an antibody or a drug that blocks",
    "agonist": "shown by a drug, an antibody or light that activates",
    "transfer": "shown by antibodies or cells given to another animal",
    "association": "seen together in patients or tissue, cause not shown",
    "therapy": "treatment in use or proposed",
}

CONTEXTS: Mapping[str, str] = MappingProxyType({**MODELS, **_CIRCUMSTANCES})

# What data can show of a statement.
READOUTS: Mapping[str, str] = MappingProxyType(
    {
        "pair": "a ligand in its sender and a receptor in its receiver",
        "family_of_pairs": "all pairs of a class of mediators between two populations",
        "abundance": "how many cells of a population there are",
        "state": "the share of a state in its class",
        "presence": "whether a population is there",
        "expressed": "whether genes are there in a population, beyond leakage",
        "expression_change": "how genes change in a population",
        "coexpressed": "whether genes are there in the same cells",
        "programme": "how a set of genes changes together in a population",
        "none": "nothing that expression shows",
    }
)

# What is predicted of it.
DIRECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "up": "it rises with the condition",
        "down": "it falls with the condition",
        "present": "it is there; a change is not predicted",
        "unchanged": "it does not change (equivalence)",
        "differs": "it differs between the sexes",
    }
)

# Why no expression data can speak to a statement.
NO_READOUT: Mapping[str, str] = MappingProxyType(
    {
        "general": "frames the review; nothing is predicted",
        "unspecified": "no gene, population or direction is named to look for",
        "unknown_signal": "the signal is unknown by the text's own word",
        "open_question": "asks, and does not state",
        "proposed": "called possible, with no prediction to look at",
        "causal_role": "that cells are needed does not show in their expression",
        "depletion": "shown by taking cells away",
        "manipulation": "shown by a drug or light acting on cells",
        "transfer": "shown by antibodies or cells given to another animal",
        "behaviour": "seen in behaviour",
        "imaging": "seen by imaging of patients",
        "physiology": "seen in currents or excitability",
        "protein_state": "modification or traffic of proteins",
        "blood_protein": "a protein of blood, made elsewhere",
        "development": "seen in how tissue is formed",
        "therapy": "about a treatment that is proposed",
        "clinical": "about patients and the harm or use of drugs",
    }
)

_COMPARTMENTS = (
    "skin", "joint", "viscera", "bone", "nerve", "drg", "spinal_cord", "brain", "blood", "systemic", NOT_STATED,
)  # fmt: skip

VOCABULARY: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "kind": ("ligand_receptor", "receptor_only", "pathway", "cell_only"),
    "mediator_class": (
        "cytokine", "chemokine", "growth_factor", "interferon", "lipid", "amine", "gas", "reactive_oxygen", "opioid",
        "antibody", "matricellular", "complement_pentraxin", "hormone_receptor", "pattern_receptor",
        "phagocytic_receptor", "costimulatory_receptor", "ion_channel", "kinase", "metabolism", "extracellular_matrix",
        "phagocytosis", "enzyme", "neuropeptide", "peptide_hormone", "alarmin", "purine", "protease", "checkpoint",
        "guidance", "cell", "unknown",
    ),
    "ligand_proxy": ("enzyme", ""),
    "receptor_source": ("review", "cited", "established", ""),
    "compartment": _COMPARTMENTS,
    "source_compartment": _COMPARTMENTS,
    "target_compartment": _COMPARTMENTS,
    "pain_type": (
        "nociceptive", "inflammatory", "neuropathic", "nociplastic", "cancer", "visceral", NOT_STATED,
    ),
    "context": (*CONTEXTS, NOT_STATED),
    "effect": ("pro", "anti", "dual", "homeostatic", "none", "not_evaluated"),
    "sex": ("female_only", "female_biased", "male_only", "male_biased", "both", "time_dependent", NOT_STATED),
    "species": ("mouse", "rat", "human", "monkey", NOT_STATED),
    "readout": tuple(READOUTS),
})  # fmt: skip

# Columns whose cells may name several words, joined with ';'.
LISTS = frozenset({
    "compartment", "source_compartment", "target_compartment", "pain_type", "context", "species", "source_cell",
    "target_cell", "locator", "references",
})  # fmt: skip


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
