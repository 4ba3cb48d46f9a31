"""What the network itself takes a drawing for: a bar and an interval for each class, light enough to grow quickly."""

import html
from collections.abc import Sequence

import numpy as np
import streamlit as st

from dashboard.components import elements
from dashboard.draw.way_back import Turns
from dashboard.format import share
from evaluator.experiments.diffusion_classifier import Window, estimates
from firstlight.interval_text import real_minus


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
    low, high = (real_minus(f"{end:g}") for end in window)
    elements.note(
        f"Diffusion classifier: how well each label explains the noise that {run} is shown in your drawing, all "
        f"classes equally likely before; n = {len(error)} draws of noise at random levels from logSNR {low} to "
        f"{high}. Intervals are of these draws alone, by bootstrap: other noise, not another network."
    )
