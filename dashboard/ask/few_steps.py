"""The answer on how few evaluations of the network keep a run's quality."""

from dashboard.ask.answer import Answer, Effect, Ground, Lack, Shown, computed, lacking_answer, not_made
from dashboard.data import guests
from dashboard.steps import chart, headline, sections
from dashboard.steps.ways import NOT_YET, Ways, lacking, stored, teacher
from evaluator.provenance import notes_of
from evaluator.steps.quality_kept import POINTS_LOST, TIMES_FARTHER, best, fewest
from evaluator.verdict import CANNOT, NOT, SUPPORTED
from firstlight.counts import counted

MEASURE = "accuracy"


def few_steps(at: Ground) -> Answer:
    """The fewest evaluations that surely keep the quality of the run's best."""
    own = at.own
    statement = f"Fewer evaluations than those of its reference keep the quality of {own.id}."
    ways = stored(own.run, at.ask)
    if ways is None:
        able = guests.labels(own.run) and not teacher(own.run)
        lack = not_made(own, NOT_YET.format(own.id), "steps") if able else Lack(lacking(own.run), own.id)
        return lacking_answer(at, statement, [lack])
    top, least = best(ways.ways, own.id), fewest(ways.ways, own.id)
    verdict, reason = _verdict(ways)
    effect = None
    if top is not None and least is not None and least is not top:
        lost = headline.points_lost(least, top, len(ways.ways) - 1)
        effect = Effect(f"Points of accuracy lost with {counted(least.evaluations, 'evaluation')}", lost, "{:.1f}")
    level = sections.level_across(ways, MEASURE)
    figure = chart.chart(ways.frame, own.id, chart.MEASURES[MEASURE], level[0] if level else None)
    dotted = f"; dotted: {level[1]}" if level else ""
    n = top.accuracy.n if top is not None else 0
    settings = (
        ("Judge", ", ".join(notes_of(own.folder.solver_steps).get("judge", {})) or "not known"),
        ("Quality is kept", f"at most {POINTS_LOST:g} point of accuracy lost, and at most {TIMES_FARTHER} times the "
                            "Fréchet distance of the reference"),
        ("Intervals", f"hold for all {len(ways.ways) - 1} other ways of drawing at once"),
        ("Noise", f"{counted(n, 'picture')}, from the same noise in every way of drawing"),
    )  # fmt: skip
    return Answer(
        at.asked, statement, headline.sentence(ways), verdict, reason, effect, settings,
        computed(fewest, f"{own.id}/{own.folder.solver_steps.name}"), ("solver_steps",), "steps", {"run": own.id},
        shown=Shown("Accuracy against evaluations of the network, a line for each solver",
                    f"A line for each solver, a mark for each student; bands and bars: 95 % interval{dotted}.", figure,
                    ways.frame.drop(columns=["top"])),
    )  # fmt: skip


def _verdict(at: Ways) -> tuple[str, str]:
    """Whether fewer evaluations surely keep the quality, and why."""
    top, least = best(at.ways, at.id), fewest(at.ways, at.id)
    if top is None or least is None:
        return CANNOT, "No way of drawing of the run itself was compared."
    if not top.draws_classes:
        return CANNOT, "The reference does not surely show the class asked for more often than by lot."
    if least.evaluations < top.evaluations:
        return SUPPORTED, "Its intervals lie inside both margins."
    if all(way.evaluations >= top.evaluations for way in at.ways):
        return CANNOT, "No way of drawing with fewer evaluations was compared."
    if headline.left_open(at, top, top):
        return CANNOT, "Of some ways with fewer evaluations an interval holds a margin."
    return NOT, "Of every way with fewer evaluations an interval lies outside a margin."
