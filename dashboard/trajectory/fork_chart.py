"""How many forks end as each class."""

import pandas as pd

from dashboard.charts.theme import SKY, Figure, bare_layout, error_bars, plain
from dashboard.format import estimate_of, share


def endings(frame: pd.DataFrame, label: int) -> Figure:
    """How many pictures end as each class, `label` in colour. frame: label, class, count, n, share, low, high."""
    said = [
        f"{plain(row['class'])}: {row['count']:,} of {row['n']:,}, {share(estimate_of(row, 'share'), 0)}"
        for row in frame.to_dict("records")
    ]
    ends = [estimate_of(row, "share") for row in frame.to_dict("records")]
    trace = {
        "type": "bar", "x": [plain(name) for name in frame["class"]], "y": frame["share"].tolist(), "text": said,
        "textposition": "none", "hovertemplate": "%{text}<extra></extra>",
        "marker": {"color": [SKY if other == label else "rgba(128,138,155,0.45)" for other in frame["label"]]},
        "error_y": error_bars(ends, thickness=2, width=4, color="rgb(128,138,155)"),
    }  # fmt: skip
    layout = bare_layout("what the judge takes the finished picture for")
    layout["xaxis"] |= {"type": "category", "autorange": True}
    layout["yaxis"] |= {"tickformat": ".0%", "range": [0, 1], "title": {"text": f"share, n = {frame['n'].max():,}"}}
    layout |= {"hovermode": "closest", "showlegend": False, "bargap": 0.5}
    return {"data": [trace], "layout": layout}
