"""The answer of the CLIP rankings page: what one judge ranks highest by one score, in a sentence, a chart and a table.

The seam is here because the page answers first; what stands behind the answer is in clip_parts.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10

import pandas as pd
import streamlit as st

from dashboard import clip_charts, clipped, controls, recognition, ui
from dashboard.clipped import Look, Real
from evaluator.clip.claims import s9
from evaluator.clip.ranking import Order
from evaluator.stats.intervals import Estimate
from evaluator.verdict import DIGITS, Verdict

ALL_PROMPTS = "all prompts together"
LEGEND = (
    "Blue: the rank can be told apart from all others; grey: it cannot. Diamond: real test pictures of the class, the "
    "ceiling to expect. Broad bar: from the lowest to the highest mean over single prompts. At the right: the 95 % "
    "interval of the rank, and how often the judge itself is right on real pictures of the class. Intervals are "
    "clustered on the noise seed."
)


@dataclass(frozen=True)
class Scored:
    """What is chosen on the page."""

    run: pd.Series
    look: Look
    score: str
    templates: tuple[str, ...]  # of the judge, all together first
    in_domain: bool

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(ui.class_names(self.run))

    @property
    def order(self) -> Order:
        return clipped.orders(self.look)[self.score]

    @property
    def real(self) -> dict[int, Real]:
        return clipped.real_of(clipped.real_rows(self.look), self.score)

    @property
    def means(self) -> pd.DataFrame:
        """Mean scores, a row for each template and a column for each class, all templates together first."""
        frame = ui.ask("clip_templates", run=self.look.run, clip=self.look.judge)
        table = frame.pivot(index="template", columns="label", values=self.score)
        return table.reindex([name for name in self.templates if name in table.index])


def chosen(run: pd.Series) -> Scored:
    """The judge, score and prompt chosen. Ends the page where no CLIP has scored the run."""
    frame = clipped.judges(ui.ask, str(run["run"]))
    if frame.empty:
        ui.stop(f"{run['run']} has no CLIP scores. Make them with: firstlight evaluate clip {run['run']}")
    judges = list(dict.fromkeys(frame["judge"]))
    with st.container(horizontal=True):
        judge = controls.pick("CLIP", judges, judges[0], "clip", width=200)
        own = frame[frame["judge"] == judge]
        names = [ALL_PROMPTS if name == clipped.TOGETHER else str(name) for name in own["template"]]
        prompt = controls.pick("Prompt", names, names[0], "prompt", judge, width=330)
        words = list(clipped.SCORES.values())
        said = controls.choose("Score", words, "score", help="; ".join(clipped.DEFINED.values()))
    templates = tuple(str(name) for name in own["template"])
    at = clipped.Look(str(run["run"]), ui.stamp(str(run["run"])), judge, templates[names.index(prompt)])
    made = Scored(run, at, list(clipped.SCORES)[words.index(said)], templates, own["in_domain"].iloc[0] is True)
    with ui.faults():
        clipped.orders(at), clipped.real_rows(at)
    return made


def answer(at: Scored) -> None:
    """The finding, where the judge was trained, and what is missing."""
    ui.finding(sentence(at.order, at.classes, at.score, at.look.judge))
    ui.notice(clipped.trained(ui.folder(at.run), at.look.judge, at.in_domain))
    missing = [name for label, name in enumerate(at.classes) if label not in {row.label for row in at.order.rows}]
    if missing:
        ui.note(
            f"There are no pictures of {' and '.join(missing)}, so nothing is said of {recognition.pronoun(missing)}."
        )


def sentence(order: Order, classes: Sequence[str], score: str, judge: str) -> str:
    """One sentence: first and last class, and how many ranks can be told apart."""
    first, last, decimals = order.rows[0], order.rows[-1], digits(order)
    pictures = sum(place.mean.n for place in order.rows)
    if len(order.rows) < 2:
        return f"{judge} scored pictures of {classes[first.label]} alone, so there is nothing to rank."
    text = (
        f"By mean {clipped.SCORES[score]}, {judge} ranks {classes[first.label]} first, "
        f"{written(first.mean, decimals)}, and {classes[last.label]} last, {written(last.mean, decimals)}, "
        f"n = {pictures:,} pictures"
    )
    sure = [classes[place.label] for place in order.rows if place.label in clip_charts.apart(order)]
    if not order.pairs:
        return f"{text}; they come from one noise seed, so no rank is certain."
    if not sure:
        return f"{text}; but no class's rank can be told apart from all others'."
    if len(sure) == len(order.rows):
        return f"{text}; every rank can be told apart from all others."
    which = ", ".join(sure)
    return f"{text}; {len(sure)} of {len(order.rows)} ranks can be told apart from all others: {which}."


def digits(order: Order) -> int:
    """Decimals that the intervals of an order allow: the first digit that they leave uncertain, and one more."""
    halves = sorted(abs(place.mean.high - place.mean.low) / 2 for place in order.rows if isfinite(place.mean.low))
    middle = halves[len(halves) // 2] if halves else 0.01
    return min(max(1 - floor(log10(middle)) if middle > 0 else 4, 1), 4)


def written(found: Estimate, decimals: int) -> str:
    """A value with its interval, where it has one."""
    value, low, high = (f"{end:.{decimals}f}".replace("-", "−") for end in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]" if isfinite(found.low) else value


def chart(at: Scored) -> None:
    """The order with its ceilings, and the same as a table."""
    name = clipped.SCORES[at.score]
    means, labels = at.means, [place.label for place in at.order.rows]
    alone = means.drop(index=clipped.TOGETHER, errors="ignore")
    spread = {label: (float(alone[label].min()), float(alone[label].max())) for label in labels if len(alone)}
    headings, rows = table(at.order, at.classes, at.real, spread, name)
    figure = clip_charts.ranking(at.order, at.classes, at.real, spread, f"mean {name}")
    ui.chart(figure, "clip-ranking", f"Classes ranked by mean {name}")
    ui.note(f"{LEGEND} {clipped.DEFINED[at.score]}")
    ui.table(headings, rows, "clip-ranking-table")


def table(
    order: Order, classes: Sequence[str], real: Mapping[int, Real], spread: Mapping[int, tuple[float, float]], name: str
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows as text: class, rank, score, n, real pictures, the judge's recall, the span over prompts."""
    decimals = digits(order)
    headings = (
        "class", "rank [95 %]", f"{name} [95 %]", "n", "real pictures [95 %]", "recall on real [95 %]", "n real",
        "over the prompts",
    )  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for place in order.rows:
        known, ends = real.get(place.label), spread.get(place.label)
        said = ("", "", "") if known is None else (
            written(known.score, decimals), recognition.share(known.recall), f"{known.recall.n:,}")  # fmt: skip
        over = "" if ends is None else f"{ends[0]:.{decimals}f} to {ends[1]:.{decimals}f}".replace("-", "−")
        rows.append((classes[place.label], clip_charts.ranks(place), written(place.mean, decimals),
                     f"{place.mean.n:,}", *said, over))  # fmt: skip
    return headings, rows


def claims(at: Scored, runs: Sequence[str]) -> None:
    """What the source says of CLIP scores, and what each chosen run says before the same judge."""
    found: list[tuple[str, Verdict]] = []
    for run in runs:
        other = like(run, at)
        if other is None:
            ui.note(f"{run} is not scored by {at.look.judge}. Do it with: firstlight evaluate clip {run}")
        elif other.classes == DIGITS:
            found += [(run, verdict) for verdict in verdicts(other)]
    if not found:
        return
    rows = [
        (run, f"{each.claim.source}, {each.claim.part}", each.verdict, each.reason, _effect(each), f"{each.n:,}")
        for run, each in found
    ]
    ui.table(("run", "claim", "verdict", "effect [95 %]", "n"), [(*row[:3], *row[4:]) for row in rows], "clip-claims")
    with st.expander("What the source says, and why"):
        ui.note(f"{found[0][1].claim.source}: {found[0][1].claim.text}.")
        ui.facts([(f"{row[0]}, {row[1]}", row[3]) for row in rows])


def verdicts(at: Scored) -> tuple[Verdict, ...]:
    """S9 for a run before a judge, by one score."""
    real = {int(row["label"]): row for row in clipped.real_rows(at.look).to_dict("records")}
    return s9(at.order, at.score, at.classes, at.look.judge, real)


def _effect(found: Verdict) -> str:
    return "" if found.effect is None else written(found.effect, 3)


def like(run: str, at: Scored) -> Scored | None:
    """Another run before the same judge with the same prompt; None where it is not scored so."""
    if run == at.look.run:
        return at
    frame = ui.ask("clip_judges", run=run)
    own = frame[frame["judge"] == at.look.judge]
    if at.look.template not in set(own["template"]):
        return None
    row = ui.ask("runs", runs=[run]).iloc[0]
    look = clipped.Look(run, ui.stamp(run), at.look.judge, at.look.template)
    return Scored(row, look, at.score, tuple(own["template"]), at.in_domain)
