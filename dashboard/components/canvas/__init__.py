"""The canvas: one draws with mouse, finger or pen, and the server is sent grey values at the end of each stroke.

Strokes stay in the browser, where undo and clear are. What comes from there is anybody's: `dashboard.draw.picture`
looks at it before it counts.
"""

import base64
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

HERE = Path(__file__).parent
SIDE = 140  # grey values along each side of what is sent: five for a pixel of MNIST's
KEY, KEPT, ASKED = "canvas", "drawing", "canvas-asked"  # of the component, of what it last sent, of what it asks for


class Drawing(NamedTuple):
    """What the browser sent last, unlooked at."""

    begun: Any  # the name of the picture that it was drawn on
    sent: Any  # grey values in base64; empty where nothing is left of it


@st.cache_resource(max_entries=1)
def _component() -> Any:
    texts = [(HERE / f"canvas.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")]
    return st.components.v2.component("firstlight_canvas", html=texts[0], css=texts[1], js=texts[2])


def drawing() -> Drawing | None:
    """What was last drawn in this session; None where nothing was."""
    held = st.session_state.get(KEPT)
    return Drawing(held.get("begun"), held.get("sent")) if isinstance(held, dict) else None


def asked() -> Any:
    """The part of the work that the browser asks for now, once; None where it asks for none."""
    return st.session_state.pop(ASKED, None)


def canvas(begun: str, start: NDArray[np.uint8] | None, more: str) -> None:
    """Show the canvas on the picture `start` (S, S), which is called `begun`; another name begins anew.

    `more`: what the browser asks for when nobody has drawn for a moment; empty for nothing.
    """
    held = drawing()
    kept = held.sent if KEY not in st.session_state and held is not None and held.begun == begun else None
    on = None if start is None else base64.b64encode(start.tobytes()).decode()
    data = {"begun": begun, "start": on, "size": 0 if start is None else len(start), "kept": kept,
            "side": SIDE, "more": more}  # fmt: skip
    _component()(data=data, key=KEY, height="content", on_drawing_change=_take, on_more_change=_ask)


def _take() -> None:
    st.session_state[KEPT] = (st.session_state.get(KEY) or {}).get("drawing")


def _ask() -> None:
    st.session_state[ASKED] = (st.session_state.get(KEY) or {}).get("more")
