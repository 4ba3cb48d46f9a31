"""Compared: guidance methods against each other on the same noise."""

import pandas as pd

from dashboard.components import elements
from dashboard.data import archive
from dashboard.format import estimate, estimate_of, points
from dashboard.guidance.choice import MADE, MEASURES, Choice, judges
from sampler.guidance_laws import name_of


def draw(at: Choice) -> None:
    """Guidance methods against each other on the same noise."""
    rows, other = [], "shuffled"
    whole = {words: at.rows(words, other) for words in ("accuracy", "drift after correct", "Fréchet distance", "CAS")}
    for law, scale, n in whole["accuracy"][["law", "scale", "n"]].itertuples(index=False):
        cells = [_difference(frame, law, scale, MEASURES[words][1]) for words, frame in whole.items()]
        size = "all above 1" if scale != scale else f"{scale:g}"
        rows.append((name_of(law), name_of(other), size, *cells, f"{int(n):,}"))
    if not rows:
        how = f"{MADE} {archive.typed(str(at.run['run']))}"
        elements.note(f"Only one guidance method was drawn, or none of the same mean. Draw others with: {how}")
        return
    rows.sort(key=lambda row: row[2] != "all above 1")
    heads = ("method", "against", "S", "accuracy, points [95 %]", "drift, points [95 %]", "Fréchet [95 %]",
             "CAS, points [95 %]", "n")  # fmt: skip
    data = pd.concat([frame.assign(measure=words) for words, frame in whole.items()])
    columns = ["law", "against", "scale", "steps", "measure", "judge", "value", "low", "high", "n"]
    elements.table(heads, rows, "guidance-compared", data[columns])
    elements.note(
        f"The method less the other, picture by picture on the same noise; intervals over noise seeds. {judges(at)} "
        "Shuffled: CLIP's own weights, each given to another picture of the same step, so of the same mean. Other "
        "methods guide more or less strongly on average at one S (Sweep, mean scale) and are not compared at it: "
        "Claims holds CLIP's weights against a constant scale of the same mean."
    )


def _difference(frame: pd.DataFrame, law: str, scale: float, percent: bool) -> str:
    same = frame["scale"].isna() if scale != scale else frame["scale"] == scale
    some = frame[(frame["law"] == law) & same]
    if some.empty or some["value"].iloc[0] != some["value"].iloc[0]:
        return "–"
    found = estimate_of(some.iloc[0])
    return points(found) if percent else estimate(found, "+.2f")
