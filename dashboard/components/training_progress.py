"""A run that is being trained, as it moves: how far, how long still, its curve and its pictures."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from dashboard import format
from dashboard.access import sign_in
from dashboard.components import elements, remedy
from dashboard.data import archive

UNHEARD = 15.0  # seconds without a heartbeat before it is said
LOOK = 2.0  # seconds between two looks: what is written is on the screen within 5


def watched(view: Callable[[], None], runs: list[str]) -> None:
    """Draw a view, and again every LOOK seconds while one of these runs is being trained."""
    states = _states(runs) if runs else {}
    if not any(state == "running" for state in states.values()):
        view()
        return

    def look() -> None:
        if _states(runs) != states:
            st.rerun()
        view()

    sign_in.fragment(look, LOOK)()


def running() -> list[str]:
    """The runs that are being trained, the newest."""
    frame = archive.ask("run_page", keys=["state"], signs=["="], values=["running"])
    return [str(run) for run in frame["run"]]


def progress(*runs: str) -> None:
    """How far runs are and how long still while they are being trained, and what to do where one stopped."""
    if not runs:
        return
    for _, row in archive.ask("runs", runs=list(runs)).iterrows():
        if row["state"] == "running":
            st.progress(share(row), elements.literal(f"{row['run']}: {said(row)}"))
        else:
            cut_short(row)


def cut_short(run: pd.Series) -> None:
    """Where a training crashed or was stopped, and what goes on with it, with its button; nothing for any other."""
    if run["state"] not in ("crashed", "stopped"):
        return
    name, at, crashed = str(run["run"]), f"step {run['step']:,.0f}", run["state"] == "crashed"
    if run["preset"] == "recorded":
        how = f"crashed: {run['reason'] or 'Its heartbeat stopped.'} It was" if crashed else "was stopped"
        elements.note(f"{name} {how} at {at}; go on by recording it with resume=True.")
        return
    at = f"{at} of {run['steps']:,.0f}"
    how = f"crashed at {at}: {run['reason']}" if run["reason"] else f"crashed: its heartbeat stopped at {at}."
    remedy.resume(f"{name} {how if crashed else f'was stopped at {at}.'}", name)


def share(run: pd.Series) -> float:
    """How much of the training is done, 0 to 1."""
    return min(max(float(run["step"]) / max(float(run["steps"]), 1.0), 0.0), 1.0)


def said(run: pd.Series) -> str:
    """How far, and how long still, in words. run: a row of the query `runs`."""
    silent = (pd.Timestamp.now("UTC").tz_localize(None) - run["heartbeat"]).total_seconds()
    heard = f", last heard {silent:.0f} s ago" if silent > UNHEARD else ""
    if not run["step"] > 0:
        return f"begins{heard}"
    text = f"step {run['step']:,.0f}" + (f" of {run['steps']:,.0f}" if run["steps"] > run["step"] else "")
    left = "" if pd.isna(run["seconds_left"]) else f", {format.duration(run['seconds_left'])} left"
    return f"{text}{left}{heard}"


def _states(runs: list[str]) -> dict[str, str]:
    """The state of each of the runs that can still be read."""
    frame = archive.ask("runs", runs=runs)
    return dict(zip(frame["run"], frame["state"], strict=True))
