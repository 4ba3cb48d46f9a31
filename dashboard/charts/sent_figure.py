"""A figure as a page sends it to the browser: drawn there once, and not copied before.

With Streamlit's own theme every chart is drawn twice, because plotly takes one template for another; so a figure has
none, and what the theme would say of it stands in its layout. plotly's `Figure` would copy every point four times over.
"""

from plotly.basedatatypes import BaseFigure

from dashboard.charts.theme import MUTED, Figure

FONT = '"Source Sans", sans-serif'
SMALL, MIDDLE, LARGE = 11.25, 13.125, 15  # pixels of letters: Streamlit's 0.75, 0.875 and 1 rem
INKS = {  # theme -> letters, title, paper, frame: as in .streamlit/config.toml
    "dark": ("#E6EAF1", "#E6EAF2", "#0E1420", "#2A3448"),
    "light": ("#808495", "#1B2333", "#FBFAF7", "#DDD9CF"),
}


class Spec(BaseFigure):  # type: ignore[misc]  # plotly has no types
    """What Streamlit takes for one of plotly's figures, and asks for nothing but its dict."""

    def __init__(self, figure: Figure) -> None:
        self._figure = figure

    def to_dict(self) -> Figure:
        """The figure as it is."""
        return self._figure


def spec(figure: Figure, dark: bool) -> Spec:
    """The figure in a theme of the pages; the one given stays as it is."""
    layout = {name: value for name, value in figure["layout"].items() if name not in ("meta", "title")}
    if title := figure["layout"].get("title", {}).get("text"):
        layout["title"] = figure["layout"]["title"] | {"text": f"<b>{title}</b>"}
    under = _layout(*INKS["dark" if dark else "light"])
    under |= {name: under[name[:5]] for name in layout if name[:5] in ("xaxis", "yaxis")}
    layout["margin"] = _margin(layout)
    # where these are as they were, plotly neither asks whether the data are others nor undoes a zoom: a new figure is a
    # new chart
    return Spec({"data": figure["data"], "layout": _over(under, layout) | {"datarevision": 1, "uirevision": 1}})


def _layout(ink: str, title: str, paper: str, frame: str) -> Figure:
    """What a layout says where a figure does not."""
    small, head = {"color": ink, "size": SMALL}, {"color": ink, "size": MIDDLE}
    axis = {"tickfont": small, "automargin": True}
    return {
        "font": small | {"family": FONT}, "paper_bgcolor": paper, "plot_bgcolor": "rgba(0,0,0,0)",
        "title": {"font": {"color": title, "size": LARGE}, "pad": {"l": 3.75}, "xanchor": "left", "x": 0},
        "legend": {"title": {"font": small, "side": "top"}, "bordercolor": "rgba(0,0,0,0)", "font": small},
        "xaxis": axis | {"showgrid": False, "zeroline": False, "title": {"font": head, "standoff": 18.75}},
        "yaxis": axis | {"title": {"font": head, "standoff": 22.5}}, "margin": {"pad": 7.5, "r": 0, "l": 0},
        "hoverlabel": {"bgcolor": paper, "bordercolor": frame, "font": small | {"family": FONT}},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "rgba(128,138,155,0.5)", "activecolor": MUTED},
    }  # fmt: skip


def _margin(layout: Figure) -> Figure:
    """Room for what stands beside the axes: plotly would find out that it lacks and draw all once more."""
    margin, (x, y) = dict(layout["margin"]), (layout.get(name, {}) for name in ("xaxis", "yaxis"))
    if (x.get("title") or {}).get("text") and x.get("automargin", True):
        margin["b"] += 22
    for side, axis in (("l", y), ("r", layout.get("yaxis2", {}))):
        if (axis.get("title") or {}).get("text") and axis.get("automargin", True):
            margin[side] = max(margin[side], 54 + 5.6 * max(map(len, axis.get("ticktext", ["0.00"])), default=0))
    return margin


def _over(under: Figure, over: Figure) -> Figure:
    """What stands over, and below it, where that says nothing, what stands under."""
    both = {
        key: _over(under[key], value)
        for key, value in over.items()
        if isinstance(value, dict) and isinstance(under.get(key), dict)
    }
    return under | over | both
