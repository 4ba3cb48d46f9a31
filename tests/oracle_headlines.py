"""What the sentence above every page must say of a run, word for word, its numbers from tests/parquet_oracle.py.

An end of an interval may differ by a quarter of the interval, as other draws would; what the project's own estimators
say is nowhere asked. Generate's sentence is of pictures that are drawn while somebody waits: tests of its own.
"""

import math
from collections.abc import Callable

import numpy as np
from oracle_claims import MISSING, NO, YES, verdicts
from oracle_compare import compare
from oracle_experiments import clip_rankings, guidance, speciation, steps
from parquet_oracle import (
    RUNS,
    SEVENTY,
    SOURCE,
    Recognized,
    card,
    close,
    columns,
    figure,
    half,
    linear,
    median,
    recognized,
    share,
    table_of,
    there,
    threshold,
    told_apart,
    wilson,
)
from sentence_fixture import Say

OF_NO_RUN = {"glossary": "how many terms there are"}
LIVE = {
    "generate": "its sentence is of pictures drawn now: tests/test_dashboard_generation.py",
    "ask": "one sentence for each question, as short: tests/test_ask.py",
    "draw": "its sentences are of what somebody draws now: tests/test_draw.py",
}


def start(run: str, say: Say) -> str:
    """From which step on the judge recognizes the first 3 of the source's own network, and by when half of all."""
    seen = recognized("course", False, threshold("course"))
    judge = columns("course", "judgements", "judge", view="x")["judge"][0]
    at = int(seen.at[seen.label == 3][np.argmin(seen.seed[seen.label == 3])])
    found = half(seen, seen.percent)
    place = f"{say(found.value)} % of the steps [{say(found.low, 1)}, {say(found.high, 1)}]"
    return (
        f"{judge}, a network that reads digits, recognizes this 3 from {say(seen.percent[at])} % of its own steps on "
        f"(one picture), half of all pictures by {place}, n = {say(len(seen.at))}.\nThe source says around 70 % of its "
        "own steps."
    )


def runs(run: str, say: Say) -> str:
    """How many, and whether one draws what it is asked for most often."""
    accuracy = {name: found for name in RUNS if (found := figure(name, "accuracy"))}
    best = max(accuracy, key=lambda name: accuracy[name]["value"])
    told = {name: wilson(found["value"], found["n"]) for name, found in accuracy.items()}
    words = f"{say.ends(told[best], 100, ' %')}, n = {say(accuracy[best]['n'])}"
    start = f"{say(len(RUNS))} runs; "
    if told[best].low > max(found.high for name, found in told.items() if name != best):
        return f"{start}{best} draws the class it is asked for most often: {words}."
    return (
        f"{start}which draws the class it is asked for most often cannot be said.\n{best} has the highest share, "
        f"{words}, not told apart from all others."
    )


def forward(run: str, say: Say) -> str:
    """Where signal and noise are equal, and what is left at the end, from the name of the schedule it learned along."""
    name = card(run)["config"].get("schedule", "")
    if card(run).get("guest"):  # the levels that an adopted network knows
        level = np.array(card(run)["guest"]["logsnr"])[::-1]
    elif name.startswith("linear-"):
        level = linear(int(name.removeprefix("linear-")))
    else:  # cosine, moved to less noise: a thousand places in the middle of their steps, as it was learned to 12.9
        middle = (np.arange(1000) + 0.5) / 1000
        level = np.clip(
            -2 * np.log(np.tan(math.pi / 2 * middle)) + float(name.removeprefix("cosine") or 0), -12.9, 12.9
        )
    signal = 1 / (1 + np.exp(-level[-1]))
    equal = 1 + int(np.argmin(np.abs(level)))
    text = (
        f"Along its own levels, signal and noise of pictures in [−1, 1] are equal at step {say(equal)} of "
        f"{say(len(level))}; at the end"
    )
    end = f"At the end ᾱ is {say(signal, 0.05 * signal)} and logSNR {say(level[-1])}"
    if math.sqrt(signal) <= 0.05:
        return f"{text} nothing is left to see.\n{end}."
    left = f"{say(100 * math.sqrt(signal))} % of their amplitude is still there"
    text = f"{text} {left}.\n{end}, and its own drawing begins in noise all the same."
    if card(run).get("guest", {}).get("pictures") != [0, 1]:
        return text
    bar = np.prod(1 - np.linspace(1e-4, 0.02, 150))  # the source's own chain, of pictures in [0, 1]
    return (
        f"{text} Of pictures in [0, 1], as it learned them, ᾱ is {say(bar, 0.05 * bar)}, logSNR "
        f"{say(math.log(bar / (1 - bar)))}, and {say(100 * math.sqrt(bar))} % of the amplitude is left."
    )


def trajectory(run: str, say: Say) -> str | None:
    """From which step on the judge recognizes the first class from its first noise."""
    if not there(run, "trajectories"):
        return None
    stored = columns(run, "trajectories", "sample", "label", "seed", label=0)
    seed = stored["seed"].min()
    least, name = threshold(run), card(run)["dataset"]["classes"][0]
    judge = columns(run, "judgements", "judge", view="x")["judge"][0]
    seen = recognized(run, False, least)
    at = int(seen.at[(seen.label == 0) & (seen.seed == seed)][0])
    source, level = "the source says around 70 % of its own", f"70 % of the source's steps is logSNR {say(SEVENTY)}."
    if at == len(seen.level):
        return f"{judge} does not recognize this {name}, even when it is finished; {source} steps.\n{level}"
    step = np.unique(columns(run, "judgements", "step", view="x")["step"])
    before = f", not yet at step {say(step[at - 1])}" if at else ""
    return (
        f"{judge} recognizes this {name} in x_t from {say(seen.percent[at])} % of the steps on; {source}.\nStep "
        f"{say(step[at])}, logSNR {say(seen.level[at])}{before}, with probability {say(least)} or more. {level}"
    )


def network(run: str, say: Say) -> str:
    """How large it is by its card, and what is good of its pictures with and without skips."""
    config, levels = card(run)["config"], len(card(run)["config"].get("widths", ()))
    size, parts = f"{run}'s network cannot be drawn", ""
    if levels:
        size = f"{run}'s network has {say(card(run)['parameters'] / 1e6)} million weights"
        parts = f"It has {levels} levels and {levels * config['blocks']} skips."
    if not there(run, "ablations"):
        return f"{size}; what breaks without its parts is not measured yet." + (f"\n{parts}" if parts else "")
    kept = columns(run, "ablations", "part", "label", "seed", "top", "real")
    good = (kept["top"] == kept["label"]) & kept["real"].astype(bool)
    cut, whole = (share(good[kept["part"] == part], kept["seed"][kept["part"] == part]) for part in ("skips", "none"))
    cost = f"With all skips silenced {say.ends(cut, 100, ' %')} of {run}'s pictures are good, with all parts "
    return (
        f"{cost}{say.ends(whole, 100, ' %')}, n = {say((kept['part'] == 'none').sum())} each.\n{size}. {parts}".strip()
    )


def training(run: str, say: Say) -> str:
    """From where to where the loss went: what was logged first, and the mean of the last hundredth of the steps."""
    kept = columns(run, "metrics", "step", "epoch", "value", metric="loss")
    stretch = max(int(kept["step"].max() - kept["step"].min()) // 100, 1)
    last = kept["value"][kept["step"] > kept["step"].max() - stretch].mean()
    first = kept["value"][kept["step"].argmin()]
    return (
        f"The loss of {run} went from {say(first, 0.006 * first)} to {say(last, 0.006 * last)}.\nIn "
        f"{say(kept['epoch'].max())} epochs; the last is the mean of {say(stretch)} steps."
    )


def recognizability(run: str, say: Say) -> str | None:
    """By when half are recognized, of small steps where they are the run's own, and who is first and last."""
    if not there(run, "judgements"):
        return None
    least, fine = threshold(run), close(run)
    seen = recognized(run, fine, least)
    found = half(seen, seen.percent)
    stored = recognized(run, False, least)
    here = np.interp(SEVENTY, stored.level, stored.percent)
    source = "the source says around 70 % of its own steps"
    level = f"70 % of its own steps is logSNR {say(SEVENTY)}"
    if fine or own_is_sources(run):
        level += f", here {say(here, 0.5)} % of the steps"
    if math.isinf(found.value):
        loose = recognized(run, fine, 0.5).never
        never = f"{say.ends(share(seen.never, seen.seed), 100, ' %')}, n = {say(len(seen.at))}"
        looser = f", where {say.ends(share(loose, seen.seed), 100, ' %')} are not at {say(0.5)}" if least > 0.5 else ""
        text = f"More than half of the pictures are never recognized, {never}"
        return f"{text}; {source}.\nRecognized at p ≥ {say(least)}{looser}; {level}."
    place = f"{say(found.value)} % [{say(found.low, 1)}, {say(found.high, 1)}] of the run's own steps"
    steps = f"of its own {say(card(run)['config']['steps'])} steps"
    text = f"Half of the pictures are recognizable by {place}, n = {say(len(seen.at))}"
    return f"{text}; {source}.\nRecognized at p ≥ {say(least)}, {steps}: {_first_and_last(run, seen, say)}; {level}."


def own_is_sources(run: str) -> bool:
    """Whether the run's stored steps pass the source's levels."""
    level = np.sort(np.unique(columns(run, "judgements", "logsnr", view="x")["logsnr"]))[:-1]
    return bool(np.abs(SOURCE[:-1, None] - level).min(axis=0).max() < 1e-2) and card(run)["config"]["steps"] == 150


def _first_and_last(run: str, seen: Recognized, say: Say) -> str:
    """The classes whose mean is told apart from all others' at either end, by sign flips of whole noise seeds."""
    since, place = (
        np.minimum(np.maximum(side, 0), 100) for side in (seen.since(seen.percent), seen.place(seen.percent))
    )
    middle = np.where(seen.never | ~np.isfinite(seen.since(seen.percent)), place, (since + place) / 2)
    table = table_of(middle, seen)
    p, order, names = told_apart(table), np.argsort(table.mean(axis=0)), card(run)["dataset"]["classes"]
    parts = []
    for label, word in ((order[0], "first"), (order[-1], "last")):
        if max(q for pair, q in p.items() if label in pair) <= 0.05:
            parts.append(f"{names[label]} {word} at {say(median(seen.place(seen.percent)[seen.label == label]))}")
    return ", ".join(parts) or "no class is first or last as far as can be told"


def blind_test(run: str, say: Say) -> str | None:
    """Nobody has answered yet: a bundled run has no sittings."""
    if not there(run, "trajectories"):
        return None
    assert not (RUNS[run] / "answers").exists()
    return f"Nobody has named pictures of {run} yet: guess from when on you can, then try."


def report(run: str, say: Say) -> str:
    """Whether it is evaluated."""
    if figure(run, "accuracy"):
        return f"A report of {run}: evaluated, in one file that needs no network."
    lacking = f"{run} is not evaluated yet, and the report will say so"
    return f"A report of {run}, in one file that needs no network; {lacking}."


def claims(run: str, say: Say) -> str:
    """How many parts of the statements hold, and which statements lack data."""
    found = verdicts(run)
    count = {kind: sum(each == kind for _, each in found) for kind in (YES, NO)}
    missing = [source for source, each in found if each == MISSING]
    text = (
        f"{run} supports {say(count[YES])} and does not support {say(count[NO])} of {say(len(found))} parts of the "
        f"source's statements.\nOf {say(len(found) - count[YES] - count[NO])} it cannot be said"
    )
    return f"{text}, {', '.join(missing)} for want of data." if missing else f"{text}."


SENTENCES: dict[str, Callable[[str, Say], str | None]] = {
    "start": start, "runs": runs, "forward": forward, "trajectory": trajectory, "network": network,
    "training": training, "recognizability": recognizability, "speciation": speciation,
    "clip_rankings": clip_rankings, "guidance": guidance, "steps": steps, "compare": compare,
    "blind_test": blind_test, "report": report, "claims": claims,
}  # fmt: skip
