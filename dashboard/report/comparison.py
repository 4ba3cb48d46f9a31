"""How the first run of a report differs from each other one: what Compare subtracts, what cannot be said, and why."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from dashboard import run_facts
from dashboard.ask import question
from dashboard.ask.answer import Ground, Side, in_words
from dashboard.ask.answers import side_of
from dashboard.ask.quality import unscored
from dashboard.ask.question import Asked
from dashboard.ask.recognition import QUERIES
from dashboard.ask.run_order import AXIS, INCLUDES_NONE, Contrast, contrast, of_judges, order, unlike
from dashboard.compare import quality
from dashboard.compare.differences import Row, told
from dashboard.format import finite
from dashboard.report.answers import FIGURE
from dashboard.report.checked_numbers import COMPARED, Ask, Number, changed
from dashboard.report.facts import Facts
from evaluator.stats.intervals import Estimate, in_points, side
from evaluator.verdict import CANNOT
from firstlight.command_text import for_everywhere
from firstlight.errors import RunError
from firstlight.interval_text import listed

NEVER, WHEN = "Never recognizable, percentage points", f"When recognizable, {AXIS}"
ON_AXIS = {"axis": AXIS, "part": "Recognizability"}
WORDS = {  # figure -> what is said of a run that surely has more of it, and of one that has less
    NEVER: ("leaves more pictures unrecognized", "leaves fewer pictures unrecognized"),
    WHEN: ("is recognizable later", "is recognizable earlier"),
    "accuracy": ("draws the class asked for more often", "draws the class asked for less often"),
    "frechet": ("lies farther from real pictures", "lies closer to real pictures"),
    "cas": ("teaches a classifier better", "teaches a classifier worse"),
    "cas_2000": ("teaches a classifier of 2,000 pictures better", "teaches a classifier of 2,000 pictures worse"),
}
QUALITY = ("accuracy", "frechet", "cas", "cas_2000")
WHY = {quality.OTHER_N: "They are of other numbers of pictures.", run_facts.OLDER: run_facts.AGAIN}


@dataclass(frozen=True)
class Difference:
    """One figure of a run less another's."""

    what: str
    verdict: str  # what is surely so of the run, or that nothing can be said
    reason: str = ""  # why nothing can be, a sentence
    number: Number | None = None
    ends: str = ""  # where there is no number: between which ends it lies


@dataclass(frozen=True)
class Compared:
    """A run against another: its differences, in the order shown; none where their pictures make no pairs."""

    run: str
    other: str
    sentence: str
    differences: tuple[Difference, ...] = ()
    remarks: tuple[str, ...] = ()


def of(runs: Sequence[Facts], ask: Ask) -> list[Compared]:
    """The first run against each other one; nothing of one run."""
    own, *others = (Side(each.run, each.folder) for each in runs)
    return [compared(own, base, ask) for base in others]


def compared(own: Side, base: Side, ask: Ask) -> Compared:
    """All that Compare says of one run less another: recognizability, accuracy, distance, what its pictures teach."""
    if why := unlike(own, base):
        return Compared(own.id, base.id, why)
    remarks = [said for each in (own, base) if (said := run_facts.seen_in_training(each.run))]
    recognized = contrast(Ground(Asked(question.RUNS, own.id, other=base.id), ask, own, base))
    if isinstance(recognized, Contrast):
        found = [*_recognized(recognized.whole, base.id)]
        remarks += of_judges(own, base, recognized.view)
    else:
        found = [Difference(WHEN, CANNOT, in_words(recognized))]
    found = _together([*found, *_of_quality(own, base, ask)])
    sure = [each.verdict for each in found if each.verdict != CANNOT]
    rest = "" if len(sure) == len(found) else "; the rest is open"
    said = f"{listed(sure)}{rest}" if sure else "differs in nothing that can be said"
    return Compared(own.id, base.id, f"Against {base.id}, {own.id} {said}.", tuple(found), tuple(remarks))


def _together(found: Sequence[Difference]) -> list[Difference]:
    """Figures of which nothing can be said for the same reason, as one."""
    made = dict[Any, Difference]()
    for place, each in enumerate(found):
        key = place if each.number or each.ends else (each.verdict, each.reason)
        made[key] = replace(each, what=f"{made[key].what}; {each.what}") if key in made else each
    return [*made.values()]


def _recognized(row: Row, other: str) -> Iterator[Difference]:
    """How many are never recognized, where any are not; when the others are."""
    if row.never.value or row.baseline_never.value:
        yield _difference(row.run, other, NEVER, in_points(row.more_never), "{:+.1f}", NEVER, QUERIES[-1], ON_AXIS)
    if math.isnan(row.difference.value):
        yield Difference(WHEN, CANNOT, order(row)[1])
        return
    found = _difference(row.run, other, WHEN, row.difference, "{:+.2f}", WHEN, QUERIES[-1], ON_AXIS)
    if row.apart:  # nothing between its ends is likelier
        ends = f"{told(row, '+.2f')}, n = {row.difference.n:,}"
        found = Difference(WHEN, found.verdict, found.reason and order(row)[1], None, ends)
    yield found


def _of_quality(own: Side, base: Side, ask: Ask) -> Iterator[Difference]:
    """Accuracy always; the others where one of the two has them."""
    whole = quality.of_all_classes(pd.concat([ask("quality", run=each.id) for each in (own, base)]))
    for metric in QUALITY:
        name, form = run_facts.FIGURES[metric]
        there = {each.id: whole.loc[(each.id, metric)] for each in (own, base) if (each.id, metric) in whole.index}
        lacking = [each for each in (own, base) if each.id not in there]
        found = quality.difference(whole, metric, base.id, own.id)
        if isinstance(found, str):
            if there or metric == "accuracy":
                yield Difference(name, CANNOT, _why(found, metric, there, lacking))
            continue
        if metric != "frechet":
            name, found = f"{name}, percentage points", in_points(found)
        digits = "{:.2f} times" if metric == "frechet" else form.replace("{:", "{:+").removesuffix(" %")
        yield _difference(own.id, base.id, name, found, digits, metric, "quality", {"part": "Quality"})


def _why(said: str, metric: str, there: Mapping[str, pd.Series], lacking: Sequence[Side]) -> str:
    """Why two figures have no difference, a sentence."""
    if said == quality.OTHER:
        judges = " and ".join(f"{run} is judged by {row['judge']}" for run, row in there.items())
        return f"{judges}: each judge has its own errors."
    if said in WHY:
        return WHY[said]
    if metric == "accuracy":
        return in_words([unscored(each) for each in lacking])
    return f"{listed([each.id for each in lacking])} has no such figure."


def _difference(
    run: str, other: str, what: str, found: Estimate, form: str, kind: str, query: str, asked: Mapping[str, Any]
) -> Difference:  # fmt: skip
    """One that has a number; kind: a key of WORDS."""
    value, low, high = (finite(end) for end in (found.value, found.low, found.high))
    number = Number(run, COMPARED, what, value, low, high, found.n, form, query, "compare", f"less {other}",
                    {"baseline": other} | dict(asked))  # fmt: skip
    sure = side(found, float(kind == "frechet"))
    if sure == 0:
        why = "It has no interval." if low is None and high is None else f"The interval {INCLUDES_NONE}."
        return Difference(what, CANNOT, why, number)
    return Difference(what, WORDS[kind][sure < 0], "", number)


def numbers(found: Sequence[Compared]) -> list[Number]:
    """Every difference that has one."""
    return [row.number for each in found for row in each.differences if row.number is not None]


def plain(each: Compared) -> list[dict[str, str]]:
    """Each difference as JSON holds it, its number aside; a line of its own where there are none."""
    rows = each.differences or (Difference("", CANNOT, each.sentence),)
    return [{"run": each.run, "other": each.other, "what": row.what, "verdict": row.verdict,
             "reason": f"{row.ends} {row.reason}".strip()} for row in rows]  # fmt: skip


def changes(
    kept: Sequence[Mapping[str, str]], shown: Sequence[Number], same: Callable[[Number, Number], bool], root: Path,
    ask: Ask,
) -> Iterator[str]:  # fmt: skip
    """What is no longer so of the comparisons of a report. shown: its numbers of them."""
    made, lost = [], set()
    for run, other in dict.fromkeys((each["run"], each["other"]) for each in kept):
        at = ""
        try:
            sides = [side_of(at := each, root, ask) for each in (run, other)]
            with for_everywhere():
                at = f"{run} against {other}"
                made.append(compared(sides[0], sides[1], ask))
        except (RunError, LookupError, TypeError, ValueError) as error:
            lost.add((run, f"less {other}"))
            yield f"{at}: {error}"
    now = {tuple(row[name] for name in ("run", "other", "what")): row for each in made for row in plain(each)}
    for row in kept:
        again = now.get((row["run"], row["other"], row["what"]))
        pair = (row, again) if again else ()
        if len({(each["verdict"], *FIGURE.findall(each["reason"])) for each in pair}) > 1:
            before, after = (f"{each['verdict']} {each['reason']}".strip().rstrip(".") for each in pair)
            yield f"{row['run']} against {row['other']}, {row['what']}: {before!r} was said; now {after!r}."
    yield from changed([each for each in shown if (each.run, each.of) not in lost], numbers(made), same)
