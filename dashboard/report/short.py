"""The short report: what fits on two printed pages, of one run or of two that are held against each other.

Its record is the long one's, so that `check` computes every number again, also those that two pages have no room for.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboard import run_facts
from dashboard.ask import question
from dashboard.ask.answer import Answer
from dashboard.ask.question import Asked
from dashboard.charts import theme
from dashboard.charts.incidence import beside
from dashboard.data import guests
from dashboard.data.judgements import Measured, Seen, measured
from dashboard.report import answers, recognizability
from dashboard.report.checked_numbers import Ask
from dashboard.report.cover import Cover
from dashboard.report.facts import Facts
from dashboard.report.picture_origin import Keep, Of, nowhere
from evaluator.provenance import former
from evaluator.recognizability.default_look import default_look
from evaluator.recognizability.views import VIEWS
from firstlight.errors import RunError

MOST_RUNS, MOST_ANSWERS = 2, 4  # those on how two runs differ among them
MOST_TEXT, MOST_LINES = 400, 4  # of the cover
LOSS_HEIGHT, PANELS_HEIGHT = 170, 290  # pixels
COMPARED_AXIS = "logSNR"  # means the same in both runs
FACTS = ("Trained on", "For", "Draws with", "Seed")


def questions(ids: Sequence[str], kept: Sequence[Asked], over: Cover) -> list[Asked]:
    """What a short report answers: how two runs differ, then what was kept. Raises RunError for what has no room."""
    pair = [Asked(each, ids[0], other=ids[1]) for each in (question.RUNS, question.BETTER)] if len(ids) == 2 else []
    others = [each for each in dict.fromkeys(kept) if each not in pair]
    lines = over.text.count("\n") + 1
    for what, found, most in (
        ("runs", len(ids), MOST_RUNS), ("answers of your own", len(others), MOST_ANSWERS - len(pair)),
        ("characters of text", len(over.text), MOST_TEXT), ("lines of text", lines, MOST_LINES),
    ):  # fmt: skip
        if found > most:
            raise RunError(f"Two pages hold at most {most} {what}, not {found}; give fewer, or make the whole report.")
    return [*pair, *others]


def section(
    runs: Sequence[Facts],
    ask: Ask,
    answered: Sequence[Answer],
    losses: tuple[theme.Figure, Of] | None,
    keep: Keep,
    address: str,
) -> dict[str, Any]:
    """What the template shows beside the summary."""
    seen = [(each, each.measured) for each in runs if each.measured]
    parts = {str(each.run["run"]): recognizability.section(look, each.folder, nowhere) for each, look in seen}
    return {
        "runs": [{"run": str(each.run["run"])} for each in runs],
        "said": [f"{run}: {part['sentence']} {part['lacking']}".rstrip() for run, part in parts.items()],
        "outdated": [said for each in runs if (said := guests.told_former(each.folder, former(each.folder)))],
        "trained": [f"{each.run['run']}, {each.run['state']}: {_trained(each.run)}." for each in runs],
        "answers": answers.section(answered, address, nowhere, lambda picture, of: ""),
        "losses": None if losses is None else keep(_high(losses[0], LOSS_HEIGHT), losses[1]),
        "recognized": _recognized(runs, ask, keep),
    }


def _trained(run: pd.Series) -> str:
    known = dict(run_facts.recipe(run))
    return "; ".join(f"{name[0].lower()}{name[1:]} {known[name]}" for name in FACTS if name in known)


def _recognized(runs: Sequence[Facts], ask: Ask, keep: Keep) -> list[tuple[int, str, str]]:
    """Charts of when pictures become recognizable: place, alternative text, legend. One chart of two runs where the
    same judge's look and the same classes allow it.
    """
    seen = [(each, each.measured) for each in runs if each.measured]
    if len(seen) == 2 and not run_facts.other_classes(runs[0].run, runs[1].run):
        alike = _alike([each for each, _ in seen], ask)
        if alike:
            return [_beside(alike, keep)]
    shown = []
    for each, look in seen:
        part = recognizability.section(look, each.folder, lambda figure, of: keep(_high(figure, PANELS_HEIGHT), of))
        shown.append((part["figure"], f"Share of each class recognized along the steps, {each.run['run']}",
                      f"{each.run['run']}. {part['legend']}"))  # fmt: skip
    return shown


def _alike(runs: Sequence[Facts], ask: Ask) -> dict[str, Measured]:
    """Each run's look at one view that all have, by id; empty where they have none."""
    for view in VIEWS:
        looks = {str(each.run["run"]): default_look(each.folder, ask("judges", run=each.run["run"]), (view,))
                 for each in runs}  # fmt: skip
        if all(looks.values()):
            return {
                str(each.run["run"]): measured(ask, each.run, Seen(*found), each.folder)
                for each in runs
                if (found := looks[str(each.run["run"])])
            }
    return {}


def _beside(found: dict[str, Measured], keep: Keep) -> tuple[int, str, str]:
    """A line for each run in the panel of each class."""
    frame = pd.concat([each.curve.assign(run=run) for run, each in found.items()])
    first = next(iter(found.values()))
    figure = beside(frame, first.classes, COMPARED_AXIS)
    by = "; ".join(f"{run}: {each.look.judge}, p ≥ {each.look.threshold:.2f}" for run, each in found.items())
    legend = (
        f"Share of pictures recognized from then on to the end, a line for each run, each before its own judge of "
        f"{VIEWS[first.look.view]} ({by}); band: 95 % interval."
    )
    alt = f"Share of each class recognized along logSNR, {' and '.join(found)}"
    of = Of("recognizability", next(iter(found)), "beside", {"with": [*found][1:]} | first.look.asked)
    return keep(_high(figure, PANELS_HEIGHT), of), alt, legend


def _high(figure: theme.Figure, height: int) -> theme.Figure:
    return {**figure, "layout": {**figure["layout"], "height": height}}
