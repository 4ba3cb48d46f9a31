"""The answer on whether one run is recognizable earlier than another, on logSNR, which means the same in both."""

import json
import math
from dataclasses import dataclass

from dashboard import run_facts
from dashboard.ask.answer import Answer, Effect, Ground, Lack, Shown, Side, computed, lacking_answer
from dashboard.ask.recognition import QUERIES, remarks, table_of, unjudged
from dashboard.compare import charts, differences
from dashboard.compare.comparison import same_noise
from dashboard.compare.differences import MOST_NEVER, Row
from dashboard.compare.headline import recognized_words
from dashboard.data import guests
from dashboard.format import points, share
from evaluator.recognizability.carry_over import FINE, closely
from evaluator.recognizability.default_look import first_judge
from evaluator.recognizability.judged_view import seen_by
from evaluator.recognizability.points import points as points_of
from evaluator.recognizability.thresholds import threshold
from evaluator.recognizability.views import VIEWS
from evaluator.stats.intervals import side
from evaluator.verdict import CANNOT, NOT, SUPPORTED
from firstlight.counts import counted
from firstlight.interval_text import listed

AXIS = "logSNR"
ONE_SIDE = "The whole interval lies on one side of no difference."
INCLUDES_NONE = "includes no difference"


@dataclass(frozen=True)
class Contrast:
    """Two runs judged on the same view, at the stricter of their thresholds."""

    rows: list[Row]  # all classes together, then each
    view: str
    judges: list[str]  # of either run
    threshold: float

    @property
    def whole(self) -> Row:
        return self.rows[0]


def contrast(at: Ground) -> Contrast | list[Lack]:
    """The run less the other one; why nothing can be subtracted."""
    own, base = at.own, at.other
    assert base is not None
    view = FINE if all(closely(each.folder) for each in (own, base)) else "x"
    judges = [_judge(each, view, at) for each in (own, base)]
    if why := unlike(own, base):
        return [Lack(why, own.id)]
    if lacks := [unjudged(each) for each in (own, base) if not _judge(each, view, at)]:
        return lacks
    least = max(threshold(each.folder, view) for each in (own, base))
    return Contrast(_rows(at, own, base, view, judges, least), view, judges, least)


def earlier(at: Ground) -> Answer:
    """One run against another, on logSNR."""
    own, base = at.own, at.other
    assert base is not None
    statement = f"{own.id} is recognizable earlier than {base.id}."
    there = {"run": own.id, "baseline": base.id, "axis": AXIS}
    found = contrast(at)
    if not isinstance(found, Contrast):
        return lacking_answer(at, statement, found, page="compare", there=there)
    whole = found.whole
    verdict, reason = order(whole)
    unknown = math.isnan(whole.difference.value)
    short, full = recognized_words(whole, AXIS)
    said = _never(whole, found.threshold) if unknown else full or short
    return Answer(
        at.asked, statement, f"Against {base.id}, {own.id} {said}.", verdict, reason,
        None if unknown or whole.apart else Effect(f"{own.id} less {base.id}, logSNR", whole.difference, "{:+.2f}"),
        _settings(own, base, found),
        computed(differences.contrasts, *dict.fromkeys(f"{each.id}/{table_of(each, found.view)}"
                                                       for each in (own, base))),
        QUERIES, "compare", there, of_judges(own, base, found.view), _shown(found.rows, own.id, base.id),
    )  # fmt: skip


def of_judges(own: Side, base: Side, view: str) -> tuple[str, ...]:
    """What is to be known of the judges of either run."""
    return tuple(dict.fromkeys((*remarks(own, view), *remarks(base, view))))


def _never(row: Row, least: float) -> str:
    """Whether a run leaves more pictures unrecognized than another, and below it how many each."""
    word = {1: "more", -1: "fewer"}.get(side(row.more_never), "neither more nor fewer")
    apart = f"{points(row.more_never)} percentage points, n = {row.more_never.n:,}"
    known = "" if side(row.more_never) else " as far as can be told"
    return (
        f"leaves {word} pictures unrecognized to the end{known} ({apart}).\n"
        f"That is {share(row.never)} against {share(row.baseline_never)}, at p ≥ {least:.2f}"
    )


def unlike(own: Side, base: Side) -> str:
    """Why two runs cannot be held against each other, a sentence; empty where they can."""
    if own.id == base.id:
        return "A run is not held against itself; choose another."
    if run_facts.other_classes(own.run, base.run):
        kinds = f"{run_facts.what_it_draws(own.run)} and {run_facts.what_it_draws(base.run)}"
        return f"{kinds}: their pictures make no pairs, so nothing is subtracted."
    return ""


def _judge(of: Side, view: str, at: Ground) -> str:
    """Who judged a view of a run; empty where nobody did."""
    return first_judge(at.ask("judges", run=of.id), view) if guests.labels(of.run) else ""


def _rows(at: Ground, own: Side, base: Side, view: str, judges: list[str], least: float) -> list[Row]:
    """All classes together, then each."""
    views = [
        seen_by(at.ask, each.id, view, judge, json.loads(each.run["config"] or "{}"))
        for each, judge in zip((own, base), judges, strict=True)
    ]
    found = [points_of(each, least) for each in views]
    common = differences.common(views, AXIS, min(each.end for each in found))
    shared = same_noise(own.run, base.run)
    return differences.contrasts(own.id, found[0], found[1], own.classes, common, shared)


def order(whole: Row) -> tuple[str, str]:
    """Whether a run is earlier on logSNR, which rises along the process, and why."""
    if math.isnan(whole.difference.value):
        never = f"{share(whole.never)} and {share(whole.baseline_never)} are never recognized"
        return CANNOT, f"{never}; where more than {100 * MOST_NEVER:.0f} % never are, no mean is told."
    found = side(whole.difference)
    if found == 0 and whole.apart:
        return CANNOT, f"The two kept other frames, and the interval of all that these leave open {INCLUDES_NONE}."
    if found == 0:
        return CANNOT, f"The interval {INCLUDES_NONE}."
    return (SUPPORTED if found < 0 else NOT), ONE_SIDE


def _settings(own: Side, base: Side, found: Contrast) -> tuple[tuple[str, str], ...]:
    whole = found.whole
    noise = f"{counted(whole.difference.n, 'pair')} of pictures, each pair from the same noise"
    if not same_noise(own.run, base.run):
        noise = f"pictures of two sizes, so no pairs; {whole.difference.n:,} or more of each"
    return (
        ("Judge", listed(list(dict.fromkeys(found.judges)))), ("It looks at", VIEWS[found.view]),
        ("Recognized from", f"p ≥ {found.threshold:.2f} of the class asked, the stricter of the runs' own thresholds"),
        ("Noise", noise),
    )  # fmt: skip


def _shown(rows: list[Row], own: str, base: str) -> Shown:
    bare = " Bars without a point: the two kept other frames, and the whole bar is left open." if rows[0].apart else ""
    if any(math.isnan(row.difference.value) for row in rows):
        bare += f" Without a bar: more than {100 * MOST_NEVER:.0f} % of either run's are never recognized."
    return Shown(
        f"How much later each class of {own} is recognized than that of {base}",
        f"A row for each class: {own} less {base}, in logSNR; bars: 95 % intervals over noise seeds.{bare}",
        charts.differences(rows, AXIS, [base, own]),
    )
