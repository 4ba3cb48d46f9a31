"""A run that is being trained, as it moves: how far, how long still, its curve and its pictures."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from dashboard import format
from dashboard.access import sign_in
from dashboard.components import elements
from dashboard.data import archive

UNHEARD = 15.0  # seconds without a heartbeat before it is said
LOOK = 2.0  # seconds between two looks: what is written is on the screen within 5


def watched(view: Callable[[], None], runs: list[str]) -> None:
    """Draw a view, and again every LOOK seconds while one of these runs is being trained."""
    states = _states(runs) if runs else {}
    if "running" not in states.values():
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
        elif row["state"] == "crashed":
            elements.note(f"{row['run']} crashed: {_crashed(row)}")


def _crashed(run: pd.Series) -> str:
    """Where a run crashed, and what goes on with it."""
    if run["preset"] == "recorded":
        why = run["reason"] or "Its heartbeat stopped."
        return f"{why} It was at step {run['step']:,.0f}; go on by recording it with resume=True."
    return (
        f"its heartbeat stopped at step {run['step']:,.0f} of {run['steps']:,.0f}. "
        f"Go on with: firstlight resume {run['run']}"
    )


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
