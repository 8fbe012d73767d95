"""Tools: from cells to names, and from names to who speaks to whom. The scverse face of two stages."""

from dolor.annotate import annotate, evaluate
from dolor.crosstalk.claim_scope import Setting
from dolor.crosstalk.claims import claims
from dolor.crosstalk.composition import composition
from dolor.crosstalk.contrast import contrast
from dolor.crosstalk.profiles import profiles
from dolor.crosstalk.response import receiver_response
from dolor.crosstalk.score import score

__all__ = [
    "Setting",
    "annotate",
    "claims",
    "composition",
    "contrast",
    "evaluate",
    "profiles",
    "receiver_response",
    "score",
]
