"""The Guidance page: what guidance laws draw on the same noise, in a sentence, a front, and the parts behind it.

The seam is here because the page answers first: does CLIP's weighing help, and against what. Every figure was measured
by `firstlight evaluate guidance`; a page only chooses among them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.charts.guidance import Side, front, name_of
from dashboard.components import elements, inputs
from dashboard.data import archive
from dashboard.format import estimate_of, points, share
from evaluator.guidance.judges import referee
from sampler.laws import LAWS

MADE = "firstlight evaluate guidance"
FAIR = "the one that did not guide"
JUDGES = {FAIR: "", "CNN": "cnn", "CLIP": "clip"}
MEASURES = {  # words -> metric, whether it is a share
    "accuracy": ("accuracy", True), "drift after correct": ("drift", True), "Fréchet distance": ("frechet", False),
    "precision": ("precision", True), "recall": ("recall", True), "CAS": ("cas", True),
    "mean scale": ("mean_scale", False), "evaluations": ("evaluations", False),
}  # fmt: skip
DIVERSITY = ("Fréchet distance", "recall", "CAS")
DEFINED = {
    "accuracy": "share of pictures that the judge takes for the class asked",
    "drift after correct": "of the pictures whose x̂0 the judge took for the class asked on the way, the share that it "
    "takes for another when finished",
    "Fréchet distance": "between features of the pictures and of real ones, every class weighing the same; as many "
    "real pictures have one too, the floor",
    "precision": "share of pictures within the reach of real ones, in the judge's features",
    "recall": "share of real pictures within the reach of the pictures, in the judge's features",
    "CAS": "a kernel classifier learns from these pictures alone and names real ones: its share of right names",
    "mean scale": "guidance scale in force, mean over steps and pictures",
    "evaluations": "of the network, for each picture",
}  # fmt: skip
DISTANCES = ("frechet", "precision", "recall")  # told in one judge's features, which have a unit of their own


@dataclass(frozen=True)
class Swept:
    """What is chosen on the page."""

    run: pd.Series
    figures: pd.DataFrame  # the query `guidance`, of the chosen number of steps and of real pictures
    steps: int
    judge: str  # cnn, clip, or empty: for each law the one that did not guide

    def rows(self, words: str, against: str | None = None) -> pd.DataFrame:
        """A measure of every law and scale, by the chosen judge: law, scale, value, low, high, n."""
        metric = MEASURES[words][0]
        frame = self.figures[self.figures["metric"] == metric]
        other = frame["against"].isna() if against is None else frame["against"] == against
        frame = frame[other & (frame["law"] != "real")]
        fits = [row.judge is None or row.judge != row.judge or row.judge == self._asked(row.law, metric)
                for row in frame.itertuples()]  # fmt: skip
        return frame[np.array(fits, bool)] if len(frame) else frame

    def _asked(self, law: str, metric: str) -> str:
        return self.judge or ("cnn" if metric in DISTANCES else referee(law))

    def real(self, words: str) -> float | None:
        """The same measure of as many real pictures; None where it is not known."""
        metric = MEASURES[words][0]
        frame = self.figures[(self.figures["law"] == "real") & (self.figures["metric"] == metric)]
        some = frame[frame["judge"].isna() | (frame["judge"] == self._asked("constant", metric))]
        return None if some.empty else float(some["value"].iloc[0])


def swept(run: pd.Series) -> Swept:
    """The chosen number of steps and judge. Ends the page where the run's laws were not compared."""
    frame = archive.ask("guidance", run=run["run"])
    if frame.empty:
        elements.stop(f"{run['run']} has no guidance sweep yet. Make it with: {MADE} {run['run']}")
    counts = sorted({int(count) for count in frame["steps"].dropna()}, reverse=True)
    with st.container(horizontal=True):
        picked = inputs.choose("Steps", [str(count) for count in counts], "guided-steps", help=elements.WORDS["steps"])
        judge = inputs.pick("Judge", list(JUDGES), FAIR, "guided-judge", width=240)
    kept = frame[frame["steps"].isna() | (frame["steps"] == int(picked))]
    return Swept(run, kept, int(picked), JUDGES[judge])


def sentence(at: Swept) -> str:
    """The page's finding: CLIP's weights against a constant scale and against their control."""
    parts = [_gain(at, other, what) for other, what in (("constant", "against a constant scale"),
                                                        ("shuffled", "against the same weights shuffled"))]  # fmt: skip
    told = [part for part in parts if part]
    accuracy = at.rows("accuracy")
    if not told:
        top = accuracy.loc[accuracy["value"].idxmax()]
        return f"{_named(top)} draws the class asked most often: {share(estimate_of(top))}, n = {int(top['n']):,}."
    n = max(int(count) for other in ("constant", "shuffled") for count in _whole(at, other)["n"])
    plain = accuracy[(accuracy["law"] == "constant") & (accuracy["scale"] == 1)]
    begun = f"; without guidance {share(estimate_of(plain.iloc[0]))} show the class asked" if len(plain) else ""
    return (
        f"In {at.steps} steps CLIP's weights change accuracy by {' and by '.join(told)}, all scales above 1, "
        f"n = {n:,}{begun}."
    )


def _gain(at: Swept, other: str, what: str) -> str:
    some = _whole(at, other)
    return "" if some.empty else f"{points(estimate_of(some.iloc[0]))} points {what}"


def _whole(at: Swept, other: str) -> pd.DataFrame:
    """What CLIP's weights have over another law at all scales together."""
    frame = at.rows("accuracy", other)
    return frame[(frame["law"] == "clip") & frame["scale"].isna()]


def _named(row: pd.Series) -> str:
    return f"{name_of(str(row['law']))} at S = {row['scale']:g}"


def answer(at: Swept) -> None:
    """The front of accuracy against diversity."""
    words = inputs.choose("Against", list(DIVERSITY), "diversity", help=DEFINED["Fréchet distance"])
    left, right = at.rows(words), at.rows("accuracy")
    frame = right.merge(left, on=["law", "scale"], suffixes=("", "_x"))
    drawn = pd.DataFrame({
        "law": frame["law"], "scale": frame["scale"], "n": frame["n"],
        **{f"y{end}": frame[name] for end, name in (("", "value"), ("_low", "low"), ("_high", "high"))},
        **{f"x{end}": frame[f"{name}_x"] for end, name in (("", "value"), ("_low", "low"), ("_high", "high"))},
    }).dropna(subset=["x", "y"])  # fmt: skip
    drawn = drawn[drawn["scale"] > 0]
    if drawn.empty:
        elements.note(f"There are too few pictures, or no real ones at hand, for {words}: draw more with --blocks.")
        return
    across = Side(f"{words}, {'lower' if words == 'Fréchet distance' else 'higher'} is better", MEASURES[words][1])
    figure = front(drawn, across, Side("accuracy of the class asked", share=True), at.real(words))
    elements.chart(figure, "guidance-front", f"Accuracy against {words}, a line for each guidance law", drawn)
    elements.note(
        f"Every point: {int(drawn['n'].max()):,} pictures of all classes from the same noise; beside it its scale S, "
        f"which is the guidance of a picture about which nothing is known yet. {judged(at)} Bars: 95 % intervals."
    )


def judged(at: Swept) -> str:
    """Who judges, in a sentence."""
    if at.judge:
        laws = [name_of(law) for law, rule in LAWS.items() if rule.judge == at.judge]
        return f"Judged by the {at.judge.upper()}, which guides {' and '.join(laws)} itself."
    return (
        "Accuracy and drift by the judge that did not guide: CLIP for the CNN-weighted law, the CNN for all others; "
        "Fréchet distance, precision and recall in the CNN's features."
    )
