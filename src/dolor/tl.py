"""Tools: from cells to names, and from names to who speaks to whom. The scverse face of two stages."""

from dolor.annotate import annotate, evaluate, transfer_labels
from dolor.crosstalk.claim_scope import Setting
from dolor.crosstalk.claims import claims
from dolor.crosstalk.composition import composition
from dolor.crosstalk.contrast import contrast
from dolor.crosstalk.from_de import from_de
from dolor.crosstalk.identity import flag_lost_identity
from dolor.crosstalk.meta import meta
from dolor.crosstalk.profiles import profiles
from dolor.crosstalk.relabeling import relabel
from dolor.crosstalk.response import receiver_response
from dolor.crosstalk.score import score

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
]
