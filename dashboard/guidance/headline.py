"""The sentence above the front: what CLIP's weights change, and against what."""

import pandas as pd

from dashboard.format import effect, estimate_of, share
from dashboard.guidance.choice import Choice
from dashboard.guidance.claims import found, noise_seeds
from evaluator.guidance.claims import ROOM, S11, WORDS
from evaluator.verdict import Verdict
from firstlight.counts import counted
from sampler.guidance_laws import name_of


def sentence(at: Choice) -> str:
    """The page's headline: CLIP's weights against a constant scale of the same mean and against their control."""
    gains = {other: verdict for other, claim in S11.items() if (verdict := _of(at, claim.part)) is not None}
    accuracy = at.rows("accuracy")
    if not gains:
        return _most(accuracy)
    cramped = [other for other, verdict in gains.items() if ROOM in verdict.reason]
    changed = [f"{_signed(verdict)} against {WORDS[other]}" for other, verdict in gains.items() if other not in cramped]
    n = max(verdict.n for verdict in gains.values())
    parts = [f"CLIP's weights change accuracy by {' and by '.join(changed)}, n = {n:,} pairs."] if changed else []
    if cramped:
        held = " and ".join(WORDS[other] for other in cramped)
        part = f"Accuracy leaves no room to say what CLIP's weights gain against {held}"
        parts.append(f"{part}." if changed else f"{part}, n = {n:,} pairs.")
    plain = accuracy[(accuracy["law"] == "constant") & (accuracy["scale"] == 1)]
    begun = ""
    if len(plain):
        bare, count = share(estimate_of(plain.iloc[0])), int(plain["n"].iloc[0])
        begun = f"; without guidance {bare}, n = {count:,}, show the class asked"
    seeds = counted(noise_seeds(str(at.run["run"])), "noise seed")
    how = f"In {at.steps} steps, {seeds}, before the CNN that did not guide, all scales above 1{begun}."
    return "\n".join([parts[0], " ".join([*parts[1:], how])])


def _of(at: Choice, part: str) -> Verdict | None:
    """The verdict of the chosen number of steps; None where nothing was compared."""
    wanted = f"{part}, {at.steps} steps"
    return next((each for each in found(str(at.run["run"])) if each.claim.part == wanted), None)


def _signed(verdict: Verdict) -> str:
    said = effect(verdict.effect, "points")
    return said if said.startswith("−") else f"+{said}"


def _most(accuracy: pd.DataFrame) -> str:
    """Which law is right most often, where its interval lies above all others': the best of many is partly luck."""
    top = accuracy.loc[accuracy["value"].idxmax()]
    others = accuracy.drop(index=top.name)
    if len(others) and not top["low"] > others["high"].max():
        return (
            f"No guidance method is told apart as drawing the class asked most often: {len(accuracy)} compared, the "
            f"highest {share(estimate_of(top))}, n = {int(top['n']):,}."
        )
    return f"{_named(top)} draws the class asked most often: {share(estimate_of(top))}, n = {int(top['n']):,}."


def _named(row: pd.Series) -> str:
    return f"{name_of(str(row['law']))} at S = {row['scale']:g}"
