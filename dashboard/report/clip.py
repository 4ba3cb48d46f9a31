"""CLIP in a report: the numbers, the ranking of one run with its chart and table, and where the judge was trained."""

from typing import Any

import pandas as pd

from dashboard.charts import clip
from dashboard.clip_rankings import headline
from dashboard.clip_rankings import table as clip_table
from dashboard.data import clip_scores
from dashboard.report.picture_origin import Keep, Of
from evaluator.clip.ranking import Order
from evaluator.stats.bootstrap import mean
from evaluator.stats.intervals import Estimate
from firstlight.run_folder import Run

SCORE = "probability"  # the one that is drawn; the numbers hold all


def measured(run: pd.Series, ask: Any) -> list[tuple[str, str, str, Estimate, dict[str, str]]]:
    """Mean scores before each judge: what, form, class or all, estimate, and what the page's controls show."""
    names = [str(name) for name in run["classes"]] if run["classes"] is not None else []
    figures = []
    for judge in dict.fromkeys(clip_scores.judges(ask, str(run["run"]))["judge"]):
        frame = ask("clip_scores", run=run["run"], clip=judge, template=clip_scores.TOGETHER)
        for score, word in clip_scores.SCORES.items():
            what, form = f"CLIP's mean {word} ({judge})", "{:.2f}" if score == "z" else "{:.4f}"
            asked = {"clip": str(judge), "score": word}
            for label in (None, *sorted(frame["label"].unique())):
                own = frame if label is None else frame[frame["label"] == label]
                of = "all" if label is None else names[label] if label < len(names) else str(label)
                figures.append((what, form, of, mean(own[score].to_numpy("float64"), own["seed"].to_numpy()), asked))
    return figures


def section(run: pd.Series, folder: Run, ask: Any, keep: Keep) -> dict[str, Any] | None:
    """What the template shows of a run's ranking by its first CLIP judge; None where no CLIP has scored it."""
    frame, name = clip_scores.judges(ask, str(run["run"])), str(run["run"])
    if frame.empty or not (frame["template"] == clip_scores.TOGETHER).any():
        return None
    judge, classes = str(frame["judge"].iloc[0]), [str(each) for each in run["classes"]]
    order = clip_scores.ranked(ask("clip_scores", run=name, clip=judge, template=clip_scores.TOGETHER))[SCORE]
    real = clip_scores.real_of(ask("clip_real", run=name, clip=judge, template=clip_scores.TOGETHER), SCORE)
    spread = _spread(ask("clip_templates", run=name, clip=judge), order)
    word = clip_scores.SCORES[SCORE]
    headings, rows = clip_table.table(order, classes, real, spread, word)
    return {
        "sentence": headline.sentence(order, classes, SCORE, judge),
        "trained": clip_scores.trained(folder, judge, frame["in_domain"].iloc[0] is True),
        "figure": keep(
            clip.ranking(order, classes, real, spread, f"mean {word}"),
            Of("clip-rankings", name, "clip-ranking", {"clip": judge, "score": word}),
        ),
        "says": f"{clip_table.LEGEND} {clip_scores.DEFINED[SCORE]}",
        "headings": headings,
        "rows": rows,
    }


def _spread(frame: pd.DataFrame, order: Order) -> dict[int, tuple[float, float]]:
    """The lowest and the highest mean of each class over single prompts. frame: the query `clip_templates`."""
    alone = frame[frame["template"] != clip_scores.TOGETHER]
    found = {}
    for place in order.rows:
        own = alone.loc[alone["label"] == place.label, SCORE]
        if len(own):
            found[place.label] = (float(own.min()), float(own.max()))
    return found
