"""The control bar: run, baseline, class, axis and the runs beside; and what a page reads from it."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from dashboard.axes import AXES
from dashboard.components.copy_link import copy_link
from dashboard.components.elements import WORDS, stop
from dashboard.components.inputs import RUNS, default_of, number, pick, refuse, several
from dashboard.data.archive import ask, folder
from dashboard.data.judgements import VIEWS
from dashboard.run_facts import class_names
from evaluator.recognizability.thresholds import threshold

DEFAULT_AXIS = "% of steps"
COMPARED_AXIS = "logSNR"  # means the same for every schedule, so runs are compared on it
LEAST, MOST = 34, 99  # thresholds on offer, %


def control_bar(controls: Sequence[str]) -> None:
    """The bar at the top of every page; what is chosen is in the URL and stays while pages change."""
    frame = ask("runs")
    usable = frame[frame["state"] != "damaged"]
    if usable.empty:
        return
    ids = usable["run"].tolist()
    ranked = usable.assign(done=usable["state"] == "finished").sort_values(
        ["accuracy", "done"], ascending=False, na_position="last", kind="stable"
    )
    first = str(ranked["run"].iloc[0])  # the run that draws best, where one is evaluated
    options: dict[str, tuple[str, list[str], str]] = {"run": ("Run", ids, first)}
    _adopt("run", ids, first)
    names = class_names(usable[usable["run"] == st.session_state["run"]].iloc[0])
    compared = ("with" in controls and bool(st.query_params.get_all("with"))) or "baseline" in controls
    axis = COMPARED_AXIS if compared else DEFAULT_AXIS
    if "baseline" in controls:
        _begin_comparing()
    options |= {
        "baseline": ("Baseline", ids, str(ranked["run"].iloc[min(1, len(ids) - 1)])),  # against which the best is held
        "class": ("Class", names, names[0]),
        "axis": ("Axis", list(AXES), axis),
    }
    _complete_address({key: choice for key, choice in options.items() if key in controls})
    with st.container(horizontal=True, key="control-bar", vertical_alignment="bottom"):
        for key, (label, values, default) in options.items():
            _adopt(key, values, default, shown=key in controls)
            if key not in controls:
                st.session_state[key] = st.session_state[key]  # or it is forgotten, because nothing draws it here
            else:
                wide = 190 if key in ("run", "baseline") else 130
                said = WORDS.get(key)
                st.selectbox(label, values, None, key=key, help=said, bind="query-params", required=True, width=wide)
        if "with" in controls:
            others(usable[usable["run"] == st.session_state["run"]].iloc[0], _compare)
        copy_link({key: st.session_state[key] for key in options if key in controls})


def _adopt(key: str, values: Sequence[str], default: str, shown: bool = True) -> None:
    """Keep a control's value, or replace one that is no choice (any more); a bad one in the URL gets a notice."""
    asked = st.query_params.get(key)
    if not st.session_state.get("arrived") and asked is not None:
        if asked in values:
            st.session_state[key] = asked
        else:
            refuse(key)
    memory = st.session_state.setdefault("memory", {})  # a page left before it was drawn loses its widgets' values
    if st.session_state.get(key) not in values:
        if key in RUNS and shown and memory.get(key, default) not in values:
            refuse(key)  # deleted or damaged since it was chosen
        st.session_state[key] = memory[key] if memory.get(key) in values else default
    memory[key] = st.session_state[key]


def _complete_address(options: dict[str, tuple[str, list[str], str]]) -> None:
    """On arrival, write the choices into the URL too, so that the link outlives its defaults."""
    if st.session_state.get("arrived"):
        return
    for key, (_, values, default) in options.items():
        _adopt(key, values, default)
    st.session_state["arrived"] = True
    lacking = {key: st.session_state[key] for key in options if key not in st.query_params}
    if lacking:
        st.query_params.update(lacking)


def chosen_class(run: pd.Series) -> int:
    """The label chosen in the control bar."""
    names = class_names(run)
    held = st.session_state.get("class")
    return names.index(held) if held in names else 0


def chosen_axis() -> str:
    """The x-axis chosen in the control bar, a key of charts.AXES."""
    held = st.session_state.get("axis")
    return held if held in AXES else DEFAULT_AXIS


def chosen_judge(run: pd.Series) -> tuple[str, str]:
    """What was judged and by whom: view and judge. Ends the page where nothing was."""
    frame = ask("judges", run=run["run"])
    pairs = {f"{VIEWS.get(row.view, row.view)}, {row.judge}": (row.view, row.judge) for row in frame.itertuples()}
    if not pairs:
        stop(f"{run['run']} is not judged yet. Do it with: firstlight evaluate recognizability {run['run']}")
    order = sorted(pairs, key=lambda name: (list(VIEWS).index(pairs[name][0]) if pairs[name][0] in VIEWS else 9, name))
    return pairs[pick("Judged", order, order[0], "judged", width=240)]


def chosen_threshold(run: pd.Series, view: str) -> float:
    """The probability from which a picture counts as recognized; each run and view begins with its own."""
    own = round(100 * threshold(folder(run), view))
    default_of("threshold", own, f"{run['run']} {view}")
    return (
        number(
            "Threshold, %", 34, 99, min(max(own, 34), 99), "threshold", help="probability of the class asked, at least"
        )
        / 100
    )


def others(run: pd.Series, changed: Callable[[], None] | None = None) -> list[str]:
    """Runs to show beside the chosen one, in the URL: their ids, the chosen run's first."""
    frame = ask("runs")
    ids = [name for name in frame.loc[frame["state"] != "damaged", "run"].tolist() if name != run["run"]]
    if not ids:
        return [str(run["run"])]
    return [str(run["run"]), *several("Beside", ids, "with", "other runs", also=[str(run["run"])], changed=changed)]


def chosen_others(run: pd.Series) -> list[str]:
    """The runs chosen in the control bar to stand beside the run: their ids, the run's first."""
    return [str(run["run"]), *(name for name in st.session_state.get("with", []) if name != run["run"])]


def _begin_comparing() -> None:
    """On the first visit to a page that compares, unless its link says otherwise."""
    if st.session_state.get("arrived") and not st.session_state.get("comparing"):
        st.session_state["axis"] = COMPARED_AXIS
    st.session_state["comparing"] = True


def _compare() -> None:
    """Runs are compared on logSNR, unless another axis is chosen afterwards."""
    comparing = bool(st.session_state.get("with"))
    if comparing and not st.session_state.get("comparing"):
        st.session_state["axis"] = COMPARED_AXIS
    st.session_state["comparing"] = comparing
