"""What every page needs: the archive, guards that end a page early, and words from runs as literal text.

The seam is here because an empty page must name the command that fills it, and because nothing that comes from a run
folder may be read as Markdown or HTML.
"""

import html
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import streamlit as st

from dashboard import sharing
from dashboard.charts import CONFIG, Figure
from evaluator.judges.judge import JudgeError
from firstlight.errors import RunError, SamplerError
from firstlight.run import RUNS, Run, run_at
from store.database import Archive

STYLE = Path(__file__).parent / "style.css"
WORDS = {
    "axis": "logSNR: logarithm of signal power over noise power, ln(ᾱ / (1 − ᾱ)), whatever the schedule",
    "guidance": "guidance scale s: D without label + s · (D with label − D without label); 1 is plain conditional",
    "steps": "evaluations of the network, one after another",
    "seed": "the noise of the first picture; the next have the next seeds",
    "threshold": "probability of the class asked, at least",
}  # one line on hover for each


def root() -> Path:
    """The archive's folder: FIRSTLIGHT_RUNS, or the bundled runs."""
    return Path(os.environ.get("FIRSTLIGHT_RUNS") or RUNS)


@st.cache_resource(max_entries=4, show_spinner=False)
def _archive(folder: Path) -> Archive:
    return Archive(folder)


@contextmanager
def one_moment(closely: bool) -> Iterator[None]:
    """All of a page shows the archive as it was at one moment; `closely`, every file of every run is looked at."""
    with _archive(root()).one_moment(closely):
        yield


def ask(name: str, **parameters: Any) -> pd.DataFrame:
    """The answer of store/sql/<name>.sql. Ends the page with the reason where there is none."""
    try:
        return _archive(root()).ask(name, **parameters)
    except RunError as error:
        stop(str(error))


def stamp(run: str) -> int:
    """Another number when the run's files are others. Ends the page with the reason where it cannot be read."""
    try:
        return _archive(root()).entry(run).stamp
    except RunError as error:
        stop(str(error))


@contextmanager
def faults() -> Iterator[None]:
    """Whatever cannot be drawn or judged ends the page with its sentence."""
    try:
        yield
    except (SamplerError, JudgeError, RunError) as error:
        stop(str(error))


def chosen_run() -> pd.Series:
    """The run in the control bar, a row of the query `runs`. Ends the page where there is none."""
    frame = ask("runs")
    usable = frame[frame["state"] != "damaged"]
    if usable.empty:
        damaged(frame)
        stop("No runs yet. Make one with: firstlight train --preset tiny")
    row = usable[usable["run"] == st.session_state.get("run")]
    return (usable if row.empty else row).iloc[0]


def folder(run: pd.Series) -> Run:
    """The run's folder."""
    return run_folder(str(run["run"]))


def run_folder(run: str) -> Run:
    """The folder of the run with this id. Raises RunError for an id that is none."""
    return run_at(root(), run)


def class_names(run: pd.Series) -> list[str]:
    """The classes of the run's data set, in their order, each different from the others."""
    names = [str(name) for name in run["classes"]] if run["classes"] is not None else []
    return [name if names.index(name) == place else f"{name} ({place})" for place, name in enumerate(names)] or ["0"]


def title(name: str, question: str) -> None:
    """A page's name and the question it answers. Both must be ours: they are read as Markdown."""
    st.title(name, anchor=False)
    st.caption(question)


def finding(text: str) -> None:
    """The page's one-sentence answer, computed, as literal text."""
    st.html(f'<p class="finding">{html.escape(text).replace(" %", "&nbsp;%")}</p>')


def note(text: str) -> None:
    """A quiet line of literal text."""
    st.html(f'<p class="note">{html.escape(text)}</p>')


def notice(text: str) -> None:
    """What must not be overlooked, as literal text."""
    st.html(f'<p class="notice" role="status">{html.escape(text).replace(" %", "&nbsp;%")}</p>')


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Names and values, one pair after the other, as literal text."""
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in pairs)
    st.html(f'<dl class="facts">{rows}</dl>')


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], name: str = "table") -> None:
    """A small table, as literal text, and a button that saves it as firstlight-<name>.csv."""
    head = "".join(f"<th>{html.escape(text)}</th>" for text in headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    st.html(
        f'<div class="wide" role="region" aria-label="{html.escape(name)}" tabindex="0"><table class="figures">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    sharing.save_rows(pd.DataFrame(list(rows), columns=list(headings)), name)


def damaged(frame: pd.DataFrame) -> None:
    """Every damaged run with its reason, as literal text."""
    bad = frame[frame["state"] == "damaged"]
    if not bad.empty:
        rows = "".join(
            f'<li><span class="badge">damaged</span> {html.escape(run)}: {html.escape(reason)}</li>'
            for run, reason in zip(bad["run"], bad["reason"], strict=True)
        )
        st.html(f'<ul class="damaged">{rows}</ul>')
        note("Damaged runs are left out of every page. Check them with: firstlight store verify")


def stop(message: str) -> NoReturn:
    """End the page with one sentence, as literal text."""
    st.info(literal(message))
    st.stop()


def literal(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=@/])", r"\\\1", text)


def dark() -> bool:
    """Whether the browser shows the dark theme."""
    return st.context.theme.type != "light"


def chart(figure: Figure, key: str, alt: str, data: pd.DataFrame | None = None) -> None:
    """A figure in the browser's theme, saved as SVG by its own button, and a button that saves its `data` as CSV.

    The tests hold figures against plotly's rules; here that would cost 0.1 s.
    """
    from plotly.graph_objects import Figure as Built

    image = {"format": "svg", "filename": f"firstlight-{key}"}
    st.plotly_chart(Built(figure, _validate=False), key=key, config=CONFIG | {"toImageButtonOptions": image}, alt=alt)
    if data is not None:
        sharing.save_rows(data, key)


def style() -> None:
    """The few rules that the theme cannot say."""
    st.html(STYLE)
