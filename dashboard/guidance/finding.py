"""The sentence above the front: what CLIP's weights change, and against what."""

import pandas as pd

from dashboard.charts.guidance import name_of
from dashboard.format import estimate_of, points, share
from dashboard.guidance.choice import Choice


def sentence(at: Choice) -> str:
    """The page's finding: CLIP's weights against a constant scale and against their control."""
    parts = [_gain(at, other, what) for other, what in (("constant", "against a constant scale"),
                                                        ("shuffled", "against the same weights shuffled"))]  # fmt: skip
    known = [part for part in parts if part]
    accuracy = at.rows("accuracy")
    if not known:
        top = accuracy.loc[accuracy["value"].idxmax()]
        return f"{_named(top)} draws the class asked most often: {share(estimate_of(top))}, n = {int(top['n']):,}."
    n = max(int(count) for other in ("constant", "shuffled") for count in _whole(at, other)["n"])
    plain = accuracy[(accuracy["law"] == "constant") & (accuracy["scale"] == 1)]
    begun = f"; without guidance {share(estimate_of(plain.iloc[0]))} show the class asked" if len(plain) else ""
    return (
        f"In {at.steps} steps CLIP's weights change accuracy by {' and by '.join(known)}, all scales above 1, "
        f"n = {n:,}{begun}."
    )


def _gain(at: Choice, other: str, what: str) -> str:
    some = _whole(at, other)
    return "" if some.empty else f"{points(estimate_of(some.iloc[0]))} points {what}"


def _whole(at: Choice, other: str) -> pd.DataFrame:
    """What CLIP's weights have over another law at all scales together."""
    frame = at.rows("accuracy", other)
    return frame[(frame["law"] == "clip") & frame["scale"].isna()]


def _named(row: pd.Series) -> str:
    return f"{name_of(str(row['law']))} at S = {row['scale']:g}"
