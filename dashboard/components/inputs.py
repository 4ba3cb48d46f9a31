"""Inputs whose values live in the URL, each checked against what it may be."""

import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from dashboard.components.static_page import still
from dashboard.components.terms import meaning

Number = TypeVar("Number", int, float)
RUNS = {
    "run": "run",
    "baseline": "baseline",
    "with": "run beside it",
    "other-run": "other run",
}  # what names a run that may be gone, in words


LETTER, AROUND, MOST = 6.6, 48, 400  # pixels of a letter in a field, of what stands around it, and of a field
SHOWN = "shown by the controls"  # in the session
ASKED = "asked for on arrival"  # in the session, too


def arrive() -> None:
    """Keep what the URL asks for when a session begins: a browser drops it where somebody leaves the page before its
    controls stand.
    """
    if ASKED not in st.session_state:
        st.session_state[ASKED] = st.query_params.to_dict()


def returned() -> bool:
    """Whether the page is drawn because somebody went back, or forward, to an address: then that holds."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def asked_for(key: str) -> str | None:
    """What the URL asks for, or asked for on arrival."""
    on_arrival = {} if returned() else st.session_state.get(ASKED, {})
    found: str | None = st.query_params.get(key, on_arrival.get(key))
    return found


def keep_in_address(key: str) -> None:
    """Say in the URL, and in the browser's control, what a control holds, where the browser has dropped it."""
    if st.session_state.get(key) and key not in st.query_params:
        st.session_state[key] = st.session_state[key]
        with suppress(StreamlitAPIException):  # Streamlit still knows the control, and says so itself
            st.query_params[key] = st.session_state[key]


def begin(page: str) -> None:
    """Forget what the controls of another page showed, or of this one before."""
    st.session_state[SHOWN] = {"page": page or "start"}


def shown() -> dict[str, str]:
    """The page, and what its controls show so far, by their keys in the URL: what a file that is saved here is of."""
    return dict(st.session_state.get(SHOWN, {}))


def tell(key: str, value: Any) -> None:
    """Keep what a control shows, for `shown`."""
    words = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    st.session_state.setdefault(SHOWN, {})[key] = words


def refuse(key: str, why: str = "") -> None:
    """Remember that the URL asked for something that is not there; `notice` says so once, with `why` where it is known:
    a name, and what is wrong with it.
    """
    st.session_state.setdefault("refused", {})[key] = why


def notice(place: DeltaGenerator) -> None:
    """One notice for all that the URL asked for and that is not there."""
    refused: dict[str, str] = st.session_state.pop("refused", {})
    if not refused:
        return
    words = " and ".join(f"{'an' if key[0] in 'aeiou' else 'a'} {RUNS.get(key, key)}" for key in refused)
    lost = "is not here or is damaged" if RUNS.keys() & set(refused) else "is not here"
    known = " ".join(f"{escaped(why)}." for why in dict.fromkeys(filter(None, refused.values())))
    place.info(f"The link asks for {words} that {lost}; the page shows its default instead. {known}".rstrip())


def escaped(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=@/])", r"\\\1", text)


def says(label: str, more: bool = False) -> str | None:
    """What a control is about, for whoever points at its mark; with `more`, that its list has not all runs."""
    other = "The newest are listed; type the id of any other, or choose it on the page Runs." if more else ""
    told = [meaning(label), other]
    return escaped(" ".join(filter(None, told))) or None


def parts(names: Sequence[str], key: str = "part", alike: bool = False) -> list[tuple[str, DeltaGenerator]]:
    """Tabs, the open one in the URL. Returns only the open one: what is not open is not computed; in a file all are,
    unless they are `alike`: then they share controls, of which a page has each but once.
    """
    asked = st.query_params.get(key)
    if asked is not None and asked not in names:
        refuse(key)
    tabs = st.tabs(names, key=key, on_change="rerun", bind="query-params")
    return [(name, tab) for name, tab in zip(names, tabs, strict=True) if tab.open or (still() and not alike)]


def several(
    label: str, values: Sequence[str], key: str, placeholder: str, also: Sequence[str] = (),
    changed: Callable[[], None] | None = None, more: bool = False,
) -> list[str]:  # fmt: skip
    """Any of a list, in the URL, in the order picked; `also` may stand in the URL and is passed over. Where there are
    more than the list has, others may be typed.
    """
    if set(st.query_params.get_all(key)) - {*values, *also}:
        refuse(key)
    _settle(key, [], lambda held: isinstance(held, (list, tuple)))
    if set(st.session_state.get(key, [])) - set(values):
        st.session_state[key] = [name for name in st.session_state[key] if name in values]
    keep_in_address(key)
    picked = st.multiselect(
        label, values, key=key, bind="query-params", placeholder=placeholder, width=260, on_change=changed,
        accept_new_options=more, help=says(label, more),
    )  # fmt: skip
    found = [name for name in picked if name in values]
    tell(key, found)
    return found


def choose(label: str, values: Sequence[str], key: str, default: str | None = None, help: str | None = None) -> str:
    """One of a few values as a row of buttons, in the URL. The values must be ours: the buttons read Markdown."""
    asked = st.query_params.get(key)
    if asked is not None and asked not in values:
        refuse(key)
    _settle(key, default or values[0], lambda held: held in values)
    picked = st.segmented_control(
        label,
        values,
        default=default or values[0],
        key=key,
        bind="query-params",
        required=True,
        help=help or says(label),
        wrap=True,
    )
    found = picked if picked in values else default or values[0]
    tell(key, found)
    return found


def number(label: str, low: int, high: int, default: int, key: str, help: str | None = None) -> int:
    """A whole number on a slider, in the URL; where there is only one, no slider."""
    if low >= high:
        return low
    asked = st.query_params.get(key)
    if asked is not None and not (re.fullmatch(r"-?\d{1,9}", asked) and low <= int(asked) <= high):
        refuse(key)
    _settle(key, default, lambda held: isinstance(held, int) and low <= held <= high)
    picked = st.slider(label, low, high, default, key=key, bind="query-params", help=help or says(label), width=240)
    found = min(max(int(picked), low), high)
    tell(key, found)
    return found


def turned(key: str, pages: int) -> int:
    """The page of a long list, 1 to `pages`, in the URL."""
    _check_number(key, 1, pages)
    _settle(key, 1, lambda held: isinstance(held, int) and 1 <= held <= pages)
    picked = st.pagination(pages, key=key, bind="query-params")
    return min(max(int(picked), 1), pages)


def entry(
    label: str, low: Number, high: Number, default: Number, key: str, owner: str | None = None, help: str | None = None,
    step: Number | None = None,
) -> Number:  # fmt: skip
    """A number to type in, in the URL. A default that has an owner comes back with another owner."""
    _check_number(key, low, high)
    default_of(key, default, owner)
    kinds = (int, float) if isinstance(default, float) else (int,)
    _settle(key, default, lambda held: isinstance(held, kinds) and not held < low and not held > high)
    bound: Literal["query-params"] | None = None if _endless(key) else "query-params"
    picked = st.number_input(label, low, high, default, step, key=key, bind=bound, help=help or says(label), width=120)
    found = min(max(picked, low), high) if picked == picked else default
    tell(key, found)
    return found


def words(label: str, most: int, key: str, lines: bool = False) -> str:
    """Words to type in, so many characters at most, in the URL; on several `lines` where they may be long."""
    if len(st.query_params.get(key, "")) > most:
        refuse(key)
        del st.query_params[key]
    _settle(key, "", lambda held: isinstance(held, str) and len(held) <= most)
    typed = (st.text_area if lines else st.text_input)(
        label, key=key, max_chars=most, bind="query-params", help=says(label)
    )
    return typed if isinstance(typed, str) else ""


def pick(
    label: str,
    values: Sequence[str],
    default: str,
    key: str,
    owner: str | None = None,
    width: int = 130,
    help: str | None = None,
) -> str:
    """One of a list, in the URL. A default that has an owner comes back with another owner."""
    default = default if default in values else values[0]
    asked = st.query_params.get(key)
    if asked is not None and asked not in values and key not in st.session_state:  # else it is of another run's list
        refuse(key)
    default_of(key, default, owner)
    _settle(key, default, lambda held: held in values)
    place = values.index(default)
    picked = st.selectbox(
        label, values, index=place, key=key, bind="query-params", width=roomy(values, width), help=help or says(label)
    )
    found = picked if picked in values else default
    tell(key, found)
    return found


def roomy(values: Sequence[str], least: int) -> int:
    """Pixels of a field that shows the longest of its choices, at least and at most so many."""
    return max(least, min(MOST, round(AROUND + LETTER * max(map(len, values), default=0))))


def _settle(key: str, default: Any, fits: Callable[[Any], bool]) -> None:
    """Put a control to its default where its key holds what another page, or another run, meant by the same name."""
    if key in st.session_state and not fits(st.session_state[key]):
        st.session_state[key] = default


def _check_number(key: str, low: float, high: float) -> None:
    asked = st.query_params.get(key)
    try:
        good = asked is None or low <= float(asked) <= high
    except ValueError:
        good = False
    if not good:
        refuse(key)


def _endless(key: str) -> bool:
    """Whether the URL asks for infinity, of which Streamlit would make a whole number; then it asks no more."""
    try:
        endless = math.isinf(float(st.query_params.get(key, "0")))
    except ValueError:
        return False
    if endless:
        del st.query_params[key]
    return endless


def default_of(key: str, default: Any, owner: str | None) -> None:
    """Put a control back to its default when the run, or whatever else the default comes from, is another one."""
    if owner is None:
        return
    owners = st.session_state.setdefault("owners", {})
    if owners.get(key, owner) != owner:
        st.session_state[key] = default
    owners[key] = owner
