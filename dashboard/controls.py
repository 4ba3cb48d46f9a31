"""Controls, and what is chosen with them: in the URL, and checked on its way in.

The seam is here because limits are enforced only in the browser: whatever an address bar says is held against the
choices there are, and what is no choice becomes the default and one notice.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.charts import AXES
from dashboard.recognition import VIEWS, threshold
from dashboard.sharing import copy_link
from dashboard.ui import WORDS, ask, class_names, folder, stop

Number = TypeVar("Number", int, float)

DEFAULT_AXIS = "% of steps"
COMPARED_AXIS = "logSNR"  # means the same for every schedule, so runs are compared on it
LEAST, MOST = 34, 99  # thresholds on offer, %
RUNS = {"run": "run", "baseline": "baseline", "with": "run beside it"}  # what names a run that may be gone, in words


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


def refuse(key: str) -> None:
    """Remember that the URL asked for something that is not there; `notice` says so once."""
    st.session_state.setdefault("refused", []).append(key)


def notice(place: DeltaGenerator) -> None:
    """One notice for all that the URL asked for and that is not there."""
    refused = list(dict.fromkeys(st.session_state.pop("refused", [])))
    if refused:
        words = " and a ".join(RUNS.get(key, key) for key in refused)
        lost = "is not here or is damaged" if RUNS.keys() & set(refused) else "is not here"
        place.info(f"The link asks for a {words} that {lost}; the page shows its default instead.")


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
    _default_of("threshold", own, f"{run['run']} {view}")
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


def parts(names: Sequence[str], key: str = "part") -> list[tuple[str, DeltaGenerator]]:
    """Tabs, the open one in the URL. Returns only the open one: what is not open is not computed."""
    asked = st.query_params.get(key)
    if asked is not None and asked not in names:
        refuse(key)
    tabs = st.tabs(names, key=key, on_change="rerun", bind="query-params")
    return [(name, tab) for name, tab in zip(names, tabs, strict=True) if tab.open]


def several(
    label: str, values: Sequence[str], key: str, placeholder: str, also: Sequence[str] = (),
    changed: Callable[[], None] | None = None,
) -> list[str]:  # fmt: skip
    """Any of a list, in the URL, in the order picked; `also` may stand in the URL and is passed over."""
    if set(st.query_params.get_all(key)) - {*values, *also}:
        refuse(key)
    if set(st.session_state.get(key, [])) - set(values):
        st.session_state[key] = [name for name in st.session_state[key] if name in values]
    picked = st.multiselect(
        label, values, key=key, bind="query-params", placeholder=placeholder, width=260, on_change=changed
    )
    return [name for name in picked if name in values]


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
    picked = st.slider(label, low, high, default, key=key, bind="query-params", help=help, width=240)
    return min(max(int(picked), low), high)


def turned(key: str, pages: int) -> int:
    """The page of a long list, 1 to `pages`, in the URL."""
    _check_number(key, 1, pages)
    held = st.session_state.get(key)
    if isinstance(held, int) and not 1 <= held <= pages:
        st.session_state[key] = 1
    picked = st.pagination(pages, key=key, bind="query-params")
    return min(max(int(picked), 1), pages)


def entry(
    label: str, low: Number, high: Number, default: Number, key: str, owner: str | None = None, help: str | None = None,
    step: Number | None = None,
) -> Number:  # fmt: skip
    """A number to type in, in the URL. A default that has an owner comes back with another owner."""
    _check_number(key, low, high)
    _default_of(key, default, owner)
    picked = st.number_input(label, low, high, default, step, key=key, bind="query-params", help=help, width=120)
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
