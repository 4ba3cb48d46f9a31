"""The lab's figures: valid for plotly on every axis, literal about names, and true to the rows they are given."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboard import axes
from dashboard.axes import on_axes
from dashboard.charts import class_pairs, panels, theme
from dashboard.charts import incidence as charts_incidence
from dashboard.charts.curves import Curve, Level, Mark, curves
from dashboard.charts.narrow import narrowed
from evaluator.stats.intervals import Estimate

HOSTILE = "<b>x</b> $y$ %{z}"
LOGSNR = np.array([-12.0, -5.0, 0.0, 5.0, 20.0])


def courses(labels: int = 3, runs: tuple[str, ...] = ()) -> pd.DataFrame:
    rows = [
        {"run": run, "label": label, "step": step, "percent": 25.0 * step, "logsnr": logsnr, "share": 0.2 * step,
         "low": 0.1 * step, "high": 0.22 * step, "other": 0.04 * step, "never": 0.1, "n": 6}
        for run in runs or ("a",) for label in range(labels) for step, logsnr in enumerate(LOGSNR)
    ]  # fmt: skip
    return on_axes(pd.DataFrame(rows))


@pytest.mark.parametrize("axis", axes.AXES)
@pytest.mark.parametrize("labels", [1, 3, 10])
def test_incidence_is_valid_plotly_on_every_axis(axis: str, labels: int) -> None:
    names = [HOSTILE, *map(str, range(1, labels))]
    places = charts_incidence.Places(1.0, {0: 1.0}, theory=0.5, pairs=(0.2, 0.9))
    figure = charts_incidence.incidence(courses(labels), names, axis, places, dark=True)
    go.Figure(figure)
    assert "<b>" not in str(figure) and "$" not in str(figure)
    go.Figure(charts_incidence.beside(courses(labels, ("a", HOSTILE)), names, axis))


@pytest.mark.parametrize("labels", [1, 2, 7, 10])
def test_on_a_narrow_screen_panels_stand_as_if_they_had_been_drawn_in_two_columns(
    labels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, places = [str(label) for label in range(labels)], charts_incidence.Places(70.0, {0: 60.0}, theory=50.0)
    wide = charts_incidence.incidence(courses(labels), names, "% of steps", places, dark=True)
    before = str(wide)
    made = narrowed(wide)
    assert str(wide) == before, "the figure is somebody else's"
    monkeypatch.setattr(panels, "ACROSS", 2)
    drawn = charts_incidence.incidence(courses(labels), names, "% of steps", places, dark=True)
    for one, other in zip(made["data"], drawn["data"], strict=True):
        for axis in ("x", "y"):
            assert np.allclose(*(np.array(each[axis], float) for each in (one, other)), atol=2e-4, equal_nan=True)
    held = [
        [(note["x"], note["y"], note["text"]) for note in figure["layout"]["annotations"]] for figure in (made, drawn)
    ]
    assert np.allclose(*([each[:2] for each in notes] for notes in held))
    for axis in ("xaxis", "yaxis"):
        assert made["layout"][axis]["range"] == pytest.approx(drawn["layout"][axis]["range"])
    assert made["layout"]["yaxis"]["tickvals"] == pytest.approx(drawn["layout"]["yaxis"]["tickvals"])
    go.Figure(made)


def test_recognized_rises_from_below_and_other_classes_hang_from_above() -> None:
    figure = charts_incidence.incidence(courses(1), ["0"], "% of steps", charts_incidence.Places(70.0), dark=True)
    curve, edge = figure["data"][-1], figure["data"][-2]
    assert curve["y"][-2] == pytest.approx(0.8) and edge["y"][-2] == pytest.approx(1 - 0.16)
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["0", "never 10.0 %"]


def test_a_class_without_pictures_says_so() -> None:
    figure = charts_incidence.incidence(courses(2), ["0", "1", "2"], "logSNR", charts_incidence.Places(0.0), dark=False)
    assert [note["text"] for note in figure["layout"]["annotations"]][-1] == "no pictures"


def test_what_is_beyond_the_axis_is_not_drawn() -> None:
    inside = charts_incidence.incidence(
        courses(1), ["0"], "logSNR", charts_incidence.Places(0.0, theory=1.0), dark=True
    )
    outside = charts_incidence.incidence(
        courses(1), ["0"], "logSNR", charts_incidence.Places(0.0, theory=-40.0), dark=True
    )
    dashed = [[len(t["x"]) for t in f["data"] if t["line"]["dash"] == "dash"] for f in (inside, outside)]
    assert dashed == [[3], [0]]


@pytest.mark.parametrize("axis", axes.AXES)
def test_curves_take_marks_levels_and_points(axis: str) -> None:
    frame = courses(1)
    marks = [Mark(Estimate(1.0, 0.5, 1.5, 9), HOSTILE), Mark(Estimate(np.nan, np.nan, np.nan, 0), "outside")]
    drawn = [Curve(frame, "measured"), Curve(frame, "published", theme.VERMILLION, points=True)]
    figure = curves(drawn, axis, "φ", marks, [Level(0.775, "φ = 0.775")])
    go.Figure(figure)
    assert "<b>" not in str(figure)
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["φ = 0.775", theme.plain(HOSTILE)]
    assert len([shape for shape in figure["layout"]["shapes"] if shape["type"] == "rect"]) == 1


def test_a_swap_map_has_no_diagonal() -> None:
    frame = pd.DataFrame({"from_label": [0, 1], "to_label": [1, 0], "share": [0.25, 1.0], "n": [8, 8]})
    figure = class_pairs.swap_map(frame, ["0", HOSTILE])
    go.Figure(figure)
    assert figure["data"][0]["z"] == [[None, 0.25], [1.0, None]]
    assert go.Figure(narrowed(figure)).data[0].colorbar.orientation == "h"


@pytest.mark.parametrize("axis", axes.AXES)
def test_u_turns_of_both_ways_are_told_apart(axis: str) -> None:
    frame = pd.concat([courses(2).assign(conditional=told) for told in (False, True)])
    figure = class_pairs.uturns(frame, ["0", HOSTILE], axis, 0.5, dark=True)
    go.Figure(figure)
    assert [trace["name"] for trace in figure["data"] if trace.get("name")] == [
        "way back without a label", "way back with the label",
    ]  # fmt: skip
    assert len({(trace["line"]["color"], trace["line"]["dash"]) for trace in figure["data"] if trace.get("name")}) == 2
