"""What is chosen beside the drawing: an example to begin with, the level, the draws of noise, the label."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.components import inputs
from dashboard.draw.networks import Teacher
from dashboard.draw.way_back import MOST
from dashboard.pictures.pixels import Bytes
from dashboard.pictures.real_pictures import real_pictures

NONE = "none"
LABELS = ("no label", "what the judge sees")
LEVEL = "how much noise: logarithm of signal power over noise power; 0 is as much of one as of the other"
LABEL = (
    "what the network is told on the way back from every level, below; without a label nothing but the noisy picture "
    "says what it was. Beside the canvas, a student's way back is shown told and not told"
)


@dataclass(frozen=True)
class Choice:
    """What is chosen now."""

    begun: str  # names the picture that one begins to draw on
    example: Bytes | None  # (S, S) that picture, as it is in its data set; None for an empty canvas
    level: float  # logSNR
    draws: int
    seed: int
    told: bool  # whether the network that knows every level is told what the judge sees


def choice(run: pd.Series, teacher: Teacher | None) -> Choice:
    """The controls."""
    images, names = real_pictures(str(run["dataset"]))
    fits = int(run["size"]) >= images.shape[1]
    offered = [name for name in run_facts.class_names(run) if name in names and fits]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        begun, example = NONE, None
        if offered:
            begun = inputs.pick("Example", [NONE, *offered], NONE, "example", help="a real picture, to begin with")
        if begun != NONE:
            of_class = images[names == begun][..., 0]
            which = int(inputs.entry("Which", 1, len(of_class), 1, "which"))
            begun, example = f"{begun} {which}", of_class[which - 1]
        level, draws = 0.0, 8
        if teacher is not None:
            low, high = (round(float(end), 2) for end in teacher.chain()[[0, -2]])
            owner = str(run["run"])
            level = inputs.entry(
                "Noise, logSNR", low, high, min(max(0.0, low), high), "level", owner, help=LEVEL, step=0.5
            )
            draws = int(inputs.entry("Draws", 2, MOST, 8, "draws", help="of noise, at each level"))
        seed = int(inputs.entry("Seed", 0, 9999, 0, "seed"))
        told = False
        if teacher is not None and teacher.net.no_label and teacher.listens:
            told = inputs.choose("Label given", LABELS, "label", help=LABEL) == LABELS[1]
    return Choice(begun, None if example is None else np.asarray(example), level, draws, seed, told)
