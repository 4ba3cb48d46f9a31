"""A report: runs, numbers, charts and pictures as one HTML file that needs no network and no Firstlight.

It outlives its runs: it holds its numbers as JSON too, with the SHA-256 of the files and queries behind them, so that
`check` can say later what has changed.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboard.access.addresses import HOME
from dashboard.ask.answers import answer
from dashboard.ask.question import Asked
from dashboard.components import elements, terms
from dashboard.report import short
from dashboard.report.checked_numbers import Ask
from dashboard.report.cover import BARE, Cover
from dashboard.report.facts import facts
from dashboard.report.plotly_js import plotly
from dashboard.report.report_file import LARGEST, Page
from dashboard.report.sections import UNSEALED, content
from firstlight.command_text import for_everywhere
from firstlight.errors import RunError
from firstlight.run_folder import Run
from store.archive import good_entry

HERE = Path(__file__).parent
MOST_RUNS = 20

Drawing = Callable[[Run], Any]  # dashboard.report.live.sections.live


def report(
    ids: Sequence[str], root: Path, ask: Ask, address: str = HOME, drawing: Drawing | None = None,
    questions: Sequence[Asked] = (), over: Cover = BARE,
) -> bytes:  # fmt: skip
    """The file, with the answers to these questions, the words and sections that it is to have, and with what `drawing`
    makes of the first run where there is one, so that it draws by itself.

    Raises RunError, with one sentence, where a run is not there, is damaged, or there are too many.
    """
    ids = list(dict.fromkeys(ids))
    if not ids:
        raise RunError("A report needs a run; list the runs with: firstlight store list")
    if len(ids) > MOST_RUNS:
        raise RunError(f"A report holds at most {MOST_RUNS} runs, not {len(ids)}; name those that are to be compared.")
    if over.short:
        if drawing:
            raise RunError("A short report is for paper and draws nothing; leave out --live, or make the whole report.")
        questions = short.questions(ids, questions, over)
    found = [good_entry(root, run_id).run for run_id in ids]
    live = drawing(found[0]) if drawing else None
    with for_everywhere():
        runs = [facts(run_id, root, ask) for run_id in ids]
        answered = [answer(each, root, ask) for each in dict.fromkeys(questions)]
        shown = content(runs, ask, address.rstrip("/"), answered, over)
    page = _sealed(_template().render(**shown, live=live, plotly="" if live else plotly())).encode("utf-8", "replace")
    if len(page) > LARGEST:
        raise RunError(
            f"The report would have {len(page) / 1e6:.0f} MB, more than {LARGEST / 1e6:.0f}; name fewer runs."
        )
    return page


def _sealed(text: str) -> str:
    """With the SHA-256 of what a reader sees in the record, where UNSEALED stands."""
    page = Page()
    page.feed(text)
    return text.replace(UNSEALED, page.digest, 1)


@cache
def _template() -> Any:
    shown = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    shown.filters |= {"explained": _explained, "named": _named}
    return shown.get_template("report.html")


def _explained(text: str) -> Markup:
    """A text with its terms, which say what they mean."""
    return Markup(elements.explained(str(text)))


def _named(label: str) -> Markup:
    """The name of a figure or a column, which says what it means, or what the terms in it do."""
    return Markup(elements.named(label)) if terms.meaning(label) else _explained(label)
