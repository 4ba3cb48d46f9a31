"""The answer of the CLIP rankings page: what one judge ranks highest by one score, in a sentence, a chart and a table.

The seam is here because the page answers first; what stands behind the answer is in clip_parts.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from dashboard import format, run_facts
from dashboard.charts import clip
from dashboard.clip_rankings.text import ALL_PROMPTS, LEGEND, sentence, table
from dashboard.components import elements, inputs, verdicts
from dashboard.data import archive, clip_scores
from dashboard.data.clip_scores import Look
from evaluator.clip.claims import s9
from evaluator.clip.ranking import Order, RealScore
from evaluator.verdict import DIGITS, Verdict


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
        return tuple(run_facts.class_names(self.run))

    @property
    def order(self) -> Order:
        return clip_scores.orders(self.look)[self.score]

    @property
    def real(self) -> dict[int, RealScore]:
        return clip_scores.real_of(clip_scores.real_rows(self.look), self.score)

    @property
    def means(self) -> pd.DataFrame:
        """Mean scores, a row for each template and a column for each class, all templates together first."""
        frame = archive.ask("clip_templates", run=self.look.run, clip=self.look.judge)
        table = frame.pivot(index="template", columns="label", values=self.score)
        return table.reindex([name for name in self.templates if name in table.index])


def chosen(run: pd.Series) -> Scored:
    """The judge, score and prompt chosen. Ends the page where no CLIP has scored the run."""
    frame = clip_scores.judges(archive.ask, str(run["run"]))
    if frame.empty:
        elements.stop(f"{run['run']} has no CLIP scores. Make them with: firstlight evaluate clip {run['run']}")
    judges = list(dict.fromkeys(frame["judge"]))
    with st.container(horizontal=True):
        judge = inputs.pick("CLIP", judges, judges[0], "clip", width=200)
        own = frame[frame["judge"] == judge]
        names = [ALL_PROMPTS if name == clip_scores.TOGETHER else str(name) for name in own["template"]]
        prompt = inputs.pick("Prompt", names, names[0], "prompt", judge, width=330)
        words = list(clip_scores.SCORES.values())
        said = inputs.choose("Score", words, "score", help="; ".join(clip_scores.DEFINED.values()))
    templates = tuple(str(name) for name in own["template"])
    at = clip_scores.Look(str(run["run"]), archive.stamp(str(run["run"])), judge, templates[names.index(prompt)])
    made = Scored(run, at, list(clip_scores.SCORES)[words.index(said)], templates, own["in_domain"].iloc[0] is True)
    with archive.faults():
        clip_scores.orders(at), clip_scores.real_rows(at)
    return made


def answer(at: Scored) -> None:
    """The finding, where the judge was trained, and what is missing."""
    elements.finding(sentence(at.order, at.classes, at.score, at.look.judge))
    elements.notice(clip_scores.trained(archive.folder(at.run), at.look.judge, at.in_domain))
    missing = [name for label, name in enumerate(at.classes) if label not in {row.label for row in at.order.rows}]
    if missing:
        elements.note(
            f"There are no pictures of {' and '.join(missing)}, so nothing is said of {format.pronoun(missing)}."
        )


def chart(at: Scored) -> None:
    """The order with its ceilings, and the same as a table."""
    name = clip_scores.SCORES[at.score]
    means, labels = at.means, [place.label for place in at.order.rows]
    alone = means.drop(index=clip_scores.TOGETHER, errors="ignore")
    spread = {label: (float(alone[label].min()), float(alone[label].max())) for label in labels if len(alone)}
    headings, rows = table(at.order, at.classes, at.real, spread, name)
    figure = clip.ranking(at.order, at.classes, at.real, spread, f"mean {name}")
    elements.chart(figure, "clip-ranking", f"Classes ranked by mean {name}")
    elements.note(f"{LEGEND} {clip_scores.DEFINED[at.score]}")
    elements.table(headings, rows, "clip-ranking-table")


def claims(at: Scored, runs: Sequence[str]) -> None:
    """What the source says of CLIP scores, and what each chosen run says before the same judge."""
    found: list[tuple[str, Verdict]] = []
    for run in runs:
        other = like(run, at)
        if other is None:
            elements.note(f"{run} is not scored by {at.look.judge}. Do it with: firstlight evaluate clip {run}")
        elif other.classes == DIGITS:
            found += [(run, verdict) for verdict in said(other)]
    if not found:
        return
    verdicts.table([each for _, each in found], "clip-claims", [run for run, _ in found])


def said(at: Scored) -> tuple[Verdict, ...]:
    """S9 for a run before a judge, by one score."""
    real = {int(row["label"]): row for row in clip_scores.real_rows(at.look).to_dict("records")}
    return s9(at.order, at.score, at.classes, at.look.judge, real)


def like(run: str, at: Scored) -> Scored | None:
    """Another run before the same judge with the same prompt; None where it is not scored so."""
    if run == at.look.run:
        return at
    frame = archive.ask("clip_judges", run=run)
    own = frame[frame["judge"] == at.look.judge]
    if at.look.template not in set(own["template"]):
        return None
    row = archive.ask("runs", runs=[run]).iloc[0]
    look = clip_scores.Look(run, archive.stamp(run), at.look.judge, at.look.template)
    return Scored(row, look, at.score, tuple(own["template"]), at.in_domain)
