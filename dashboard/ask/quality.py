"""Answers on how well a run draws: beside another run, and for the labels that it was asked for."""

import pandas as pd

from dashboard import run_facts
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
from dashboard.ask.chart import far_from, shares
from dashboard.ask.run_order import INCLUDES_NONE, ONE_SIDE, unlike
from dashboard.compare import differences
from dashboard.compare.headline import accuracy_words
from dashboard.compare.quality import farther
from dashboard.data import guests
from dashboard.format import estimate, estimate_of, share
from evaluator.stats.intervals import Estimate, side
from evaluator.verdict import CANNOT, NOT, SUPPORTED, above
from firstlight.interval_text import listed

QUERIES = ("quality",)
MOST = 0.5  # of the pictures: what "most" means
NOISE = "a noise seed of its own for each picture, every class in turn"
BY = "evaluator.quality.measures.figures"  # writes the table


def better(at: Ground) -> Answer:
    """Whether one run draws the class asked for more often than another, unless it lies farther from real pictures."""
    own, base = at.own, at.other
    assert base is not None
    statement = f"{own.id} draws better than {base.id}."
    there = {"run": own.id, "baseline": base.id, "part": "Quality"}
    frames = [at.ask("quality", run=each.id) for each in (own, base)]
    if why := unlike(own, base):
        return open_answer(at, statement, why, page="compare", there=there)
    first, second = (_whole(frame, "accuracy") for frame in frames)
    if first is None or second is None:
        lacks = [unscored(each) for each, row in ((own, first), (base, second)) if row is None]
        return lacking_answer(at, statement, lacks, page="compare", there=there)
    if first["judge"] != second["judge"]:
        why = f"{first['judge']} judged one and {second['judge']} the other: each judge has its own errors."
        return open_answer(at, statement, why, page="compare", there=there)
    ours, theirs = estimate_of(first), estimate_of(second)
    gap, distance = differences.gap(ours, theirs), _distance(*frames)
    verdict, reason = _better(gap, distance)
    n = f"{ours.n:,}" if ours.n == theirs.n else f"{ours.n:,} and {theirs.n:,}"
    said = f"Against {base.id}, {own.id} {accuracy_words(ours, theirs)}, n = {n}."
    each_class = {each.id: _of_classes(frame, each) for each, frame in zip((own, base), frames, strict=True)}
    return Answer(
        at.asked, statement, said, verdict, reason, Effect(f"{own.id} less {base.id}, percentage points",
        Estimate(100 * gap.value, 100 * gap.low, 100 * gap.high, gap.n), "{:+.1f}"), _settings(first, n),
        computed(differences.gap, f"{own.id}/quality.parquet", f"{base.id}/quality.parquet"), QUERIES, "compare", there,
        tuple(filter(None, (run_facts.seen_in_training(each.run) for each in (own, base)))),
        _shown(each_class, own, str(first["judge"])),
    )  # fmt: skip


def _better(gap: Estimate, distance: Estimate | None) -> tuple[str, str]:
    """Accuracy decides; a distance to real pictures that surely says the opposite makes it open."""
    found, far = side(gap), 0 if distance is None else side(distance, 1.0)
    beside = "Fréchet distances cannot be compared, so accuracy alone is." if distance is None else (
        f"It lies {estimate(distance)} times as far from real pictures, in the judge's features."
    )  # fmt: skip
    if found == 0:
        return CANNOT, f"The interval of the difference in accuracy {INCLUDES_NONE}. {beside}"
    if found == far:  # more accurate and farther, or less accurate and closer
        return CANNOT, f"Accuracy and distance surely say the opposite. {beside}"
    return (SUPPORTED if found > 0 else NOT), f"{ONE_SIDE} {beside}"


def _distance(own: pd.DataFrame, base: pd.DataFrame) -> Estimate | None:
    """How many times as far from real pictures; None where their distances are not of one kind."""
    first, second = (_whole(frame, "frechet") for frame in (own, base))
    if first is None or second is None or any(first[name] != second[name] for name in ("judge", "n")):
        return None
    return farther(first, second)


def labels(at: Ground) -> Answer:
    """Whether most pictures show the class that was asked for."""
    own = at.own
    statement = f"Most pictures of {own.id} show the class that was asked for."
    frame = at.ask("quality", run=own.id)
    row = _whole(frame, "accuracy")
    if row is None:
        return lacking_answer(at, statement, [unscored(own)], there={"run": own.id})
    found, lot = estimate_of(row), 1 / len(own.classes)
    said = (
        f"{row['judge']} takes {share(found)} of the pictures of {own.id} for the class asked, n = {found.n:,}; "
        f"by lot it would be {100 * lot:.0f} %."
    )
    verdict = above(found, MOST)
    reason = {
        SUPPORTED: "The whole interval lies above one half.", NOT: "The whole interval lies below one half.",
        CANNOT: "The interval holds one half.",
    }[verdict]  # fmt: skip
    seen = run_facts.seen_in_training(own.run)
    return Answer(
        at.asked, statement, said, verdict, reason, Effect("Accuracy of the asked class", found, "{:.2f} %"),
        _settings(row, f"{found.n:,}"), computed(BY, f"{own.id}/quality.parquet"), QUERIES, "", {"run": own.id},
        (seen,) if seen else (),
        _shown({own.id: _of_classes(frame, own)}, own, str(row["judge"])),
    )  # fmt: skip


def unscored(of: Side) -> Lack:
    """Why nothing is said of how well a run draws."""
    if not guests.labels(of.run):
        return Lack(guests.nothing_to_name(of.run, "accuracy"), of.id)
    return not_made(of, f"{of.id} is not evaluated.", "quality")


def _whole(frame: pd.DataFrame, metric: str) -> pd.Series | None:
    """The row of all classes together. frame: the query `quality` of one run."""
    rows = frame[(frame["metric"] == metric) & frame["label"].isna()]
    return None if rows.empty else rows.iloc[0]


def _of_classes(frame: pd.DataFrame, of: Side) -> dict[str, Estimate]:
    """Class -> its accuracy."""
    rows = frame[(frame["metric"] == "accuracy") & frame["label"].notna()]
    known = {int(row["label"]): estimate_of(row) for _, row in rows.iterrows()}
    return {name: known[label] for label, name in enumerate(of.classes) if label in known}


def _settings(row: pd.Series, n: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Judge", str(row["judge"])), ("It looks at", "finished pictures"), ("Counts as right", "its first choice"),
        ("Noise", f"{n} picture{'s' * (n != '1')}, {NOISE}"),
    )  # fmt: skip


def _shown(found: dict[str, dict[str, Estimate]], own: Side, judge: str) -> Shown:
    lot = 1 / len(own.classes)
    dotted = "" if far_from(found, lot) else "; dotted: by lot"
    legend = f"Share of each class's pictures that {judge} takes for it; bars: 95 % intervals{dotted}."
    rows = [{"run": run, "class": name, "accuracy": each.value, "low": each.low, "high": each.high, "n": each.n}
            for run, classes in found.items() for name, each in classes.items()]  # fmt: skip
    alt = f"Accuracy of each class of {listed(list(found))}"
    return Shown(alt, legend, shares(found, own.classes, lot), pd.DataFrame(rows))
