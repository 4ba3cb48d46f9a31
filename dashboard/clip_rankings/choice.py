"""What is chosen on the page, one judge's scores with one prompt, and what is measured of it."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.components import inputs, remedy
from dashboard.data import archive, clip_scores, guests
from dashboard.data.clip_scores import Look
from evaluator.clip.ranking import Order, RealScore

ALL_PROMPTS = "all prompts together"


@dataclass(frozen=True)
class Choice:
    """One judge's scores of one run, with one prompt or all."""

    run: pd.Series
    look: Look
    score: str
    templates: tuple[str, ...]  # of the judge, all together first
    in_domain: bool

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return tuple(run_facts.class_names(self.run))

    @property
    def score_name(self) -> str:
        """The score in words."""
        return clip_scores.SCORES[self.score]

    @cached_property
    def order(self) -> Order:
        return clip_scores.orders(self.look)[self.score]

    @cached_property
    def real(self) -> dict[int, RealScore]:
        return clip_scores.real_of(clip_scores.real_rows(self.look), self.score)

    @cached_property
    def means(self) -> pd.DataFrame:
        """Mean scores, a row for each template and a column for each class, all templates together first."""
        frame = archive.ask("clip_templates", run=self.look.run, clip=self.look.judge)
        table = frame.pivot(index="template", columns="label", values=self.score)
        return table.reindex([name for name in self.templates if name in table.index])


def choice(run: pd.Series) -> Choice:
    """The judge, score and prompt chosen. Ends the page where no CLIP has scored the run."""
    frame = clip_scores.judges(archive.ask, str(run["run"]))
    guests.stop_without_labels(run, "ranking of classes")
    if frame.empty:
        remedy.stop(f"{run['run']} has no CLIP scores.", str(run["run"]), "clip", "Make them with")
    judges = list(dict.fromkeys(frame["judge"]))
    with st.container(horizontal=True):
        judge = inputs.pick("CLIP", judges, judges[0], "clip", width=200)
        own = frame[frame["judge"] == judge]
        names = [ALL_PROMPTS if name == clip_scores.TOGETHER else str(name) for name in own["template"]]
        prompt = inputs.pick("Prompt", names, names[0], "prompt", judge, width=330)
        words = list(clip_scores.SCORES.values())
        word = inputs.choose("Score", words, "score")
    templates = tuple(str(name) for name in own["template"])
    at = clip_scores.Look(str(run["run"]), archive.stamp(str(run["run"])), judge, templates[names.index(prompt)])
    made = Choice(run, at, list(clip_scores.SCORES)[words.index(word)], templates, own["in_domain"].iloc[0] is True)
    with archive.faults():
        clip_scores.orders(at), clip_scores.real_rows(at)
    return made


def like(run: str, at: Choice) -> Choice | None:
    """Another run before the same judge with the same prompt; None where it is not scored so."""
    if run == at.look.run:
        return at
    frame = archive.ask("clip_judges", run=run)
    own = frame[frame["judge"] == at.look.judge]
    if at.look.template not in set(own["template"]):
        return None
    row = archive.ask("runs", runs=[run]).iloc[0]
    look = clip_scores.Look(run, archive.stamp(run), at.look.judge, at.look.template)
    return Choice(row, look, at.score, tuple(own["template"]), at.in_domain)
