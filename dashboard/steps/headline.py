"""The sentence above the chart, how few evaluations keep the quality, and what it leaves open."""

import math
from collections.abc import Sequence

from dashboard import run_facts
from dashboard.components import elements, remedy
from dashboard.format import estimate, share
from dashboard.steps.table import times
from dashboard.steps.ways import Ways, drawer
from evaluator.stats.intervals import Estimate
from evaluator.steps.quality_kept import (
    POINTS_LOST,
    TIMES_FARTHER,
    WORTH_DRAWING,
    Way,
    best,
    enough,
    farther,
    fewest,
    keeps,
    lost,
    unpaired,
)
from evaluator.verdict import CANNOT
from firstlight.counts import counted


def sentence(at: Ways) -> str:
    """How few evaluations surely keep the quality of the run's reference, or why that cannot be said."""
    top, least, others = best(at.ways, at.id), fewest(at.ways, at.id), len(at.ways) - 1
    if top is None or least is None:
        return f"No way of drawing of {at.id} itself was compared."
    if not top.draws_classes:
        return (
            f"How few evaluations keep the quality of {at.id} cannot be said: its reference does not surely show the "
            f"class asked for more often than by lot.\nIts reference, {_named(top, at)}: {share(top.accuracy)} against "
            f"{100 * top.guess:.1f} %, n = {top.accuracy.n:,}."
        )
    if least is top:
        return _none_fewer(at, top)
    text = (
        f"{_count(least.evaluations)} {'is' if least.evaluations == 1 else 'are'} enough: {drawer(least, at)} loses "
        f"{estimate(points_lost(least, top, others), '.1f')} points of accuracy against {at.id}'s reference, "
        f"n = {counted(top.accuracy.n, 'picture')} of the same noise.\n"
        f"The reference: {_named(top, at)}, {share(top.accuracy)}"
    )
    distance = farther(least, top, others)
    if not math.isnan(distance.value):
        text += f"; at {times(distance)} times its Fréchet distance"
    ends = f"intervals that hold for {_many(at.ways[1:])} at once" if others > 1 else "95 % intervals"
    return f"{text}; {ends}. {chosen(top, at)} The source takes 100+."


def _none_fewer(at: Ways, top: Way) -> str:
    """Why no way of fewer evaluations than the reference surely keeps its quality."""
    source = "the source takes 100+."
    told = f"Its reference: {_named(top, at)}: {share(top.accuracy)} of the asked class, n = {top.accuracy.n:,}"
    rule = chosen(top, at)
    if open_to := left_open(at, top, top):
        said = f"Whether fewer evaluations keep the quality of {at.id} cannot be said of {_many(open_to)}"
        return f"{said}; {source}\n{told}. {rule}"
    if top.evaluations > min(way.evaluations for way in at.ways):
        return (
            f"Nothing keeps the quality of {at.id} with fewer evaluations than its reference; {source}\n{told}. {rule}"
        )
    equal = len(at.ways) > 1 and all(way.accuracy.value == top.accuracy.value for way in at.ways)
    alike = ", as with every other way" if equal else ""
    return f"No fewer evaluations than those of {at.id}'s reference were compared; {source}\n{told}{alike}. {rule}"


def chosen(top: Way, at: Ways) -> str:
    """By which rule the way was chosen that others are held against, and from how many it is not told apart."""
    own = [way for way in at.ways if way.network == at.id and way is not top]
    tied = sum(way.accuracy.low <= top.accuracy.high and way.accuracy.high >= top.accuracy.low for way in own)
    among = f" among its ways at most {TIMES_FARTHER} times as far from real pictures as the closest"
    rule = f"The reference has the highest accuracy{'' if math.isnan(top.ratio.value) else among}"
    if not own:
        return f"{rule}."
    return f"{rule}; by accuracy it is not told apart from {tied} of {len(own)} others of its own."


def remarks(at: Ways) -> None:
    """What the headline leaves open."""
    top, least, others = best(at.ways, at.id), fewest(at.ways, at.id), len(at.ways) - 1
    own = fewest([way for way in at.ways if way.network == at.id], at.id, others)
    judged = top is not None and top.draws_classes
    if judged and least is not None and own is not None and least is not own:
        elements.note(f"Without a student, {_count(own.evaluations)} of {own.solver} keep the quality.")
    if top is not None and least is not None and judged and (open_to := left_open(at, top, least)):
        _undecided(at, open_to, top)
    elements.note(
        f"Quality is kept where at most {POINTS_LOST:g} point of accuracy is lost against the reference, and the "
        f"Fréchet distance is at most {TIMES_FARTHER} times its own, by intervals that hold for all ways at once. Few "
        "evaluations can draw the mean of a class, which is named right and looks like no picture: accuracy alone does "
        "not see it."
    )
    if at.frame["frechet"].isna().all():
        elements.note("Distances to real pictures are not known: the command found no real pictures, or drew too few.")


def left_open(at: Ways, top: Way, least: Way) -> list[Way]:
    """The ways of fewer evaluations of which it cannot be said whether they keep the quality."""
    fewer = [way for way in at.ways if way.evaluations < least.evaluations]
    return [way for way in fewer if keeps(way, top, len(at.ways) - 1) == CANNOT]


def _undecided(at: Ways, open_to: Sequence[Way], top: Way) -> None:
    """What would decide it: more pictures, or draws."""
    said = f"It cannot be said of {_many(open_to)} of fewer evaluations, {_named(open_to[0], at)} the first"
    if any(unpaired(way, top) for way in open_to):
        remedy.note(f"{said}: distances were kept without draws.", at.id, "steps", "Measure them with")
        return
    needed = [(enough(way, top, len(at.ways) - 1), way) for way in open_to]
    known = [(count, way) for count, way in needed if count is not None]
    if not known:
        elements.note(f"{said}; of none would {WORTH_DRAWING:,} pictures show that it does, if all are as they look.")
        return
    count, way = min(known, key=lambda each: each[1].evaluations)
    said = f"{said}: about {count:,} pictures would do for {_named(way, at)}, if it is as good as it looks."
    each = math.ceil(count / len(run_facts.class_names(at.run)))
    remedy.note(said, at.id, "steps", "Draw them with", ("--per-class", str(each)))


def _many(ways: Sequence[Way]) -> str:
    return f"{len(ways)} way{'' if len(ways) == 1 else 's'}"


def _named(way: Way, at: Ways) -> str:
    return f"{drawer(way, at)}, {_count(way.evaluations)}"


def _count(evaluations: int) -> str:
    return f"{evaluations} evaluation{'' if evaluations == 1 else 's'}"


def points_lost(way: Way, top: Way, at_once: int) -> Estimate:
    """How many points of accuracy a way of drawing loses against the reference."""
    found = lost(way, top, at_once)
    return Estimate(-found.value, -found.high, -found.low, found.n)
