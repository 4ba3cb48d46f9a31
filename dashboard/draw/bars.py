"""What the network itself takes a drawing for: a bar and an interval for each class, light enough to grow quickly."""

import html
import json
from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from dashboard.charts.theme import MUTED, SKY
from dashboard.components import elements, inputs
from dashboard.draw.way_back import Turns
from dashboard.format import share
from evaluator.experiments.diffusion_classifier import Window, estimates
from evaluator.stats.intervals import Estimate
from firstlight.interval_text import real_minus
from sampler.origin import Origin
from sampler.origin import told as said

WIDTH, BAR, ROW = 640, 320, 22  # pixels of the picture, of a bar that is full, of a class


def draw(found: Turns, names: Sequence[str], run: str, window: Window | None) -> None:
    """The bars of the diffusion classifier, and how many draws they are of."""
    error = found.error[np.isfinite(found.error).all(axis=1)]
    if window is None or not len(error):
        return
    st.subheader("What the network itself takes it for", anchor=False)
    told = estimates(error, window)
    best = int(np.argmax([each.value for each in told]))
    rows = "".join(
        f'<li class="{"most" if place == best else ""}"><span>{html.escape(name)}</span>'
        f'<span class="bar"><i style="width:{100 * each.value:.1f}%"></i></span><span>{share(each, 0)}</span></li>'
        for place, (name, each) in enumerate(zip(names, told, strict=True))
    )
    st.html(f'<ul class="bars" aria-label="Diffusion classifier">{rows}</ul>')
    origin = inputs.shown() | {"figure": "diffusion-classifier", "draws": len(error)}
    elements.save_picture("SVG", lambda: svg(dict(zip(names, told, strict=True)), origin), origin, "svg")
    low, high = (real_minus(f"{end:g}") for end in window)
    elements.note(
        f"Diffusion classifier: how well each label explains the noise that {run} is shown in your drawing, all "
        f"classes equally likely before; n = {len(error)} draws of noise at random levels from logSNR {low} to "
        f"{high}. Intervals are of these draws alone, by bootstrap: other noise, not another network."
    )


def svg(found: Mapping[str, Estimate], origin: Origin) -> bytes:
    """The bars as a picture, which says in itself what it is of. found: class -> its probability."""
    most, rows = max(found, key=lambda name: found[name].value), []
    for place, (name, each) in enumerate(found.items()):
        middle, colour = ROW * (place + 0.5), SKY if name == most else MUTED
        rows.append(
            f'<text x="110" y="{middle}" text-anchor="end">{html.escape(name)}</text>'
            f'<rect x="120" y="{middle - 6}" width="{BAR * each.value:.1f}" height="12" fill="{colour}"/>'
            f'<text x="{130 + BAR}" y="{middle}">{share(each, 0)}</text>'
        )
    told = html.escape(json.dumps(said(origin)), quote=False)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{ROW * len(found)}" font-size="13" '
        'font-family="system-ui, sans-serif" dominant-baseline="central"><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(rows)}<metadata>{told}</metadata></svg>"
    ).encode("utf-8", "replace")
