"""Tools: from cells to names, and from names to who speaks to whom. The scverse face of two stages."""

from dolor.annotate import annotate, evaluate, transfer_labels
from dolor.claims.claims import claims
from dolor.claims.scope import Setting
from dolor.contrasts.composition import composition
from dolor.contrasts.contrast import contrast
from dolor.contrasts.from_de import from_de
from dolor.contrasts.meta import meta
from dolor.contrasts.permutation import relabel
from dolor.contrasts.response import flag_lost_identity, receiver_response
from dolor.contrasts.unit_changes import unit_changes
from dolor.pseudobulk.profiles import profiles
from dolor.scores.score import score

__all__ = [
    "Setting",
    "annotate",
    "claims",
    "composition",
    "contrast",
    "evaluate",
    "flag_lost_identity",
    "from_de",
    "meta",
    "profiles",
    "receiver_response",
    "relabel",
    "score",
    "transfer_labels",
    "unit_changes",
]
