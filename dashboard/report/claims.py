"""The source's statements in a report: the verdicts of all runs, and a picture of the first."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboard.claims import text as claims_text
from dashboard.claims.pictures import Ask, evidence
from dashboard.components.verdicts import COLUMNS_OF_A_CLAIM
from dashboard.report.picture_origin import Of, Show
from evaluator.claims.statements import Found


def section(verdicts: Sequence[Found], run: pd.Series, ask: Ask, address: str, show: Show) -> list[dict[str, Any]]:
    """The source's statements with the verdicts of all runs, and a picture of `run` where it has one."""
    parts = []
    for source, title, words, own in claims_text.statements(verdicts):
        image = evidence(run, source, ask)
        of = Of("claims", str(run["run"]), source.lower())
        parts.append({
            "source": source, "title": title, "words": words, "rows": [claims_text.row(each, address) for each in own],
            "columns": [*COLUMNS_OF_A_CLAIM, "behind it"],
            "picture": show(image.picture if image else None, of), "alt": image.alt if image else "",
            "says": f"{run['run']}: {image.says}" if image else "",
        })  # fmt: skip
    return parts
