"""The control bar: run, baseline, class, axis and the runs beside; and what a page reads from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from dashboard.axes import AXES
from dashboard.components.copy_link import copy_link
from dashboard.components.inputs import RUNS, asked_for, keep_in_address, refuse, returned, roomy, says, several, tell
from dashboard.data import archive
from dashboard.run_facts import class_names
from firstlight.run_id import RUN_ID

DEFAULT_AXIS = "% of steps"
COMPARED_AXIS = "logSNR"  # means the same for every schedule, so runs are compared on it


@dataclass(frozen=True)
class Choice:
    """A control of the bar: its label, what may be chosen, and what is chosen where nobody has."""

    label: str
    values: list[str]
    default: str
    more: bool = False  # there are others, which may be typed


def control_bar(controls: Sequence[str], tag: str = "") -> list[str]:
    """The bar at the top of every page; what is chosen is in the URL and stays while pages change.

    Whoever arrives here without a run is shown one with the `tag`, where there is one.

    Returns the ids of the runs chosen on it.
    """
    if not controls:  # a page of no run has an address all the same
        with st.container(key="control-bar"):
            copy_link({})
        return []
    if "baseline" in controls:
        _begin_comparing()
    compared = "baseline" in controls or ("with" in controls and _beside_in_address())
    choices, run = _choices(compared, tag)
    if run is None:
        return []
    _arrive({key: choice for key, choice in choices.items() if key in controls})
    with st.container(horizontal=True, key="control-bar", vertical_alignment="bottom"):
        for key, choice in choices.items():
            _adopt(key, choice, shown=key in controls)
            _draw(key, choice) if key in controls else _hold(key)
            if key in controls:
                tell(key, st.session_state[key])
        runs = others(run, _compare) if "with" in controls else [str(st.session_state["run"])]
        copy_link({key: st.session_state[key] for key in choices if key in controls})
    return list(dict.fromkeys([*runs, *([st.session_state["baseline"]] if "baseline" in controls else [])]))


def _choices(compared: bool, tag: str) -> tuple[dict[str, Choice], pd.Series | None]:
    """The controls that are lists, in their order, and the run, which is adopted, because its classes are among the
    choices. None where no run is sound.

    The default run is the first with the tag, else the one that draws best, where one is evaluated; it is held against
    the next.
    """
    run = None
    while run is None:  # again where the run that is chosen turns out to be damaged
        if (offered := _offered(tag)).empty:
            return {}, None
        ids, more = offered["run"].tolist(), len(offered) < offered["sound"].iloc[0]
        ranked = offered.sort_values("rank")["run"].tolist()
        choice = Choice("Run", ids, [*offered.loc[offered["tagged"], "run"], ranked[0]][0], more)
        _adopt("run", choice)
        run = archive.sound_run(st.session_state["run"])
    names = class_names(run)
    return {
        "run": choice,
        "baseline": Choice("Baseline", ids, ranked[min(1, len(ids) - 1)], more),
        "class": Choice("Class", names, names[0]),
        "axis": Choice("Axis", list(AXES), COMPARED_AXIS if compared else DEFAULT_AXIS),
    }, run


def _offered(tag: str = "") -> pd.DataFrame:
    """The runs that the pickers offer; among them those that are chosen, or that the URL or the memory asks for."""
    held = (st.session_state.get("memory", {}).get, st.session_state.get, asked_for)
    asked = [get(key) for get in held for key in RUNS]
    beside = [*st.session_state.get("with", []), *st.query_params.get_all("with")]
    return archive.offered(tag, sorted({each for each in (*asked, *beside) if isinstance(each, str)}))


def _draw(key: str, choice: Choice) -> None:
    astray = returned() and st.query_params.get(key) not in choice.values  # Streamlit would take the value away
    keep_in_address(key)
    width = 190 if key in ("run", "baseline") else 130
    st.selectbox(
        choice.label, choice.values, choice.values.index(st.session_state[key]) if astray else None, key=key,
        help=says(choice.label, choice.more), bind="query-params", required=True,
        width=roomy(choice.values, width),
        accept_new_options=choice.more,
    )  # fmt: skip


def _hold(key: str) -> None:
    """Keep the value of a control that this page does not draw: Streamlit forgets it unless it is set again."""
    st.session_state[key] = st.session_state[key]


def _adopt(key: str, choice: Choice, shown: bool = True) -> None:
    """Give a control its value: the URL's on arrival or return, the one it had, the remembered one, its default."""
    if returned() or not st.session_state.get("arrived"):
        _take_from_address(key, choice)
    memory = st.session_state.setdefault("memory", {})  # a page left before it was drawn loses its widgets' values
    if st.session_state.get(key) not in choice.values:
        if key in RUNS and shown and memory.get(key, choice.default) not in choice.values:
            refuse(key, _why(memory.get(key)))  # deleted or damaged since it was chosen
        st.session_state[key] = memory[key] if memory.get(key) in choice.values else choice.default
    memory[key] = st.session_state[key]


def _take_from_address(key: str, choice: Choice) -> None:
    """What the URL asks for, where that can be chosen; else a notice."""
    asked = asked_for(key)
    if key in RUNS and asked is not None:
        asked = archive.called(asked, choice.values)
    if asked in choice.values:
        st.session_state[key] = asked
    elif asked is not None:
        refuse(key, _why(asked) if key in RUNS else "")


def _why(asked: object) -> str:
    """What is wrong with a run that is asked for, with its name; empty for a name that is none."""
    if not isinstance(asked, str) or not RUN_ID.fullmatch(asked.rpartition(":")[2]):
        return ""
    bad = archive.ask("damaged_runs")
    reason = bad.loc[bad["run"] == asked, "reason"]
    return f"{asked} is damaged: {reason.iloc[0]}" if len(reason) else f"There is no run {asked}"


def _arrive(choices: dict[str, Choice]) -> None:
    """Once in a session, write the choices into the URL too, so that the link outlives its defaults."""
    if st.session_state.get("arrived"):
        return
    for key, choice in choices.items():
        _adopt(key, choice)
    st.session_state["arrived"] = True
    lacking = {key: st.session_state[key] for key in choices if key not in st.query_params}
    if lacking:
        st.query_params.update(lacking)


def _beside_in_address() -> bool:
    """Whether the URL names runs to stand beside the chosen one."""
    return bool(st.query_params.get_all("with"))


def chosen_class(run: pd.Series) -> int:
    """The label chosen in the control bar."""
    names = class_names(run)
    held = st.session_state.get("class")
    return names.index(held) if held in names else 0


def chosen_axis() -> str:
    """The x-axis chosen in the control bar, a key of AXES."""
    held = st.session_state.get("axis")
    return held if held in AXES else DEFAULT_AXIS


def others(run: pd.Series, changed: Callable[[], None] | None = None) -> list[str]:
    """Runs to show beside the chosen one, in the URL: their ids, the chosen run's first."""
    offered = _offered()
    ids = [name for name in offered["run"] if name != run["run"]]
    if not ids:
        return [str(run["run"])]
    more, own = len(offered) < offered["sound"].iloc[0], [str(run["run"])]
    return own + several("Compare with", ids, "with", "other runs", also=own, changed=changed, more=more)


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
