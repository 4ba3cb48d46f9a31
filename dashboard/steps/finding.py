"""The sentence above the chart, how few evaluations keep the quality, and what it leaves open."""

import math

from dashboard.components import elements
from dashboard.format import estimate, share
from dashboard.steps.table import times
from dashboard.steps.ways import Ways, drawer
from evaluator.stats.intervals import Estimate
from evaluator.steps.quality_kept import POINTS_LOST, TIMES_FARTHER, Way, best, farther, fewest, lost


def sentence(at: Ways) -> str:
    """How few evaluations keep the quality of the run's best."""
    top, least = best(at.ways, at.id), fewest(at.ways, at.id)
    if top is None or least is None:
        return f"No way of drawing of {at.id} itself was compared."
    if least is top:
        text = f"Nothing keeps the quality of {at.id} with fewer evaluations than its best, {_named(top, at)}"
        return f"{text}: {share(top.accuracy)} of the asked class, n = {top.accuracy.n:,}; the source takes 100+."
    text = (
        f"{_count(least.evaluations)} {'is' if least.evaluations == 1 else 'are'} enough: {drawer(least, at)} loses "
        f"{estimate(_lost(least, top), '.1f')} points of accuracy against {at.id}'s best ({_named(top, at)}, "
        f"{100 * top.accuracy.value:.1f} %)"
    )
    distance = farther(least, top)
    if not math.isnan(distance.value):
        text += f", at {times(distance)} times its Fréchet distance"
    return f"{text}; n = {top.accuracy.n:,} pictures of the same noise; the source takes 100+."


def remarks(at: Ways) -> None:
    """What the finding leaves open."""
    least = fewest(at.ways, at.id)
    own = fewest([way for way in at.ways if way.network == at.id], at.id)
    if least is not None and own is not None and least is not own:
        elements.note(f"Without a student, {_count(own.evaluations)} of {own.solver} keep the quality.")
    elements.note(
        f"Quality is kept where at most {POINTS_LOST} points of accuracy are lost and the Fréchet distance is at most "
        f"{TIMES_FARTHER} times the best's. Few evaluations can draw the mean of a class, which is named right and "
        "looks like no picture: accuracy alone does not see it."
    )
    if at.frame["frechet_ratio"].isna().all():
        elements.note("Distances to real pictures are not known: the command found no real pictures, or drew too few.")


def _named(way: Way, at: Ways) -> str:
    return f"{drawer(way, at)}, {_count(way.evaluations)}"


def _count(evaluations: int) -> str:
    return f"{evaluations} evaluation{'' if evaluations == 1 else 's'}"


def _lost(way: Way, top: Way) -> Estimate:
    """How many points of accuracy a way of drawing loses against the best."""
    found = lost(way, top)
    return Estimate(-found.value, -found.high, -found.low, found.n)
