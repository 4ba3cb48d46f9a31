"""The step scrubber: trajectories in the browser, x_t beside x̂0, with the judges' probability moving along.

A step costs no round trip: the server sends sprite sheets and a few numbers, and the browser moves through them. The
step stands in the URL, and the browser reads it there again.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from dashboard.axes import SOURCE, Axis
from dashboard.charts.theme import ACCENT, PURPLE, SKY
from dashboard.components import inputs
from dashboard.components.terms import meaning
from dashboard.format import number
from dashboard.pictures.grid import address, png
from dashboard.pictures.pixels import Bytes
from firstlight.interval_text import real_minus
from sampler.origin import Origin, stem, told

HERE = Path(__file__).parent
PICTURE = HERE / "picture.js"  # how a browser saves what a canvas shows; a file that draws has it too
TERMS = {"x": "x_t", "denoised": "denoised, x̂0", "unconditional": "x̂0 without the label"}  # of the Glossary
VIEWS = {"x": "x_t, the picture with its noise", "denoised": "x̂0, what the network sees in it",
         "unconditional": "x̂0 without the label"}  # fmt: skip
COLOURS = {"x": SKY, "denoised": PURPLE, "unconditional": "#8D99AE"}


@dataclass(frozen=True)
class Strip:
    """One trajectory as a row of the scrubber."""

    name: str
    stacks: dict[str, Bytes]  # view -> (F, H, W, C)
    frames: pd.DataFrame  # F rows: step, percent, logsnr, sigma, ou
    judged: pd.DataFrame  # of the query `judgement_curve`; empty where nothing was judged
    classes: Sequence[str]
    point: int | None = None  # the step from which on it is recognized

    @property
    def steps(self) -> list[int]:
        return [int(step) for step in self.frames["step"]]


@st.cache_resource(max_entries=1)
def _component() -> Any:
    files = ("scrubber.html", "scrubber.css", "scrubber.js", "picture.js")
    markup, style, script, saving = [(HERE / name).read_text(encoding="utf-8") for name in files]
    return st.components.v2.component("firstlight_scrubber", html=markup, css=style, js=script + saving)


def scrubber(
    content: dict[str, Any], key: str, of: Origin, on_fork: Callable[[], None] | None = None, barred: str = ""
) -> None:
    """Show what `content_of` made. With `on_fork` there is a button; the stop is then the state's `fork`.

    of: what its pictures are of, beside what the page shows; `barred`: why the button may not be pressed.
    """
    origin = inputs.shown() | {"figure": "step"} | dict(of)
    content = content | {"saved": {"name": stem(origin), "says": told(origin)}}
    callbacks = {"on_fork_change": on_fork} if on_fork else {}
    _component()(data=content | {"fork": on_fork is not None, "barred": barred}, key=key, height="content", **callbacks)


def content_of(strips: Sequence[Strip], axis: str, dark: bool, at: float | None = None) -> dict[str, Any]:
    """What the browser needs of some trajectories, as plain values; `at` is the stop to begin at.

    Rows that keep the same steps move together step by step, and the URL says `step`. Others move along the share of
    the steps done, or along logSNR where the axis is another, each row on its nearest frame; the URL then says `at`.
    """
    line, unit = Axis([strip.frames for strip in strips], axis), _unit(strips, axis)
    stops = _stops(strips, unit)
    views = views_of(strips)
    return {
        "key": "step" if unit == "step" else "at", "unit": unit, "axis": line.title, "ticks": line.ticks(),
        "stops": [f"{value:g}" for value in stops[unit]], "words": _words(stops, unit, strips[0]),
        "place": line.places(stops), "index": _first_stop(stops[unit], unit, at),
        "rows": [_row(strip, line, views, unit, stops) for strip in strips],
        "said": f"source: {SOURCE:.0f} %", "accent": ACCENT["dark" if dark else "light"],
    }  # fmt: skip


def views_of(strips: Sequence[Strip]) -> list[str]:
    """The views that are shown of every strip: all of one alone, two of several."""
    return [view for view in VIEWS if all(view in strip.stacks for strip in strips)][: 3 if len(strips) == 1 else 2]


def _unit(strips: Sequence[Strip], axis: str) -> str:
    """What the control counts: steps where all rows keep the same, else the share of them that is done, or logSNR."""
    if all(_path(strip) == _path(strips[0]) for strip in strips):
        return "step"
    return "percent" if axis == "% of steps" else "logsnr"


def _first_stop(stops: pd.Series, unit: str, at: float | None) -> int:
    """The stop nearest to the one asked for; else to the source's share of the steps, or to logSNR 0."""
    if at is None:
        at = 0.0 if unit == "logsnr" else float(stops.iloc[-1]) * SOURCE / 100
    return int((stops - at).abs().argmin())


def _path(strip: Strip) -> tuple[list[int], list[float]]:
    return strip.steps, strip.frames["logsnr"].round(6).tolist()


def _stops(strips: Sequence[Strip], unit: str) -> pd.DataFrame:
    """The places that the control can stand at, one row each, with the columns of every axis that they have."""
    every = pd.concat([strip.frames for strip in strips], ignore_index=True)
    every[unit] = every[unit].round(2)
    return every.drop_duplicates(unit).sort_values(unit, ignore_index=True)


def _words(stops: pd.DataFrame, unit: str, first: Strip) -> list[str]:
    if unit == "percent":
        return [f"{value:.0f} % of the steps done" for value in stops["percent"]]
    if unit == "logsnr":
        return [f"logSNR {number(value, 'logSNR')}" for value in stops["logsnr"]]
    return [
        real_minus(
            f"Step {row.step} of {first.steps[-1]}, {row.percent:.1f} % done, "
            f"logSNR {row.logsnr:.2f}, σ {row.sigma:.3g}"
        ).replace(".0 %", " %")
        for row in stops.itertuples()
    ]


def _row(strip: Strip, line: Axis, views: Sequence[str], unit: str, stops: pd.DataFrame) -> dict[str, Any]:
    near = np.abs(strip.frames[unit].to_numpy(float)[:, None] - stops[unit].to_numpy(float)).argmin(axis=0)
    steps = strip.steps
    where = None if unit == "step" else [
        f"step {row.step} of {steps[-1]}, {row.percent:.0f} % done, logSNR {number(row.logsnr, 'logSNR')}"
        for row in strip.frames.itertuples()
    ]  # fmt: skip
    return {
        "name": strip.name, "sheet": _sheet(strip.stacks, views), "size": strip.stacks["x"].shape[1:3],
        "frame": near.tolist(), "place": line.places(strip.frames), "source": line.source(strip.frames),
        "point": None if strip.point is None else int(np.searchsorted(steps, strip.point)), "where": where,
        "views": [_view(strip, view) for view in views],
    }  # fmt: skip


def _view(strip: Strip, view: str) -> dict[str, Any]:
    said = strip.judged[strip.judged["view"] == view].drop_duplicates("step").set_index("step")
    return {
        "name": VIEWS[view], "hint": meaning(TERMS[view]), "colour": COLOURS[view],
        "judge": str(said["judge"].iloc[0]) if len(said) else "",
        "chance": [_finite(said["probability"].get(step)) for step in strip.steps],
        "top": [_name(said["top"].get(step), strip.classes) for step in strip.steps],
    }  # fmt: skip


@st.cache_resource(max_entries=32, show_spinner=False)
def _sheet(stacks: dict[str, Bytes], views: Sequence[str]) -> str:
    """All frames as one PNG in a data address, packed once: a row for each view, a column for each frame."""
    rows = [np.concatenate(list(np.broadcast_to(stacks[view], (*stacks[view].shape[:3], 3))), axis=1) for view in views]
    return address(png(Image.fromarray(np.concatenate(rows))))


def _finite(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 4)


def _name(label: Any, classes: Sequence[str]) -> str:
    return "" if label is None or not 0 <= label < len(classes) else classes[int(label)]
