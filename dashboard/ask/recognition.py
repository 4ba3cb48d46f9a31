"""Answers on when pictures become recognizable: one class, and one class beside another."""

import math
from collections.abc import Callable
from typing import Any

from dashboard.ask.answer import (
    Answer,
    Effect,
    Ground,
    Lack,
    Shown,
    Side,
    computed,
    lacking_answer,
    not_made,
    open_answer,
)
from dashboard.charts.curves import Curve, Level, Mark, curves
from dashboard.charts.theme import ACCENT, BLUE, VERMILLION
from dashboard.data import guests, judgements
from dashboard.data.judgements import CHAINS, Measured
from dashboard.format import chance, estimate
from dashboard.recognizability import headline
from evaluator.recognizability.analysis import Summary, analysis
from evaluator.recognizability.carry_over import FINE
from evaluator.recognizability.censoring import half, width
from evaluator.recognizability.ranking import Pair, Ranking, ranking
from evaluator.recognizability.thresholds import UNKEPT, unkept
from evaluator.recognizability.views import VIEWS
from evaluator.stats.bootstrap import LEAST
from evaluator.stats.intervals import Estimate, side
from evaluator.verdict import CANNOT, NOT, SUPPORTED
from firstlight.counts import counted
from firstlight.interval_text import listed

STEPS = "% of steps"
QUERIES = ("judges", "judged_frames")


def when(at: Ground) -> Answer:
    """By when half of a class are recognizable."""
    label = at.asked.label
    statement = f"Half of the pictures of {label} become recognizable in {at.own.id}."
    seen = _seen(at.own, at)
    if isinstance(seen, Lack):
        return lacking_answer(at, statement, [seen])
    row = _row(seen, at.own.classes.index(label))
    if row is None:
        return open_answer(at, statement, f"There are no pictures of {label} in {at.own.id}.", **_behind(at, seen))
    curve = seen.curve[seen.curve["label"] == row.label]
    by = headline.reached(row, STEPS, of=f"the pictures of {label}")
    by += f", but {UNKEPT}" if unkept(at.own.folder, seen.look.view) else ""
    said = f"{by}, recognized at p ≥ {seen.look.threshold:.2f}."
    verdict, reason = _reached(row)
    mark = Mark(row.median, "half", ACCENT["dark" if at.dark else "light"])
    chart = curves([Curve(curve)], STEPS, "recognizable", [mark], [Level(0.5, "half")])
    legend = f"{_curve_words(seen)}; amber: half are recognizable."
    effect = Effect("Half are recognizable by, of the steps", _part(row.median), "{:.1f} %")
    shown = Shown(f"Share of {label} recognized along the steps", legend, chart, curve)
    n = f"{counted(row.n, 'picture')} of {counted(row.seeds, 'noise seed')}"
    return Answer(at.asked, statement, said, verdict, reason, effect, shown=shown, **_behind(at, seen, half, n=n))


def _reached(row: Summary) -> tuple[str, str]:
    """Whether half surely become recognizable, and why."""
    seeds = f"over {counted(row.seeds, 'noise seed')}"
    if row.seeds < LEAST or math.isnan(row.median.low):
        return CANNOT, f"An interval takes {LEAST} noise seeds, and there are {row.seeds}."
    if math.isfinite(row.median.high):
        return SUPPORTED, f"The whole interval, {seeds}, lies before the end of the steps."
    if math.isinf(row.median.low):
        return NOT, f"By the whole interval, {seeds}, more than half are never recognized."
    return CANNOT, f"The interval, {seeds}, reaches from a step to never."


def classes(at: Ground) -> Answer:
    """Whether one class is recognizable earlier than another."""
    one, two = at.asked.label, at.asked.than
    statement = f"{one} is recognizable earlier than {two} in {at.own.id}."
    seen = _seen(at.own, at)
    if isinstance(seen, Lack):
        return lacking_answer(at, statement, [seen])
    wanted = [at.own.classes.index(name) for name in (one, two)]
    order = seen.figures.ranking
    pair = _pair(order, wanted)
    if order is None or pair is None:
        missing = [name for name, label in zip((one, two), wanted, strict=True) if _row(seen, label) is None]
        none = f"There are no pictures of {listed(missing)} in {at.own.id}." if missing else ""
        why = none or "A class is not held against itself; choose another."
        return open_answer(at, statement, why, **_behind(at, seen))
    later = pair.difference if pair.first == wanted[0] else _turned(pair.difference)  # two less one
    size = estimate(later if side(later) >= 0 else _turned(later), ".1f")
    n = f"n = {counted(later.n, 'noise seed')}"
    if pair.apart and side(later):
        verdict = SUPPORTED if pair.first == wanted[0] else NOT
        word = "earlier" if verdict == SUPPORTED else "later"
        said = f"In {at.own.id} {one} is recognizable {word} than {two}, by {size} % of the steps on average, {n}."
    else:
        verdict = CANNOT
        said = (
            f"Whether {one} is recognizable earlier than {two} in {at.own.id} cannot be said: {two} comes "
            f"{estimate(later, '+.1f')} % of the steps after it on average, {n}."
        )
    frame = seen.curve[seen.curve["label"].isin(wanted)]
    drawn = [Curve(frame[frame["label"] == label], name, colour, dash) for label, name, colour, dash in
             zip(wanted, (one, two), (BLUE, VERMILLION), ("solid", "dash"), strict=True)]  # fmt: skip
    chart = curves(drawn, STEPS, "recognizable", levels=[Level(0.5, "half")])
    effect = Effect(f"{two} after {one}, of the steps", _part(later), "{:+.1f} %")
    shown = Shown(f"Shares of {one} and {two} recognized along the steps", f"{_curve_words(seen)}.", chart, frame)
    more = _behind(at, seen, ranking, part="Ranking", n=f"{counted(later.n, 'noise seed')} that have both")
    return Answer(at.asked, statement, said, verdict, _tested(pair, len(order.pairs)), effect, shown=shown, **more)


def _tested(pair: Pair, pairs: int) -> str:
    """How sure the order of two classes is."""
    if not math.isfinite(pair.holm):
        return f"{pair.difference.n:,} noise seeds are too few to tell classes apart."
    said = f"For the two p {chance(pair.holm)}, after Holm's correction over all {counted(pairs, 'pair')} of classes."
    if bool(side(pair.difference)) != pair.apart:
        held = "leaves 0 out" if side(pair.difference) else "includes 0"
        said += f" The interval alone, which is not corrected, {held}."
    return said


def _seen(of: Side, at: Ground) -> Measured | Lack:
    """The figures of the look that Recognizability opens with; what is lacking where there are none."""
    look = judgements.default_look(at.ask, of.run, of.folder)
    if look is None or not guests.labels(of.run):
        return unjudged(of)
    if said := judgements.mismatch_of(of.folder, look.judge):
        return not_made(of, said, "recognizability", "Judge it anew with")
    return judgements.measured(at.ask, of.run, look, of.folder)


def unjudged(of: Side) -> Lack:
    """Why nothing is said of when a run's pictures are recognized."""
    if not guests.labels(of.run):
        return Lack(guests.nothing_to_name(of.run, "recognition"), of.id)
    return not_made(of, f"{of.id} is not judged yet.", "recognizability")


def _row(seen: Measured, label: int) -> Summary | None:
    return next((row for row in seen.figures.classes if row.label == label), None)


def _pair(order: Ranking | None, labels: list[int]) -> Pair | None:
    return next((pair for pair in (order.pairs if order else ()) if {pair.first, pair.second} == set(labels)), None)


def _turned(found: Estimate) -> Estimate:
    return Estimate(-found.value, -found.high, -found.low, found.n)


def _part(percent: Estimate) -> Estimate:
    """Per cent of the steps as a share, which is how reports hold it."""
    return Estimate(percent.value / 100, percent.low / 100, percent.high / 100, percent.n)


def _curve_words(seen: Measured) -> str:
    by = f"{seen.look.judge}, p ≥ {seen.look.threshold:.2f}"
    return f"Share recognized from then on to the end by {by}; band: 95 % interval"


def _behind(
    at: Ground, seen: Measured, by: Callable[..., Any] = analysis, part: str = "", n: str = ""
) -> dict[str, Any]:
    """Settings, what computed it, and where it is looked into."""
    look, view = seen.look, VIEWS.get(seen.look.view, seen.look.view)
    settings = [
        ("Judge", look.judge), ("It looks at", view),
        ("Recognized from", f"p ≥ {look.threshold:.2f} of the class asked, the run's own threshold"),
        ("Kept frames", f"{width(seen.figures.points):.1f} % of the steps apart, where pictures become recognizable"),
    ]  # fmt: skip
    asked = {"run": at.own.id, "judged": f"{view}, {look.judge}", "threshold": round(100 * look.threshold)}
    return {
        "settings": (*settings, *([("Noise", n)] if n else [])),
        "computed": computed(by, f"{at.own.id}/{table_of(at.own, look.view)}"), "queries": QUERIES,
        "page": "recognizability", "there": asked | ({"part": part} if part else {}),
        "remarks": remarks(at.own, look.view),
    }  # fmt: skip


def table_of(of: Side, view: str) -> str:
    """The file that a view's judgements stand in."""
    return {FINE: of.folder.recognition, CHAINS: of.folder.posterior}.get(view, of.folder.judgements).name


def remarks(of: Side, view: str) -> tuple[str, ...]:
    """What is to be known beside whatever a run's judge says of a view."""
    return tuple(f"{each.rstrip('.')}." for each in judgements.remarks_of(of.folder, view))
