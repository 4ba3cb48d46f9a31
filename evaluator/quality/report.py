"""What `firstlight evaluate quality` says to people."""

from typing import Any

from evaluator.quality.cas import SHORT, SHORT_SIZE
from firstlight.counts import counted
from firstlight.interval_text import with_interval

SAID = f"  (CAS, taught by {SHORT_SIZE:,}, one short fit)"  # of a score that is not to be held against the full one


def report(figures: dict[str, Any]) -> str:
    """The figures as a table for people."""
    lines = [f"{figures['run']}: {counted(figures['pictures'], 'picture')} at its default settings"]
    wide = 1 + max(15, *(len(f"  of class {name}") for name in figures["classes"]))
    for line in figures["metrics"]:
        name = line["metric"] if line["label"] is None else f"  of class {figures['classes'][line['label']]}"
        said = SAID if line["metric"] in SHORT else ""
        lines.append(f"{name:<{wide}}{with_interval(line, '.4f', width=9)}  n = {line['n']:,}{said}")
    return "\n".join(lines)
