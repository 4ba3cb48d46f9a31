"""The one sentence above a page's chart: computed, never typed in."""

import math
from typing import Any

import pandas as pd

from dashboard.generation import Drawn
from dashboard.recognition import number, share
from evaluator.stats.intervals import wilson
from firstlight.levels import LISTED, levels
from sampler.laws import LAWS


def best(runs: pd.DataFrame) -> str:
    """One sentence on the archive: how many runs, and which draws what it is asked for most often."""
    usable = runs[runs["state"] != "damaged"]
    text = f"{len(usable)} run{'' if len(usable) == 1 else 's'}"
    scored = usable.dropna(subset=["accuracy"])
    if scored.empty:
        return f"{text}; none is evaluated yet."
    top = scored.loc[scored["accuracy"].idxmax()]
    n = "" if top["accuracy_n"] != top["accuracy_n"] else f", n = {top['accuracy_n']:,.0f}"
    interval = f" [{100 * top['accuracy_low']:.1f}, {100 * top['accuracy_high']:.1f}]"
    interval = interval if top["accuracy_low"] == top["accuracy_low"] else ""
    return (
        f"{text}; {top['run']} draws the class it is asked for most often: {100 * top['accuracy']:.1f} %{interval}{n}."
    )


def loss(frame: pd.DataFrame, run: str) -> str:
    """One sentence on a run's loss: from where to where, and its lowest. frame: the query `losses`."""
    part = frame[(frame["run"] == run)]
    kept = part.dropna(subset=["smooth"])
    if kept.empty:
        return f"{run} has no finite loss."
    first, last, low = kept.iloc[0], kept.iloc[-1], kept.loc[kept["smooth"].idxmin()]
    text = f"The loss of {run} fell from {first['smooth']:.3g} to {last['smooth']:.3g} in {last['epoch']:.1f} epochs"
    if last["smooth"] > first["smooth"]:
        text = text.replace("fell", "rose")
    broken = part[part["value"].isna()]
    if not broken.empty:
        return f"{text}; it diverged at step {broken['step'].iloc[0]:,}."
    return f"{text}; its lowest, {low['smooth']:.3g}, was at step {low['step']:,}."


def fading(name: str, table: pd.DataFrame) -> str:
    """One sentence on a forward schedule: what is left at its end, and whether that is noise."""
    last, half = table.iloc[-1], table.loc[(table["logsnr"]).abs().idxmin()]
    left = math.sqrt(last["alpha_bar"])
    text = (
        f"Along {name}, signal and noise are equal at step {half['step']:,.0f} of {last['step']:,.0f}; at the end "
        f"ᾱ is {last['alpha_bar']:.2g} and logSNR {number(last['logsnr'], 'logSNR')}"
    )
    if left > 0.05:
        kept = f"{100 * left:.0f} % of the picture's amplitude is still there"
        return f"{text}: {kept}, so drawing cannot start from pure noise."
    return f"{text}: nothing is left to see."


def trajectory(found: Any, name: str) -> str:
    """One sentence on when this picture is recognized. found: following.Followed."""
    if found.judged.empty:
        return f"No judge has looked yet at this {name} on its way out of the noise."
    judge = found.judged.loc[found.judged["view"] == found.view, "judge"].iloc[0]
    if found.point is None:
        return f"{judge} does not recognize this {name}, even when it is finished; the source says around 70 %."
    row = found.frames[found.frames["step"] == found.point].iloc[0]
    return (
        f"{judge} recognizes this {name} in x_t from {row['percent']:.0f} % of the steps on (step {found.point}, "
        f"logSNR {number(row['logsnr'], 'logSNR')}), with probability {found.threshold:.2f} or more; "
        "the source says around 70 %."
    )


def made(row: pd.Series) -> str:
    """How a stored trajectory was drawn."""
    how = f"{row['solver']}, {row['steps']} steps, guidance {row['guidance']:g}, noise {row['seed']}"
    return f"{row['run']}, sample {row['sample']}: {how}."


def drawing(drawn: Drawn) -> str:
    """One sentence on what was drawn: how many, how fast, and how many the judge takes for what was asked."""
    n = len(drawn.labels)
    took = f"{drawn.seconds:.1f} s" if drawn.seconds >= 1 else f"{1000 * drawn.seconds:.0f} ms"
    asked = f"{drawn.evaluations} evaluation{'s' if drawn.evaluations > 1 else ''}"
    each = f"{asked} and {drawn.seconds / n * 1000:.3g} ms each"
    text = f"{n:,} picture{'s' if n > 1 else ''} in {took} on {drawn.provider}, {each}"
    if drawn.verdicts is None:
        return f"{text}. {drawn.remark}"
    right = wilson(int((~drawn.wrong).sum()), n)
    return f"{text}; {drawn.verdicts.judge} takes {share(right)} of them for the class asked."


def setting(drawn: Drawn) -> str:
    """How the pictures were drawn, for whoever wants them again."""
    s, first, last = drawn.settings, int(drawn.seeds.min()), int(drawn.seeds.max())
    seeds = f"seed {first}" if first == last else f"seeds {first} to {last}"
    law = f" ({LAWS[drawn.law].words})" if drawn.law in LAWS else ""
    marked = "; an amber corner marks what the judge takes for another class" if drawn.wrong.any() else ""
    on = f"on {s.levels} levels"
    if LISTED.fullmatch(s.levels):
        listed = ", ".join(f"{level:.3g}" for level in levels(s.levels, s.steps)[:-1])
        on = f"at logSNR {listed}".replace("-", "−")
    return (
        f"{drawn.run}: {s.solver}, {s.steps} steps {on}, guidance {s.guidance:g}{law}, "
        f"{drawn.evaluations} evaluations of the network for each picture, {seeds}{marked}."
    )
