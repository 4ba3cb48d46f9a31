"""The sentence above the statements."""

from collections.abc import Sequence

from dashboard.components.verdicts import MARKS
from evaluator.claims.statements import Found
from evaluator.verdict import CANNOT, NOT, SUPPORTED
from firstlight.counts import counted


def sentence(verdicts: Sequence[Found], run: str) -> str:
    """One sentence on a run: how many parts of the statements it supports."""
    own = [each for each in verdicts if each.run == run]
    counts = {kind: sum(each.verdict.verdict == kind for each in own) for kind in MARKS}
    unknown = {each.verdict.claim.source for each in own if each.verdict.claim.part == ""}
    text = (
        f"{run} supports {counts[SUPPORTED]} and does not support {counts[NOT]} of {counted(len(own), 'part')} of the "
        f"source's statements.\nOf {counts[CANNOT]} it cannot be said"
    )
    if unknown:
        text += f", {', '.join(sorted(unknown, key=lambda source: int(source[1:])))} for want of data"
    return f"{text}."
