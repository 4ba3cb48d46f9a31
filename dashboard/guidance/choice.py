"""What is chosen on the page, the number of steps and the judge, and the measures of every law."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.components import elements, inputs, remedy
from dashboard.data import archive, guests
from evaluator.guidance.judges import referee
from sampler.guidance_laws import LAWS, name_of

MADE = "firstlight evaluate guidance"
FAIR = "the one that did not guide"
JUDGES = {FAIR: "", "CNN": "cnn", "CLIP": "clip"}
MEASURES = {  # words -> metric, whether it is a share
    "accuracy": ("accuracy", True), "drift after correct": ("drift", True), "Fréchet distance": ("frechet", False),
    "precision": ("precision", True), "recall": ("recall", True), "CAS": ("cas", True),
    "mean scale": ("mean_scale", False), "evaluations": ("evaluations", False),
}  # fmt: skip
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
class Choice:
    """A run's sweep in one number of steps, before one judge."""

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
        fits = [row.judge is None or row.judge != row.judge or row.judge == self._judge_of(row.law, metric)
                for row in frame.itertuples()]  # fmt: skip
        return frame[np.array(fits, bool)] if len(frame) else frame

    def _judge_of(self, law: str, metric: str) -> str:
        return self.judge or ("cnn" if metric in DISTANCES else referee(law))

    def real(self, words: str) -> float | None:
        """The same measure of as many real pictures; None where it is not known."""
        metric = MEASURES[words][0]
        frame = self.figures[(self.figures["law"] == "real") & (self.figures["metric"] == metric)]
        some = frame[frame["judge"].isna() | (frame["judge"] == self._judge_of("constant", metric))]
        return None if some.empty else float(some["value"].iloc[0])


def choice(run: pd.Series) -> Choice:
    """The chosen number of steps and judge. Ends the page where the run's laws were not compared."""
    if not guests.knows_no_label(run):
        elements.stop(
            f"{run['run']} {guests.why_unguided(run)}, so it cannot be guided, and no guidance methods are compared."
        )
    frame = archive.ask("guidance", run=run["run"])
    if frame.empty:
        remedy.stop(f"{run['run']} has no guidance sweep yet.", str(run["run"]), "guidance", "Make it with")
    counts = sorted({int(count) for count in frame["steps"].dropna()}, reverse=True)
    with st.container(horizontal=True):
        picked = inputs.choose("Steps", [str(count) for count in counts], "guided-steps")
        judge = inputs.pick("Judge", list(JUDGES), FAIR, "guided-judge", width=240)
    kept = frame[frame["steps"].isna() | (frame["steps"] == int(picked))]
    return Choice(run, kept, int(picked), JUDGES[judge])


def judges(at: Choice) -> str:
    """Who judges, in a sentence."""
    if at.judge:
        laws = [name_of(law) for law, rule in LAWS.items() if rule.judge == at.judge]
        return f"Judged by the {at.judge.upper()}, which guides {' and '.join(laws)} itself."
    return (
        "Accuracy and drift by the judge that did not guide: CLIP for the CNN-weighted method, the CNN for all others; "
        "Fréchet distance, precision and recall in the CNN's features."
    )
