"""A page of the dashboard as it opens, drawn without a server or a browser."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamlit import logger
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard.components.static_page import FILES, STILL, SavedFile
from firstlight.errors import RunError

APP = Path(__file__).resolve().parent.parent / "app.py"
PATIENCE = 600.0  # seconds for a page
COMPONENTS = BidiComponentManager()  # one for all pages: each page's own would search every installed package


def visited(path: str, asked: Mapping[str, str]) -> tuple[Any, dict[str, SavedFile]]:
    """The elements of a page's main part, as Streamlit's own tree of them, and what its buttons save, by their keys.

    asked: what its address says. Raises RunError, one sentence, where the page could not be drawn.
    """
    logger.set_log_level("ERROR")  # or it remarks that no browser asks
    page = AppTest.from_file(APP, default_timeout=PATIENCE)
    page.context = {"theme": "light"}
    page.session_state[STILL] = True
    page._bidi_component_manager = COMPONENTS
    for key, value in asked.items():
        page.query_params[key] = value
    page._page_hash = calc_hash(path)  # its switch_page knows a page with a path of its own only after another's run
    try:
        page.run()
    except RuntimeError as error:
        raise RunError(f"The page {path or 'runs'} was not drawn within {PATIENCE:.0f} s; name fewer runs.") from error
    if page.exception:
        raise RunError(
            f"The page {path or 'runs'} could not be drawn ({page.exception[0].message}); nothing is written."
        )
    return page.main, page.session_state.get(FILES, {})
