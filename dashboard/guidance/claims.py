"""Claims: what the source says of guidance, and what this run says, over all numbers of steps."""

from dashboard.components import verdicts
from dashboard.data import archive
from dashboard.guidance.choice import Choice
from evaluator.guidance.claims import s11, s12


def draw(at: Choice) -> None:
    """What the source says of guidance, and what this run says; over all numbers of steps."""
    frame = archive.ask("guided", run=at.run["run"])
    columns = {name: frame[name].to_numpy() for name in ("law", "scale", "steps", "seed", "label", "cnn")}
    verdicts.table((*s11(columns), *s12(columns)), "guidance-claims", folded=False, measures=True)
