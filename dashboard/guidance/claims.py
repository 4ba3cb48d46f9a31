"""Claims: what the source says of guidance, and what this run says, over all numbers of steps."""

from dashboard import format
from dashboard.components import elements
from dashboard.data import archive
from dashboard.guidance.choice import Choice
from evaluator.guidance.claims import s11, s12
from evaluator.verdict import Verdict


def draw(at: Choice) -> None:
    """What the source says of guidance, and what this run says; over all numbers of steps."""
    frame = archive.ask("guided", run=at.run["run"])
    columns = {name: frame[name].to_numpy() for name in ("law", "scale", "steps", "seed", "label", "cnn")}
    found = (*s11(columns), *s12(columns))
    elements.table(("claim", "says", "this run", "effect [95 %]", "p (Holm)", "n"), [_verdict(each) for each in found],
             "guidance-claims")  # fmt: skip
    for text in dict.fromkeys(f"{each.claim.source}: {each.claim.text}." for each in found):
        elements.note(text)
    elements.facts(
        [(f"{each.claim.source}, {each.claim.part}", f"{each.reason} Measure: {each.claim.measure}.") for each in found]
    )


def _verdict(found: Verdict) -> tuple[str, ...]:
    p = "" if found.p is None else "< 0.001" if found.p < 0.001 else f"{found.p:.3f}"
    return (
        found.claim.source,
        found.claim.part,
        found.verdict,
        format.effect(found.effect, found.unit),
        p,
        f"{found.n:,}",
    )
