"""Forks on the Trajectory page: the form, the drawing while it goes on, and what came of it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.access.acts_by_role import DRAW
from dashboard.access.permits import refusal
from dashboard.components import elements, inputs, progress_bar, remedy
from dashboard.components.static_page import still
from dashboard.data import archive, guests
from dashboard.data.trajectories import Trajectory
from dashboard.trajectory import fork, fork_chart, headline
from dashboard.trajectory.fork import MOST, Fork

CONTINUATIONS = 16
TOLD = ("the class", "no label")


def begin() -> None:
    """The scrubber's button was pressed: continue from where it stands."""
    pressed = (st.session_state.get("scrubber") or {}).get("fork")
    if isinstance(pressed, str) and pressed.isdecimal() and len(pressed) < 6:
        st.session_state["from"] = int(pressed)
        st.session_state["fork"] = True


def barred() -> str:
    """Why whoever asks may not fork; empty where they may."""
    return refusal(DRAW)


def section(run: pd.Series, trajectory: Trajectory, classes: Sequence[str], step: int) -> None:
    """The form, the drawing while it goes on, and the last fork of this trajectory."""
    if trajectory.frames["step"].iloc[-1] < 1 or still():
        return
    st.subheader("Continuations from this step", anchor=False)
    remedy.network(str(run["run"]))
    answer = st.container()
    chosen = _form(run, trajectory, classes, step)
    bar, place = st.container(), st.empty()
    if chosen is not None:
        with archive.faults(), bar:
            st.session_state["forked"] = fork.draw(run, trajectory, chosen, place)
    if said := progress_bar.said_cancelled():
        elements.note(said)
    made = st.session_state.get("forked")
    if made is None or (made.fork.run, made.fork.sample) != (run["run"], trajectory.row["sample"]):
        elements.note(
            "What would this picture have become with other noise? Draw, or press “Continue from here” above."
        )
        return
    with answer:
        elements.headline(headline.fork_sentence(made))
    with place.container():
        said, of = headline.fork_sentence(made), fork.origin(made)
        elements.picture(fork.picture(made.drawn.images, made.other), said, "continuations", of)
    if made.verdicts is not None:
        ends = fork.endings(made.verdicts.top, made.classes)
        elements.chart(fork_chart.endings(ends, made.fork.label), "endings", "What the continuations end as", ends)
    elements.note(headline.fork_setting(made))
    if not guests.knows_no_label(run):
        elements.note(f"{run['run']} {guests.why_unguided(run)}, so its forks are told the class.")


def _form(run: pd.Series, trajectory: Trajectory, classes: Sequence[str], step: int) -> Fork | None:
    """The fork that is asked for, where its button or the scrubber's was pressed."""
    row, frames = trajectory.row, trajectory.frames
    last, label = int(frames["step"].iloc[-1]), int(row["label"])
    with st.form("forking", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        start = inputs.entry("From step", 0, last - 1, min(step, last - 1), "from", f"{run['run']} {last}")
        count = inputs.entry("Continuations", 1, MOST, CONTINUATIONS, "continuations")
        seed = inputs.entry("Seed of new noise", 0, 9999, 0, "fresh")
        told = inputs.choose("Label given", TOLD, "told") if guests.knows_no_label(run) else TOLD[0]
        pressed = st.form_submit_button("Draw continuations", type="primary", disabled=bool(barred()))
    if step >= last:
        elements.note(f"At the last step nothing is left to be drawn: continuations begin at step {last - 1}.")
    if barred():
        elements.note(barred())
    if not (pressed or st.session_state.pop("fork", False)) or barred():
        return None
    frame = frames.iloc[(frames["step"].iloc[:-1] - start).abs().argmin()]
    return Fork(
        str(run["run"]), int(row["sample"]), label, classes[label], int(frame["step"]), int(row["steps"]),
        float(frame["logsnr"]), told == TOLD[0], int(count), int(seed),
    )  # fmt: skip
