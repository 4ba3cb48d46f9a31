"""Pictures: the best and the worst of each class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.clip_rankings.choice import Choice
from dashboard.components import csv_download, elements, remedy
from dashboard.data import archive
from dashboard.data.clip_scores import Look
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import unpack

SHOWN = 8  # best, and worst, pictures of a class


def draw(at: Choice, _runs: Sequence[str]) -> None:
    """The best and the worst pictures of each class."""
    frame = _scored(at.look)
    if frame.empty:
        remedy.note(f"{at.look.run} keeps no scored pictures.", at.look.run, "clip", "Keep them with")
        return
    left, right = st.columns(2, gap="large")
    for place, name, best in ((left, "Best", True), (right, "Worst", False)):
        with place:
            st.subheader(name, anchor=False)
            alt = f"{name} pictures of each class by {at.score}"
            elements.picture(_plate(at.look, at.score, best), alt, name.lower())
    judge = frame["classifier"].dropna()
    other = f" or {judge.iloc[0]}" if len(judge) else ""
    elements.note(
        f"The {at.score_name} falls from left to right on the left, and rises on the right; an amber corner marks what "
        f"{at.look.judge}{other} takes for another class."
    )
    kept = frame.drop(columns="image").assign(label=[at.classes[label] for label in frame["label"]])
    csv_download.save_rows(kept, "clip-pictures")


def _scored(look: Look) -> pd.DataFrame:
    return archive.ask("clip_pictures", run=look.run, clip=look.judge, template=look.template)


@st.cache_data(max_entries=16, show_spinner=False)
def _plate(look: Look, score: str, best: bool) -> bytes:
    """The pictures of each class, the best or the worst first."""
    frame, run = _scored(look), archive.ask("runs", run=look.run).iloc[0]
    size, channels, classes = int(run["size"]), int(run["channels"]), run_facts.class_names(run)
    labels = sorted(frame["label"].unique())
    images = np.zeros((len(labels), SHOWN, size, size, channels), np.uint8)
    missing, wrong = set(np.ndindex(len(labels), SHOWN)), set()
    for row, label in enumerate(labels):
        own = frame[frame["label"] == label].sort_values([score, "sample"], ascending=[not best, True])
        for column, each in enumerate(own.head(SHOWN).itertuples()):
            if len(each.image) != size * size * channels:
                continue
            images[row, column] = unpack(bytes(each.image), size, channels)[0]
            missing.discard((row, column))
            if each.top != label or (each.classifier_top == each.classifier_top and each.classifier_top != label):
                wrong.add((row, column))
    return plate(images, 2, [classes[label] for label in labels], marked=wrong, missing=missing)
