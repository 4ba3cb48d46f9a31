"""The two sheets as HTML to print: the questions with room for answers, and the teacher's, with the answers."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboard.access.addresses import HOME, page_address
from dashboard.app import SECTIONS
from dashboard.report.checked_numbers import Ask
from dashboard.report.exercises.questions import exercises
from dashboard.report.facts import facts
from firstlight.errors import RunError
from firstlight.run_state import now

HERE = Path(__file__).parent
MOST_RUNS = 3
TITLES = {path: title for pages in SECTIONS.values() for _, title, path in pages} | {"": "Runs"}


def sheets(ids: Sequence[str], root: Path, ask: Ask, address: str = HOME) -> tuple[str, str]:
    """The sheet for the class and the teacher's, whose links lead to the dashboard at `address`.

    Raises RunError, one sentence, where a run is not there or damaged, or there are too many.
    """
    ids = list(dict.fromkeys(ids))
    if not 0 < len(ids) <= MOST_RUNS:
        raise RunError(f"A sheet is of 1 to {MOST_RUNS} runs, not {len(ids)}; name the run that is asked about first.")
    asked = [
        {"words": each.words, "answer": each.answer, "why": each.why, "page": TITLES[each.page],
         "link": page_address(each.page or "runs", each.there, address)}
        for each in exercises([facts(run_id, root, ask) for run_id in ids], root, ask)
    ]  # fmt: skip
    style = Markup((HERE / "sheet.css").read_text(encoding="utf-8"))
    shown = {"runs": ids, "asked": asked, "made": now()[:16].replace("T", " "), "style": style,
             "home": page_address("", {}, address)}  # fmt: skip
    blank, answers = (_template().render(**shown, answers=told) for told in (False, True))
    return blank, answers


@cache
def _template() -> Any:
    return Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined).get_template(
        "sheet.html"
    )
