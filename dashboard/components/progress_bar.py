"""A bar with time left for work in the background, which a page watches."""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Protocol, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.turns import Step, Waiting
from firstlight.errors import SamplerError

PAUSE = 0.1  # seconds between two moves of the bar: a browser that is told more cannot be clicked in


class Timed(Step, Protocol):
    """A step that says how long all so far took."""

    @property
    def seconds(self) -> float: ...


T = TypeVar("T", bound=Timed)


def watched(
    drawing: Generator[Waiting | T, None, None],
    show: Callable[[T], None] | None = None,
    after: float = 0.0,
) -> T:
    """Take all steps with a bar, time left and a way out; `show` is given some of them. Raises SamplerError.

    What takes less than `after` seconds has no bar: it would be gone before it is read.
    """
    place, due = st.empty(), 0.0
    bar, begins = (None if after else _bar(place)), time.monotonic() + after
    last: T | None = None
    began = 0.0  # when the first step was done
    with closing(drawing) as steps:  # a rerun leaves in the middle
        for step in steps:
            if bar is None:
                last = None if isinstance(step, Waiting) else step
                bar = _bar(place) if time.monotonic() > begins else None
                continue
            if isinstance(step, Waiting):
                if last is None:
                    bar.progress(0.0, _place(step))
                continue
            began, last = began or time.monotonic(), step
            if time.monotonic() < due:
                continue
            left = max(step.seconds, time.monotonic() - began) / step.done * (step.total - step.done)
            bar.progress(step.done / step.total, f"Step {step.done} of {step.total}, {left:.0f} s left")
            if show:
                show(step)
            due = time.monotonic() + PAUSE
    place.empty()
    if last is None:
        raise SamplerError("Nothing was drawn; ask for at least one step.")
    return last


def _place(waiting: Waiting) -> str:
    """Where one stands in the queue, in which each person takes one step in turn."""
    place = f"Place {waiting.ahead + 1} in the queue"
    return f"{place}: your other drawing goes first" if waiting.own else place


def _cancelled() -> None:
    st.session_state["cancelled"] = True


def said_cancelled() -> str:
    """That a drawing was cancelled, once; empty where none was."""
    return "Cancelled; nothing was drawn." if st.session_state.pop("cancelled", False) else ""


def _bar(place: DeltaGenerator) -> DeltaGenerator:
    """A bar, and the button that stops what it shows."""
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Waiting for the first step")
        st.button("Cancel", key="cancel", on_click=_cancelled, help="stops before the next step; what is drawn is lost")
    return bar
