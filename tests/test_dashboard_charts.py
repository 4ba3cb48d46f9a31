"""Figures: valid for plotly, literal about names, and honest about gaps."""

import copy
import itertools
import math
import re
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboard import axes
from dashboard.charts import class_pairs, class_ranking, clip, loss
from dashboard.charts import theme as charts_theme
from dashboard.charts.curves import Curve, Level, Mark, curves
from dashboard.charts.sent_figure import INKS, spec
from dashboard.forward import chart as forward_chart
from dashboard.forward import headline as forward_headline
from dashboard.forward import schedules
from dashboard.recognizability import map as recognizability_map
from evaluator.stats.intervals import Estimate

ROOT = Path(__file__).parent.parent
HOSTILE = "<b>x</b> $y$ %{z}"


def curve(labels: int = 3) -> pd.DataFrame:
    rows = [
        {"label": label, "step": step, "percent": 25.0 * step, "logsnr": logsnr, "share": step / 4,
         "low": 0.0, "high": 1.0, "n": 6, "sigma": math.exp(-logsnr / 2), "ou": 0.5 * math.log1p(math.exp(-logsnr))}
        for label in range(labels) for step, logsnr in enumerate((-12.0, -5.0, 0.0, 5.0, 20.0))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def losses() -> pd.DataFrame:
    values = [1.0, 0.5, None, 0.2]
    return pd.DataFrame(
        {"run": "a", "step": [1, 2, 3, 4], "epoch": [0.1, 0.2, 0.3, 0.4], "value": values, "smooth": values}
    )


@pytest.mark.parametrize("axis", axes.AXES)
@pytest.mark.parametrize("labels", [1, 3, 10])
def test_the_map_of_recognition_is_valid_plotly(axis, labels):
    figure = recognizability_map.recognition_map(curve(labels), [HOSTILE, *map(str, range(1, labels))], axis, 1.0)
    go.Figure(figure)
    assert "<b>" not in str(figure) and "$" not in str(figure)


@pytest.mark.parametrize("logarithmic", [True, False])
def test_a_loss_that_is_not_a_number_is_a_gap(logarithmic):
    figure = loss.loss_curves(losses(), logarithmic)
    go.Figure(figure)
    assert figure["data"][1]["y"] == [1.0, 0.5, None, 0.2]
    assert figure["data"][1].get("connectgaps") is None


@pytest.mark.parametrize("largest", [1e9, 1e30, 1e300])
def test_one_huge_loss_leaves_an_axis_whose_labels_do_not_overlap(largest):
    frame = losses().assign(smooth=[1.0, largest, None, 0.2])
    assert len(loss.loss_curves(frame, True)["layout"]["yaxis"]["tickvals"]) < 20


@pytest.mark.parametrize("log", [True, False])
def test_a_metric_against_another_is_valid_plotly_and_literal(log):
    frame = pd.DataFrame({"run": HOSTILE, "step": [1, 2, 3], "value": [0.5, 0.4, 9.0], "against": [0.0, 0.1, 0.2]})
    figure = loss.metric_pairs(frame, log, HOSTILE, HOSTILE, log_x=log, outliers=False)
    go.Figure(figure)
    assert "<b>" not in str(figure) and "$" not in str(figure)
    assert figure["layout"]["xaxis"]["type"] == "linear"  # 0 has no logarithm
    assert figure["layout"]["yaxis"]["range"]


def test_the_schedule_figure_is_valid_plotly():
    go.Figure(forward_chart.schedule(schedules.schedule("linear-150")))


def test_signal_and_noise_are_equal_only_where_a_schedule_comes_to_it():
    whole = schedules.schedule("linear-150")
    assert ", signal and noise of pictures in [−1, 1] are equal at step 101 of 150" in forward_headline.sentence(
        "linear-150", whole
    )
    short = forward_headline.sentence(schedules.OWN, whole[whole["logsnr"] > 0.5])
    assert (
        "pictures in [−1, 1] have more signal than noise at each of" in short
        and "begins in noise all the same" in short
    )


def test_colour_is_a_function_of_the_run_and_two_runs_never_look_alike():
    for runs in (["course", "mnist"], [f"run{number}" for number in range(6)]):
        styles = charts_theme.styles(runs)
        assert len(set(styles.values())) == len(runs)
        assert len({colour for colour, _ in styles.values()}) == len(runs)
        assert charts_theme.styles(runs[:1])[runs[0]] == styles[runs[0]]


def test_the_accent_is_no_colour_of_a_run():
    assert not set(charts_theme.ACCENT.values()) & set(charts_theme.COLOURS)


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two colours."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def on(ground: str, colour: str) -> str:
    """What a colour that is not opaque looks like on a ground."""
    *parts, opacity = (float(part) for part in re.findall(r"[\d.]+", colour))
    below = [int(ground[i : i + 2], 16) for i in (1, 3, 5)]
    mixed = (opacity * part + (1 - opacity) * under for part, under in zip(parts, below, strict=True))
    return "#" + "".join(f"{round(part):02x}" for part in mixed)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("scale", [class_pairs.NEARER, clip.BETTER], ids=["differences", "ranks"])
def test_numbers_in_a_map_of_colours_can_be_read_on_every_cell(scale, theme):
    ground = INKS[theme][2]
    for (_, one), (_, other) in itertools.pairwise(scale):
        ends = [[float(part) for part in re.findall(r"[\d.]+", end)] for end in (one, other)]
        for way in range(11):
            cell = " ".join(f"{low + way / 10 * (high - low)}" for low, high in zip(*ends, strict=True))
            assert contrast(class_ranking.TEXT[theme], on(ground, cell)) >= 4.5, (cell, theme)


def test_letters_of_charts_follow_the_scheme_on_pages_in_reports_and_on_a_site():
    """What a chart writes was coloured when it was built, which of a file was in one theme."""
    kinds = []
    for name in ("style.css", "report/report.css", "site/site.css"):
        rules = re.findall(
            r"^\.js-plotly-plot :is\((.*?)\) {\s*fill: (\S+\(.*\)) !", (ROOT / "dashboard" / name).read_text(), re.M
        )
        assert all(colour.startswith(("light-dark(", "var(--")) for _, colour in rules)
        kinds.append([kind for kind, _ in rules])
    assert kinds[0] == kinds[1] == kinds[2] and "textpoint" in kinds[0][0] and "heatmap-label" in kinds[0][1]


def test_text_colours_of_both_themes_are_readable():
    import tomllib

    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for name in ("dark", "light"):
        colours = theme[name]
        for ground in ("backgroundColor", "secondaryBackgroundColor"):
            for text in ("textColor", "grayTextColor", "linkColor", "primaryColor"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (name, text, ground)
    assert contrast(charts_theme.ACCENT["dark"], theme["dark"]["backgroundColor"]) >= 4.5
    assert contrast(charts_theme.ACCENT["light"], theme["light"]["backgroundColor"]) >= 3  # a line, not letters


@pytest.mark.parametrize("dark", [True, False])
def test_a_figure_is_sent_with_its_theme_in_it_so_that_it_is_drawn_once(dark):
    figure = forward_chart.schedule(schedules.schedule("cosine"))
    before = copy.deepcopy(figure)
    sent = spec(figure, dark).to_dict()
    go.Figure(sent)
    assert figure == before and sent["data"] == figure["data"]
    layout = sent["layout"]
    assert not {"template", "meta"} & set(layout)  # plotly would take each for another one, and draw it again
    assert "text" not in layout["title"]
    assert layout["yaxis2"]["title"] == layout["yaxis"]["title"] | {"text": "logSNR"}
    assert layout["xaxis"]["ticks"] == "outside" and layout["xaxis"]["title"]["standoff"] > 0


def test_a_chart_s_own_title_is_bold_in_every_theme():
    figure = forward_chart.schedule(schedules.schedule("cosine"))
    figure["layout"]["title"] = {"text": "loss"}
    assert spec(figure, dark=False).to_dict()["layout"]["title"]["text"] == "<b>loss</b>"


@pytest.mark.parametrize("count", range(5))
def test_the_legend_stands_above_the_names_of_all_upright_lines(count):
    frame = pd.DataFrame({"percent": [0.0, 100.0], "share": [0.0, 1.0]})
    marks = [Mark(Estimate(10.0 * place, math.nan, math.nan, 0), "a name") for place in range(count)]
    layout = curves([Curve(frame, "one"), Curve(frame, "two")], "% of steps", "share", marks)["layout"]
    margin = layout["margin"]
    above = (layout["legend"]["y"] - 1) * (layout["height"] - margin["t"] - margin["b"])
    names = [note["yshift"] + 15 for note in layout["annotations"]]  # 15 pixels high each
    assert max(names, default=0) < above < margin["t"] - 19


def test_the_legend_hides_a_line_with_its_band():
    frame = curve(1).assign(low=0.1, high=0.9)
    for figure in (curves([Curve(frame, "one"), Curve(frame, "other")], "% of steps", "recognizable"),
                   loss.loss_bands(frame.assign(name="one", value=0.5, n=3), ["one"], "step")):  # fmt: skip
        shown = {trace["legendgroup"] for trace in figure["data"] if trace.get("showlegend", True)}
        hidden = [trace["legendgroup"] for trace in figure["data"] if not trace.get("showlegend", True)]
        assert hidden and len(hidden) == len(shown) and set(hidden) == shown


@pytest.mark.parametrize("place", [40.0, math.inf])
def test_a_name_stands_once_on_a_chart_of_lines_where_a_mark_and_a_level_have_the_same(place):
    mark = Mark(Estimate(place, place, place, 60), "half")
    figure = curves([Curve(curve(1))], "% of steps", "recognizable", [mark], [Level(0.5, "half"), Level(0.1, "lot")])
    assert sorted(note["text"] for note in figure["layout"]["annotations"]) == ["half", "lot"]
    assert len(figure["layout"]["shapes"]) >= 2, "both lines across"
