"""A page of the dashboard without a server, opened as a link to it does: no other page is drawn before it."""

import re
from pathlib import Path

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard.app import CONTROLS, SECTIONS
from dashboard.site.visit import COMPONENTS

APP = Path(__file__).parent.parent / "dashboard" / "app.py"
PATHS = {file.removesuffix(".py"): path for pages in SECTIONS.values() for file, _, path in pages}
PAGES = {  # those that show a run
    file.removesuffix(".py"): title for pages in SECTIONS.values() for file, title, path in pages if CONTROLS[path]
}

MARK = re.compile(r'(?<!<th>)(?<!<dt>)<span class="term"[^>]*>(.*?)</span>')  # of a word whose meaning is said on hover


def html_of(test: AppTest) -> list[str]:
    """What a page writes as HTML, its sentences as one reads them: without the marks of terms."""
    return [unmarked(element.proto.body) for element in test.get("html")]


def unmarked(body: str) -> str:
    """HTML without the marks of terms in its sentences; heads of columns keep theirs."""
    return MARK.sub(r"\1", body)


def linked(name: str, **query: str | list[str]) -> AppTest:
    """The page after its first run. AppTest.switch_page knows a page with a path of its own only after another's."""
    test = AppTest.from_file(APP, default_timeout=300)
    for key, value in query.items():
        test.query_params[key] = value
    test._page_hash = calc_hash(PATHS[name])
    test._bidi_component_manager = COMPONENTS
    return test.run()
