"""CLIP scores of a run, read once and ranked often: one judge, one prompt, one score."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.data import archive
from evaluator.clip.judge import CARD, IMAGE, folder_for
from evaluator.clip.ranking import Order, RealScore, ceiling, ordered
from evaluator.judges.cards import card_in
from evaluator.provenance import notes_of
from evaluator.stats.intervals import Estimate
from firstlight.errors import JudgeError, RunError
from firstlight.run_folder import Run
from firstlight.run_json import card_of

TOGETHER = "mean"  # as the rows call all templates together
SCORES = {
    "probability": "softmax probability",
    "z": "z-score against real",
    "cosine": "raw cosine",
}  # column of the rows -> what it is called; the first is shown first
DEFINED = {
    "probability": "Softmax over the class prompts at the judge's own temperature: what it gives the class asked.",
    "z": "Cosine with the class's prompt, in standard deviations from the mean of real pictures of the class.",
    "cosine": "Cosine with the class's prompt, −1 to 1, not scaled; cosines with different prompts hardly compare.",
}
IN_DOMAIN = "This CLIP was trained in-domain, on real pictures of the same data set."
FOREIGN = "This CLIP was trained by others, on other pictures."
KEPT = 64  # orders that are remembered


class Look(NamedTuple):
    """Which rows: the key of everything that is remembered here."""

    run: str
    stamp: int  # another number when the run's files are others
    judge: str
    template: str


def judges(ask: Any, run: str) -> pd.DataFrame:
    """A row for each CLIP judge and template of a run; judges trained in-domain first. `ask`: as archive.ask."""
    frame: pd.DataFrame = ask("clip_judges", run=run)
    return frame.sort_values("in_domain", ascending=False, na_position="last", kind="stable")


def ranked(frame: pd.DataFrame) -> dict[str, Order]:
    """The order of the classes by every score. frame: the query `clip_scores`. Raises RunError for no rows."""
    if frame.empty:
        raise RunError("This CLIP judge has no scores of this run; make them with: firstlight evaluate clip RUN")
    labels, seeds = frame["label"].to_numpy(np.int64), frame["seed"].to_numpy(np.int64)
    return {name: ordered(frame[name].to_numpy(np.float64), labels, seeds) for name in SCORES}


def real_of(frame: pd.DataFrame, score: str) -> dict[int, RealScore]:
    """What real pictures of each class score, and the judge's recall. frame: the query `clip_real`."""
    found = {}
    for row in frame.to_dict("records"):
        n, top = int(row["n"]), ceiling(row, score)
        recall = Estimate(float(row["recall"]), float(row["recall_low"]), float(row["recall_high"]), n)
        found[int(row["label"])] = RealScore(Estimate(top["value"], top["low"], top["high"], n), recall)
    return found


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def orders(at: Look) -> dict[str, Order]:
    """The order of the classes by every score."""
    return ranked(archive.ask("clip_scores", run=at.run, clip=at.judge, template=at.template))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def real_rows(at: Look) -> pd.DataFrame:
    """The query `clip_real`. Raises RunError where the judge's answers on real pictures are gone."""
    frame = archive.ask("clip_real", run=at.run, clip=at.judge, template=at.template)
    if frame.empty:
        raise RunError(f"{at.run} does not say what {at.judge} makes of real pictures; score it anew.")
    return frame


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def classifier(at: Look) -> tuple[pd.DataFrame, Order] | None:
    """The classifier's rows of the same pictures, and its order by the probability of the class asked; None without."""
    frame = archive.ask("clip_classifier", run=at.run)
    if frame.empty:
        return None
    columns = (frame[name].to_numpy() for name in ("probability", "label", "seed"))
    values, labels, seeds = columns
    return frame, ordered(values.astype(np.float64), labels.astype(np.int64), seeds.astype(np.int64))


def notes(run: Run, judge: str) -> Mapping[str, Any]:
    """What the run's file says of a judge: about, accuracy, seen, seconds_per_1000 ...; empty where it says nothing."""
    known = notes_of(run.clip).get("judges")
    held = known.get(judge) if isinstance(known, dict) else None
    return held if isinstance(held, dict) else {}


def calibrations(run: str) -> dict[str, list[dict[str, Any]]]:
    """Of each CLIP that scored a run the rows of its calibration, as a card has them; none where they are not known."""
    folder, frame = archive.run_folder(run), judges(archive.ask, run)
    readings = {str(name): set(own["template"]) for name, own in frame.groupby("judge", sort=False)}
    return {name: _calibration(folder, name, of) for name, of in readings.items()}


def _calibration(run: Run, judge: str, readings: set[str]) -> list[dict[str, Any]]:
    """As it was when it scored the run, or on the card of this very CLIP with these prompts between these classes."""
    held = notes(run, judge)
    if "calibration" in held:
        return _sound(held["calibration"])
    try:
        dataset = card_of(run)["dataset"]
        card = card_in(folder_for(str(dataset["name"]), runs=run.archive) / CARD)
        same = card["sha256"][IMAGE] == held.get("sha256") and card["classes"] == list(map(str, dataset["classes"]))
        known = {TOGETHER, *(row["template"] for row in card["prompts"])}
    except (JudgeError, RunError, KeyError, TypeError):
        return []
    return _sound(card.get("calibration")) if same and known == readings else []


def _sound(rows: Any) -> list[dict[str, Any]]:
    """Rows of pictures without noise that hold what a page shows of them: whoever wrote the file may have erred."""
    numbers = {"n": int, "said": float, "right": float, "error": float, "chance": float}
    return [
        row
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and row.get("logsnr") is None
        and all(type(row.get(name)) is kind for name, kind in numbers.items())
    ]  # fmt: skip


def trained(run: Run, judge: str, in_domain: bool) -> str:
    """Where the judge was trained, in its own words where they are kept."""
    return str(notes(run, judge).get("about") or (IN_DOMAIN if in_domain else FOREIGN))
