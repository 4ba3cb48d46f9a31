"""The U-Net drawn: blocks as wide as their channels, as high as their pictures; skips across, embeddings from below."""

import math
from typing import Any

import pandas as pd

from dashboard.charts.theme import BLUE, GREEN, GRID, MUTED, ORANGE, PURPLE, SKY, Figure
from dashboard.network.anatomy import Anatomy, Part, Shapes

HIGH, WIDE = 0.86, 0.8  # of the largest picture, of the most channels; one step along the network is 1
DEEPER = 1.55  # from a level to the next
COLOURS = {"stem": MUTED, "head": MUTED, "shrink": ORANGE, "grow": ORANGE, "down": SKY, "up": SKY, "middle": BLUE}
SAYS = {
    "stem": "2 × 2 pixels folded into channels and convolved",
    "down": "two 3 × 3 convolutions and a shortcut; its output skips to the up block across",
    "shrink": "2 × 2 pixels folded into channels and convolved",
    "middle": "the bottleneck: two 3 × 3 convolutions and a shortcut",
    "up": "what comes up and what was skipped, one behind the other; two 3 × 3 convolutions and a shortcut",
    "grow": "convolved, channels unfolded into 2 × 2 pixels",
    "head": "a 3 × 3 convolution, then channels unfolded into 2 × 2 pixels",
}
LEGEND = (("blocks of convolutions", SKY, "square"), ("folding and unfolding", ORANGE, "square"))


def drawing(net: Anatomy) -> Figure:
    """The whole network; every part tells its shapes on hover."""
    x, y = list(range(len(net.parts))), [-DEEPER * part.level for part in net.parts]
    floor = -DEEPER * (net.levels - 1) - 1.15
    boxes = [_box(part, x[place], y[place], net) for place, part in enumerate(net.parts)]
    flow = {
        "type": "scatter", "mode": "lines", **_between(net, x, y), "line": {"color": MUTED, "width": 1.5},
        "hoverinfo": "skip", "name": "the way of the pictures",
    }  # fmt: skip
    points = {
        "type": "scatter", "mode": "markers", "x": x, "y": y, "text": [_hover(part) for part in net.parts],
        "hovertemplate": "%{text}<extra></extra>", "marker": {"size": 34, "opacity": 0}, "showlegend": False,
    }  # fmt: skip
    kinds = [
        {"type": "scatter", "mode": "markers", "x": [None], "y": [None], "name": name, "hoverinfo": "skip",
         "marker": {"color": colour, "symbol": symbol, "size": 10}} for name, colour, symbol in LEGEND
    ]  # fmt: skip
    labels = [_text(x[place], y[place] - _height(part, net) / 2, part.name, "top") for place, part in
              enumerate(net.parts)]  # fmt: skip
    labels += [_text(x[place], y[place], f"{part.outputs}", "middle") for place, part in enumerate(net.parts)]
    return {
        "data": [flow, *_embedding_lines(net, x, y, floor), *_skips(net, x, y), points, *kinds],
        "layout": {
            "xaxis": _bare([-1.2, len(x) - 0.2]), "yaxis": _bare([floor - 0.75, HIGH / 2 + 0.95]),
            "shapes": boxes + _embedding_stems(net, floor), "annotations": labels + _embedding_names(net, floor),
            "height": 250 + 130 * net.levels, "margin": {"l": 4, "r": 4, "t": 30, "b": 4}, "dragmode": False,
            "hovermode": "closest", "title": {"text": ""}, "meta": {"down": [-1, 46]},
            "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "title": {"text": ""}},
        },
    }  # fmt: skip


def table(net: Anatomy) -> pd.DataFrame:
    """A row for each part: shapes in and out, weights."""
    rows = [
        {"part": part.name, "channels in": part.inputs, "channels out": part.outputs, "height and width": part.size,
         "weights": part.parameters, "shapes": _shapes(part.weights, ", ")} for part in net.parts
    ]  # fmt: skip
    embeddings = (("time embedding", net.time), ("class embedding", net.label), ("guidance embedding", net.scale))
    rows += [
        {"part": name, "channels in": shapes["first.weight"][1], "channels out": shapes["second.weight"][0],
         "weights": sum(math.prod(shape) for shape in shapes.values()), "shapes": _shapes(shapes, ", ")}
        for name, shapes in embeddings if shapes
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _box(part: Part, x: float, y: float, net: Anatomy) -> Figure:
    half, up = _width(part, net) / 2, _height(part, net) / 2
    colour = COLOURS[part.kind]
    return {"type": "rect", "x0": x - half, "x1": x + half, "y0": y - up, "y1": y + up, "layer": "above",
            "line": {"color": colour, "width": 2}, "fillcolor": colour, "opacity": 0.35}  # fmt: skip


def _between(net: Anatomy, x: list[int], y: list[float]) -> dict[str, list[float | None]]:
    """From every part's right side to the left side of the next."""
    along: list[float | None] = []
    up: list[float | None] = []
    for place in range(len(x) - 1):
        half, next_half = (_width(net.parts[each], net) / 2 for each in (place, place + 1))
        along += [x[place] + half, x[place + 1] - next_half, None]
        up += [y[place], y[place + 1], None]
    return {"x": along, "y": up}


def _width(part: Part, net: Anatomy) -> float:
    return 0.24 + (WIDE - 0.24) * part.outputs / max(each.outputs for each in net.parts)


def _height(part: Part, net: Anatomy) -> float:
    return 0.3 + (HIGH - 0.3) * part.size / max(each.size for each in net.parts)


def _skips(net: Anatomy, x: list[int], y: list[float]) -> list[dict[str, Any]]:
    """A dashed line over the blocks for every skip, the outer ones higher."""
    made: list[dict[str, Any]] = []
    for turn, (down, up) in enumerate(net.skips):
        part = net.parts[down]
        same = [pair for pair in net.skips if net.parts[pair[0]].level == part.level]
        top = y[down] + _height(part, net) / 2
        over = top + 0.16 + 0.2 * same.index((down, up))
        said = f"skip from {part.name} to {net.parts[up].name}<br>{part.outputs} × {part.size} × {part.size}"
        made.append({
            "type": "scatter", "mode": "lines", "x": [x[down], x[down], x[up], x[up]], "y": [top, over, over, top],
            "line": {"color": GREEN, "width": 2, "dash": "dash"}, "hoverinfo": "skip", "name": "skips",
            "legendgroup": "skips", "showlegend": turn == 0,
        })  # fmt: skip
        made.append({
            "type": "scatter", "mode": "markers", "x": [(x[down] + x[up]) / 2], "y": [over], "text": [said],
            "hovertemplate": "%{text}<extra></extra>", "showlegend": False, "legendgroup": "skips",
            "marker": {"color": GREEN, "size": 9, "symbol": "triangle-right"},
        })  # fmt: skip
    return made


def _embedding_lines(net: Anatomy, x: list[int], y: list[float], floor: float) -> list[dict[str, Any]]:
    """From the embeddings' sum up into every block, dotted."""
    blocks = [place for place, part in enumerate(net.parts) if "embed.weight" in part.weights]
    across: list[float | None] = [x[blocks[0]], x[blocks[-1]], None]
    up: list[float | None] = [floor, floor, None]
    for place in blocks:
        across += [x[place], x[place], None]
        up += [floor, y[place] - _height(net.parts[place], net) / 2 - 0.22, None]
    return [{
        "type": "scatter", "mode": "lines", "x": across, "y": up, "hoverinfo": "skip",
        "line": {"color": PURPLE, "width": 1.5, "dash": "dot"}, "name": "time and class, into every block",
    }]  # fmt: skip


def _embedding_stems(net: Anatomy, floor: float) -> list[Figure]:
    return [{"type": "line", "x0": middle, "x1": middle, "y0": floor - 0.28, "y1": floor,
             "line": {"color": PURPLE, "width": 1.5, "dash": "dot"}} for middle, _ in _entrances(net)]  # fmt: skip


def _embedding_names(net: Anatomy, floor: float) -> list[Figure]:
    return [_text(middle, floor - 0.28, said, "top", 12) | {"name": "along"} for middle, said in _entrances(net)]


def _entrances(net: Anatomy) -> list[tuple[float, str]]:
    """Where each embedding enters from, and what it is."""
    last = len(net.parts) - 1
    time, label = net.time, net.label
    said = [
        f"logSNR → sin, cos ({time['first.weight'][1]}) → {time['first.weight'][0]} → {time['second.weight'][0]}",
        f"label → one-hot ({label['first.weight'][1]}) → {label['first.weight'][0]} → {label['second.weight'][0]}"
        " → × c_mask",
    ]
    if net.scale:
        said.append(f"guidance → {net.scale['first.weight'][0]} → {net.scale['second.weight'][0]}")
    places = [0.2, 0.8] if len(said) == 2 else [0.14, 0.5, 0.86]
    return [(place * last, text) for place, text in zip(places, said, strict=True)]


def _hover(part: Part) -> str:
    return (
        f"<b>{part.name}</b>: {SAYS[part.kind]}<br>out: {part.outputs} × {part.size} × {part.size}<br>"
        f"{part.parameters:,} weights<br>{_shapes(part.weights, '<br>')}"
    )


def _shapes(weights: Shapes, between: str) -> str:
    named = {name: shape for name, shape in weights.items() if name.endswith("weight")}
    return between.join(f"{name} {' × '.join(map(str, shape))}" for name, shape in named.items())


def _text(x: float, y: float, text: str, anchor: str, size: int = 11) -> Figure:
    return {"x": x, "y": y, "text": text, "showarrow": False, "xanchor": "center", "yanchor": anchor,
            "font": {"size": size}}  # fmt: skip


def _bare(ends: list[float]) -> Figure:
    return {"range": ends, "visible": False, "fixedrange": True, "gridcolor": GRID}
