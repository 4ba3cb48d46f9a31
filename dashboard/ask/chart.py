"""A row for each class: a share with its interval, of one run or of two."""

from collections.abc import Mapping, Sequence

from dashboard.charts.theme import HEIGHT, MUTED, Figure, bare_layout, error_bars, plain, styles
from dashboard.format import share
from evaluator.stats.intervals import Estimate

ROW = 28  # pixels of a class
MARKS = ("circle", "square")
FAR = 0.5


def shares(found: Mapping[str, Mapping[str, Estimate]], classes: Sequence[str], lot: float) -> Figure:
    """found: run -> class -> share; `lot`: the share of pictures of classes drawn by lot."""
    looks, traces = styles(list(found)), []
    for place, (run, own) in enumerate(found.items()):
        names = [name for name in classes if name in own]
        traces.append({
            "type": "scatter", "mode": "markers", "name": plain(run), "x": [own[name].value for name in names],
            "y": [classes.index(name) + (0.3 * place - 0.15) * (len(found) > 1) for name in names],
            "error_x": error_bars((own[name] for name in names), thickness=2, width=0),
            "marker": {"size": 8, "color": looks[run][0], "symbol": MARKS[place % len(MARKS)]},
            "text": [f"{plain(name)}: {share(own[name])}, n = {own[name].n:,}" for name in names],
            "hovertemplate": f"%{{text}}<extra>{plain(run)}</extra>",
        })  # fmt: skip
    layout = bare_layout("accuracy of the asked class")
    layout["xaxis"] |= {"tickformat": ".1~%", "range": _span(found, lot), "autorange": False}
    layout["yaxis"] |= {"tickvals": list(range(len(classes))), "ticktext": [plain(name) for name in classes],
                        "range": [len(classes) - 0.4, -0.6], "gridcolor": "rgba(0,0,0,0)"}  # fmt: skip
    layout["shapes"].append({"type": "line", "xref": "x", "yref": "paper", "x0": lot, "x1": lot, "y0": 0, "y1": 1,
                             "line": {"color": MUTED, "width": 1.5, "dash": "dot"}})  # fmt: skip
    layout |= {"height": max(HEIGHT, 90 + ROW * len(classes)), "hovermode": "closest", "showlegend": len(found) > 1}
    return {"data": traces, "layout": layout}


def _span(found: Mapping[str, Mapping[str, Estimate]], lot: float) -> list[float]:
    """From all ends to all ends; where every class is far above the lot, without it: shares near 1 are told apart."""
    lows = [each.low for own in found.values() for each in own.values()]
    highs = [each.high for own in found.values() for each in own.values()]
    low, high = min(lows, default=0.0), max(highs, default=1.0)
    low = low if far_from(found, lot) else min(low, lot)
    room = 0.04 * (high - low) or 0.02
    return [max(low - room, 0.0), min(high + room, 1.0 + room)]


def far_from(found: Mapping[str, Mapping[str, Estimate]], lot: float) -> bool:
    """Whether every class lies so far above the lot that the chart leaves it out."""
    return min((each.low for own in found.values() for each in own.values()), default=0.0) - lot > FAR
