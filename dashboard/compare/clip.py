"""The tab CLIP: scores before one judge, means of each class and their differences from the baseline."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.charts import clip
from dashboard.clip_rankings.table import digits
from dashboard.compare.comparison import Comparison
from dashboard.compare.differences import gap
from dashboard.components import elements, inputs, remedy
from dashboard.data import archive, clip_scores
from dashboard.format import estimate
from evaluator.clip.ranking import Order, ordered
from evaluator.stats.bootstrap import mean
from evaluator.stats.intervals import Estimate


def draw(at: Comparison) -> None:
    """The judge and the score to choose, the chart and the table."""
    ids = at.ids
    known = {run: list(dict.fromkeys(clip_scores.judges(archive.ask, run)["judge"])) for run in ids}
    for run in [run for run in ids if not known[run]]:
        remedy.note(f"{run} has no CLIP scores.", run, "clip", "Make them with")
    names = list(dict.fromkeys(judge for run in ids for judge in known[run]))
    if not names:
        return
    usual = max(names, key=lambda judge: sum(judge in known[run] for run in ids))  # the first of those that know most
    with st.container(horizontal=True):
        judge = inputs.pick("CLIP", names, usual, "clip", width=200)
        words = list(clip_scores.SCORES.values())
        score = list(clip_scores.SCORES)[words.index(inputs.choose("Score", words, "score"))]
    frames = {run: archive.ask("clip_scores", run=run, clip=judge, template=clip_scores.TOGETHER) for run in ids}
    for run in [run for run in ids if known[run] and frames[run].empty]:
        elements.note(f"{run} is scored by {', '.join(known[run])}; scores of different judges make no difference.")
    frames = {run: frame for run, frame in frames.items() if not frame.empty}
    _chart_and_table(at.runs, frames, score, judge)


def _chart_and_table(runs: pd.DataFrame, frames: Mapping[str, pd.DataFrame], score: str, judge: str) -> None:
    """Chart and table of the runs that this judge has scored."""
    first = next(iter(frames))
    classes = run_facts.class_names(runs.loc[first])
    alike = {run: frame for run, frame in frames.items() if run_facts.class_names(runs.loc[run]) == classes}
    for run in [run for run in frames if run not in alike]:
        elements.note(f"{run} draws other classes than {first}, so its classes are not compared.")
    orders = {run: _order(frame, score) for run, frame in alike.items()}
    headings, rows, data = table(alike, orders, classes, score)
    name = clip_scores.SCORES[score]
    figure = clip.beside(orders, classes, f"mean {name}")
    elements.chart(figure, "compared-clip", f"Mean {name} of each class in each run", data)
    elements.table(headings, rows, "compared-clip-table", data)
    elements.note(clip_scores.trained(archive.folder(runs.loc[first]), judge, _in_domain(first, judge)))
    elements.note(
        f"{clip_scores.DEFINED[score]} Differences are of pictures of the same class and noise where both runs "
        "drew them; 95 % intervals, whole noise seeds drawn again."
    )


def _in_domain(run: str, judge: str) -> bool:
    frame = clip_scores.judges(archive.ask, run)
    return bool((frame.loc[frame["judge"] == judge, "in_domain"].fillna(False)).any())


def _order(frame: pd.DataFrame, score: str) -> Order:
    labels, seeds = frame["label"].to_numpy("int64"), frame["seed"].to_numpy("int64")
    return ordered(frame[score].to_numpy("float64"), labels, seeds)


def table(
    frames: Mapping[str, pd.DataFrame], orders: Mapping[str, Order], classes: Sequence[str], score: str
) -> tuple[list[str], list[list[str]], pd.DataFrame]:
    """Headings and rows as text, all classes together first, and the same as numbers; the first run is the baseline.

    frames: for each run the query `clip_scores`.
    """
    ids = list(frames)
    base = ids[0]
    form = f".{max(digits(order) for order in orders.values())}f"
    rows, data = [], []
    for label, name in [(None, "all"), *enumerate(classes)]:
        parts = {run: frame if label is None else frame[frame["label"] == label] for run, frame in frames.items()}
        own = {run: _mean(part, score) for run, part in parts.items()}
        apart = {run: difference(parts[run], parts[base], score) for run in ids[1:]}
        count = " / ".join(f"{own[run].n:,}" for run in ids)
        cells = [estimate(found, form, unknown="") for found in (*own.values(), *apart.values())]
        rows.append([name, *cells, count])
        data += [_numbers(run, name, "mean", found) for run, found in own.items()]
        data += [_numbers(run, name, f"less {base}", found) for run, found in apart.items()]
    headings = ["class", *(f"{run} [95 %]" for run in ids), *(f"{run} less {base}" for run in ids[1:]), "n"]
    return headings, rows, pd.DataFrame(data)


def difference(own: pd.DataFrame, base: pd.DataFrame, score: str) -> Estimate:
    """Mean score less the baseline's: of pictures of the same class and noise where there are, else of all."""
    both = own.merge(base, on=["label", "seed"], suffixes=("", "_base"))
    if len(both) == 0 or len(both) < min(len(own), len(base)):
        return gap(_mean(own, score), _mean(base, score))
    return mean((both[score] - both[f"{score}_base"]).to_numpy("float64"), both["seed"].to_numpy())


def _mean(frame: pd.DataFrame, score: str) -> Estimate:
    return mean(frame[score].to_numpy("float64"), frame["seed"].to_numpy())


def _numbers(run: str, name: str, what: str, found: Estimate) -> dict[str, object]:
    return {"run": run, "class": name, "what": what, "value": found.value, "low": found.low, "high": found.high,
            "n": found.n}  # fmt: skip
