"""Which statements are shown."""

from dashboard.claims.text import KINDS
from dashboard.components import inputs


def chosen_kind() -> str:
    """One kind of verdict, or "all"."""
    return inputs.choose("Verdicts", list(KINDS), "show")
