"""How much of the picture is left along the forward steps."""

import pandas as pd

from dashboard.charts.theme import PURPLE, SKY, Figure, bare_layout, line_of


def schedule(frame: pd.DataFrame) -> Figure:
    """How much of the picture is left along forward steps. frame: step, alpha_bar, logsnr."""
    left = {"color": SKY, "width": 2}
    right = {"color": PURPLE, "width": 2, "dash": "dash"}
    x = frame["step"].tolist()
    traces = [
        line_of(x, frame["alpha_bar"].tolist(), "ᾱ, left axis", left, hovertemplate="ᾱ %{y:.4f}<extra></extra>"),
        line_of(x, frame["logsnr"].tolist(), "logSNR, right axis", right, yaxis="y2",
              hovertemplate="logSNR %{y:.2f}<extra></extra>"),
    ]  # fmt: skip
    layout = bare_layout("forward steps")
    layout["yaxis"] |= {"title": {"text": "ᾱ, share of the picture's power left"}, "range": [0, 1.02]}
    layout["yaxis2"] = layout["yaxis"] | {
        "title": {"text": "logSNR"}, "overlaying": "y", "side": "right", "showgrid": False, "range": [-11, 11],
        "tickvals": [-10, -5, 0, 5, 10],
    }  # fmt: skip
    return {"data": traces, "layout": layout}
