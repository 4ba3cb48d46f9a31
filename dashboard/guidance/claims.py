"""Claims: what the source says of guidance, and what this run says, for each number of steps."""

import streamlit as st

from dashboard.components import verdicts
from dashboard.data import archive
from dashboard.guidance.choice import Choice
from evaluator.guidance.claims import s11, s12
from evaluator.verdict import Verdict

COLUMNS = ("law", "scale", "steps", "seed", "label", "cnn", "mean_scale")


def draw(at: Choice) -> None:
    """What the source says of guidance, and what this run says."""
    verdicts.table(found(str(at.run["run"])), "guidance-claims", folded=False, measures=True)


def found(run: str) -> tuple[Verdict, ...]:
    """The verdicts on S11 and S12."""
    return _found(run, archive.stamp(run))


def noise_seeds(run: str) -> int:
    """From how many noise seeds the pictures of every cell are."""
    return _noise_seeds(run, archive.stamp(run))


@st.cache_data(max_entries=16, show_spinner=False)
def _noise_seeds(run: str, stamp: int) -> int:
    return int(archive.ask("guided", run=run)["seed"].nunique())


@st.cache_data(max_entries=16, show_spinner=False)
def _found(run: str, stamp: int) -> tuple[Verdict, ...]:
    frame = archive.ask("guided", run=run)
    columns = {name: frame[name].to_numpy() for name in COLUMNS}
    return (*s11(columns), *s12(columns))
