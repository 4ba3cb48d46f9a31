"""Pictures: the best and the worst of each class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.clip_rankings.choice import Choice
from dashboard.components import csv_download, elements, remedy
from dashboard.data import archive
from dashboard.data.clip_scores import Look
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import unpack

SHOWN = 8  # best, and worst, pictures of a class


def draw(at: Choice, _runs: Sequence[str]) -> None:
    """The best and the worst pictures of each class."""
    frame = archive.ask("clip_pictures", run=at.look.run, clip=at.look.judge, template=at.look.template)
    if frame.empty:
        remedy.note(f"{at.look.run} keeps no scored pictures.", at.look.run, "clip", "Keep them with")
        return
    left, right = st.columns(2, gap="large")
    for place, name, best in ((left, "Best", True), (right, "Worst", False)):
        with place:
            st.subheader(name, anchor=False)
            alt = f"{name} pictures of each class by {at.score}"
            elements.picture(_plate(frame, at, at.look, at.score, best), alt, name.lower())
    judge = frame["classifier"].dropna()
    other = f" or {judge.iloc[0]}" if len(judge) else ""
    elements.note(
        f"The {at.score_name} falls from left to right on the left, and rises on the right; an amber corner marks what "
        f"{at.look.judge}{other} takes for another class."
    )
    kept = frame.drop(columns="image").assign(label=[at.classes[label] for label in frame["label"]])
    csv_download.save_rows(kept, "clip-pictures")


@st.cache_data(max_entries=16, show_spinner=False)
def _plate(_frame: pd.DataFrame, _at: Choice, look: Look, score: str, best: bool) -> bytes:
    """The pictures of each class, the best or the worst first; the look and the score tell two plates apart."""
    frame, at = _frame, _at
    size, channels = int(at.run["size"]), int(at.run["channels"])
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
    return plate(images, 2, [at.classes[label] for label in labels], marked=wrong, missing=missing)
