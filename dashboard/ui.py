"""What pages share: the archive, the control bar, guards that end a page early, and words from runs as literal text.

The seam is here because everything that comes from an address bar or a run folder is checked once, on its way in, and
because an empty page must name the command that fills it.
"""

import html
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pandas as pd
import streamlit as st

from dashboard.charts import AXES, CONFIG, Figure
from dashboard.findings import VIEWS, threshold
from evaluator.judges import JudgeError
from sampler.errors import SamplerError
from store.database import Archive
from store.run import RUNS, Run, RunError, run_at

Number = TypeVar("Number", int, float)

STYLE = Path(__file__).parent / "style.css"
DEFAULT_AXIS = "% of steps"
WORDS = {
    "logSNR": "the logarithm of signal power over noise power, ln(ᾱ / (1 − ᾱ)): the noise level, whatever the schedule",
    "x_t": "the picture with its noise, as the process holds it at this step",
    "x̂0": "the finished picture that the network sees in x_t at this step",
    "guidance": "guidance scale s: D without label + s · (D with label − D without label); 1 is plain conditional",
    "CAS": "classification accuracy score: train a classifier on generated pictures, test it on real ones",
    "never": "the share of pictures that the judge does not recognize even when they are finished",
}  # one line on hover for each


def root() -> Path:
    """The archive's folder: FIRSTLIGHT_RUNS, or the bundled runs."""
    return Path(os.environ.get("FIRSTLIGHT_RUNS") or RUNS)


@st.cache_resource(max_entries=4, show_spinner=False)
def _archive(folder: Path) -> Archive:
    return Archive(folder)


def ask(name: str, **parameters: Any) -> pd.DataFrame:
    """The answer of store/sql/<name>.sql. Ends the page with the reason where there is none."""
    try:
        return _archive(root()).ask(name, **parameters)
    except RunError as error:
        stop(str(error))


def control_bar(controls: Sequence[str]) -> None:
    """The bar at the top of every page; what is chosen is in the URL and stays while pages change."""
    frame = ask("runs")
    usable = frame[frame["state"] != "damaged"]
    if usable.empty:
        return
    ids = usable["run"].tolist()
    first = next(iter(usable.loc[usable["state"] == "finished", "run"]), ids[0])
    options: dict[str, tuple[str, list[str], str]] = {"run": ("Run", ids, first)}
    _adopt("run", ids, first)
    names = class_names(usable[usable["run"] == st.session_state["run"]].iloc[0])
    options |= {"class": ("Class", names, names[0]), "axis": ("Axis", list(AXES), DEFAULT_AXIS)}
    _complete_address({key: choice for key, choice in options.items() if key in controls})
    with st.container(horizontal=True, key="control-bar"):
        for key, (label, values, default) in options.items():
            _adopt(key, values, default)
            if key in controls:
                st.selectbox(
                    label, values, index=None, key=key, bind="query-params", required=True, width=190 if key == "run" else 130
                )


def _adopt(key: str, values: Sequence[str], default: str) -> None:
    """Keep a control's value, or replace one that is no choice (any more); a bad one in the URL gets a notice."""
    asked = st.query_params.get(key)
    if not st.session_state.get("arrived") and asked is not None:
        if asked in values:
            st.session_state[key] = asked
            return
        refuse(key)
    held = st.session_state.get(key)
    st.session_state[key] = held if held in values else default


def _complete_address(options: dict[str, tuple[str, list[str], str]]) -> None:
    """On arrival, write the choices into the URL too, so that the link shows the same when the defaults have changed."""
    if st.session_state.get("arrived"):
        return
    for key, (_, values, default) in options.items():
        _adopt(key, values, default)
    st.session_state["arrived"] = True
    st.query_params.update({key: st.session_state[key] for key in options})


def refuse(key: str) -> None:
    """Remember that the URL asked for something that is not there; `notice` says so once."""
    st.session_state.setdefault("refused", []).append(key)


def notice() -> None:
    """One notice for all that the URL asked for and that is not there."""
    refused = list(dict.fromkeys(st.session_state.pop("refused", [])))
    if refused:
        st.info(f"The link asks for a {' and a '.join(refused)} that is not here; the page shows its default instead.")


def chosen_run() -> pd.Series:
    """The run in the control bar, a row of the query `runs`. Ends the page where there is none."""
    frame = ask("runs")
    usable = frame[frame["state"] != "damaged"]
    if usable.empty:
        damaged(frame)
        stop("No runs yet. Make one with: python -m trainer train --preset tiny")
    row = usable[usable["run"] == st.session_state.get("run")]
    return (usable if row.empty else row).iloc[0]


def chosen_class(run: pd.Series) -> int:
    """The label chosen in the control bar."""
    names = class_names(run)
    held = st.session_state.get("class")
    return names.index(held) if held in names else 0


def chosen_axis() -> str:
    """The x-axis chosen in the control bar, a key of charts.AXES."""
    held = st.session_state.get("axis")
    return held if held in AXES else DEFAULT_AXIS


def folder(run: pd.Series) -> Run:
    """The run's folder."""
    return run_at(root(), str(run["run"]))


def class_names(run: pd.Series) -> list[str]:
    """The classes of the run's data set, in their order, each different from the others."""
    names = [str(name) for name in run["classes"]] if run["classes"] is not None else []
    return [name if names.index(name) == place else f"{name} ({place})" for place, name in enumerate(names)] or ["0"]


def choose(label: str, values: Sequence[str], key: str, default: str | None = None, help: str | None = None) -> str:
    """One of a few values as a row of buttons, in the URL. The values must be ours: the buttons read Markdown."""
    asked = st.query_params.get(key)
    if asked is not None and asked not in values:
        refuse(key)
    if st.session_state.get(key, values[0]) not in values:
        del st.session_state[key]
    picked = st.segmented_control(
        label, values, default=default or values[0], key=key, bind="query-params", required=True, help=help
    )
    return picked if picked in values else default or values[0]


def others(run: pd.Series) -> list[str]:
    """Runs to show beside the chosen one, in the URL: their ids, the chosen run's first."""
    frame = ask("runs")
    ids = [name for name in frame.loc[frame["state"] != "damaged", "run"] if name != run["run"]]
    if not ids:
        return [str(run["run"])]
    asked = st.query_params.get_all("with")
    if set(asked) - {*ids, run["run"]}:
        refuse("with")
    if set(st.session_state.get("with", [])) - set(ids):
        st.session_state["with"] = [name for name in st.session_state["with"] if name in ids]
    picked = st.multiselect("Beside", ids, key="with", bind="query-params", placeholder="other runs", width=260)
    return [str(run["run"]), *(name for name in picked if name in ids)]


def number(label: str, low: int, high: int, default: int, key: str, help: str | None = None) -> int:
    """A whole number on a slider, in the URL; where there is only one, no slider."""
    if low >= high:
        return low
    asked = st.query_params.get(key)
    if asked is not None and not (re.fullmatch(r"-?\d{1,9}", asked) and low <= int(asked) <= high):
        refuse(key)
    held = st.session_state.get(key)
    if isinstance(held, (int, float)) and not low <= held <= high:
        st.session_state[key] = default
    picked = st.slider(label, low, high, default, key=key, bind="query-params", help=help)
    return min(max(int(picked), low), high)


def entry(
    label: str, low: Number, high: Number, default: Number, key: str, owner: str | None = None, help: str | None = None
) -> Number:
    """A number to type in, in the URL. A default that has an owner comes back with another owner."""
    _check_number(key, low, high)
    _default_of(key, default, owner)
    picked = st.number_input(label, low, high, default, key=key, bind="query-params", help=help, width=120)
    return min(max(picked, low), high) if picked == picked else default


def pick(label: str, values: Sequence[str], default: str, key: str, owner: str | None = None, width: int = 130) -> str:
    """One of a list, in the URL. A default that has an owner comes back with another owner."""
    default = default if default in values else values[0]
    asked = st.query_params.get(key)
    if asked is not None and asked not in values:
        refuse(key)
    _default_of(key, default, owner)
    picked = st.selectbox(label, values, index=values.index(default), key=key, bind="query-params", width=width)
    return picked if picked in values else default


def chosen_judge(run: pd.Series) -> tuple[str, str]:
    """What was judged and by whom: view and judge. Ends the page where nothing was."""
    frame = ask("judges", run=run["run"])
    pairs = {f"{VIEWS.get(row.view, row.view)}, {row.judge}": (row.view, row.judge) for row in frame.itertuples()}
    if not pairs:
        stop(f"{run['run']} is not judged yet. Do it with: python -m evaluator recognizability {run['run']}")
    order = sorted(pairs, key=lambda name: (list(VIEWS).index(pairs[name][0]) if pairs[name][0] in VIEWS else 9, name))
    return pairs[pick("Judged", order, order[0], "judged", width=240)]


def chosen_threshold(run: pd.Series, view: str) -> float:
    """The probability from which a picture counts as recognized; each run and view begins with its own."""
    own = round(100 * threshold(folder(run), view))
    _default_of("threshold", own, f"{run['run']} {view}")
    return (
        number(
            "Threshold, %", 34, 99, min(max(own, 34), 99), "threshold", help="probability of the class asked, at least"
        )
        / 100
    )


def _check_number(key: str, low: float, high: float) -> None:
    asked = st.query_params.get(key)
    try:
        good = asked is None or low <= float(asked) <= high
    except ValueError:
        good = False
    if not good:
        refuse(key)


def _default_of(key: str, default: Any, owner: str | None) -> None:
    """Put a control back to its default when the run, or whatever else the default comes from, is another one."""
    if owner is None:
        return
    owners = st.session_state.setdefault("owners", {})
    if owners.get(key, owner) != owner:
        st.session_state[key] = default
    owners[key] = owner


@contextmanager
def faults() -> Iterator[None]:
    """Whatever cannot be drawn or judged ends the page with its sentence."""
    try:
        yield
    except (SamplerError, JudgeError, RunError) as error:
        stop(str(error))


def title(name: str, question: str) -> None:
    """A page's name and the question it answers. Both must be ours: they are read as Markdown."""
    st.title(name, anchor=False)
    st.caption(question)
    notice()


def finding(text: str) -> None:
    """The page's one-sentence answer, computed, as literal text."""
    st.html(f'<p class="finding">{html.escape(text).replace(" %", "&nbsp;%")}</p>')


def note(text: str) -> None:
    """A quiet line of literal text."""
    st.html(f'<p class="note">{html.escape(text)}</p>')


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Names and values, one pair after the other, as literal text."""
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in pairs)
    st.html(f'<dl class="facts">{rows}</dl>')


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A small table, as literal text."""
    head = "".join(f"<th>{html.escape(text)}</th>" for text in headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    st.html(
        f'<div class="wide"><table class="figures"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def damaged(frame: pd.DataFrame) -> None:
    """Every damaged run with its reason, as literal text."""
    bad = frame[frame["state"] == "damaged"]
    if not bad.empty:
        rows = "".join(
            f'<li><span class="badge">damaged</span> {html.escape(run)}: {html.escape(reason)}</li>'
            for run, reason in zip(bad["run"], bad["reason"], strict=True)
        )
        st.html(f'<ul class="damaged">{rows}</ul>')
        note("Damaged runs are left out of every page. Check them with: python -m store verify")


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


def chart(figure: Figure, key: str, alt: str) -> None:
    """A figure in the browser's theme."""
    st.plotly_chart(figure, key=key, config=CONFIG, alt=alt)


def style() -> None:
    """The few rules that the theme cannot say."""
    st.html(STYLE)
