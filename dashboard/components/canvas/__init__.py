"""The canvas: one draws with mouse, finger or pen, and beside it stands what comes back.

Strokes stay in the browser, where undo and clear are. At the end of each the browser asks for a direct answer, where
one is offered, and shows it; then it tells the page, which is drawn anew and shows the same. What comes from there is
anybody's: `dashboard.draw.picture` looks at it before it counts.
"""

import base64
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.pictures.grid import address

HERE = Path(__file__).parent
SIDE = 140  # grey values along each side of what is sent: five for a pixel of MNIST's
KEY, KEPT, ASKED = "canvas", "drawing", "canvas-asked"  # of the component, of what it last sent, of what it asks for


class Drawing(NamedTuple):
    """What the browser sent last, unlooked at."""

    begun: Any  # the name of the picture that it was drawn on
    sent: Any  # grey values in base64; empty where nothing is left of it
    turn: Any = 0  # how many strokes, undone and cleared ones too, the browser had sent by then


class Back(NamedTuple):
    """What stands beside the canvas."""

    content: bytes  # a PNG
    alt: str

    def told(self) -> dict[str, str]:
        """As the browser is given it."""
        return {"picture": address(self.content), "alt": self.alt}


@st.cache_resource(max_entries=1)
def _component() -> Any:
    texts = [(HERE / f"canvas.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")]
    return st.components.v2.component("firstlight_canvas", html=texts[0], css=texts[1], js=texts[2])


def drawing() -> Drawing | None:
    """What was last drawn in this session; None where nothing was."""
    held = st.session_state.get(KEPT)
    return Drawing(held.get("begun"), held.get("sent"), held.get("turn")) if isinstance(held, dict) else None


def asked() -> Any:
    """The part of the work that the browser asks for now, once; None where it asks for none."""
    return st.session_state.pop(ASKED, None)


def canvas(
    begun: str,
    start: NDArray[np.uint8] | None,
    more: str,
    back: Back | None = None,
    direct: dict[str, str] | None = None,
) -> None:
    """Show the canvas on the picture `start` (S, S), which is called `begun`; another name begins anew.

    `more`: what the browser asks for when nobody has drawn for a moment; empty for nothing. `back`: what stands beside
    it, of the drawing that was last sent. `direct`: where it may ask for the next one, and with what token.
    """
    held = drawing()
    own = held if held is not None and held.begun == begun else None
    on = None if start is None else base64.b64encode(start.tobytes()).decode()
    turn = own.turn if own is not None and isinstance(own.turn, int) else 0
    data = {
        "begun": begun, "start": on, "size": 0 if start is None else len(start), "side": SIDE, "more": more,
        "kept": own.sent if own is not None and KEY not in st.session_state else None,
        "turn": turn, "back": back.told() if back else None, "direct": direct,
    }  # fmt: skip
    _component()(data=data, key=KEY, height="content", on_drawing_change=_take, on_more_change=_ask)


def _take() -> None:
    st.session_state[KEPT] = (st.session_state.get(KEY) or {}).get("drawing")


def _ask() -> None:
    st.session_state[ASKED] = (st.session_state.get(KEY) or {}).get("more")
