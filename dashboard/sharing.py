"""What leaves the dashboard: the link to a view, and the rows behind a table or a chart.

The seam is here because what leaves is read by other programs: a spreadsheet must take no name for a formula, and a
link must outlive the defaults of the day.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

HERE = Path(__file__).parent
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what makes a spreadsheet compute a cell


def csv_of(frame: pd.DataFrame) -> bytes:
    """The rows as CSV, UTF-8 with its mark: text that a spreadsheet would compute has an apostrophe before it.

    Columns of bytes (pictures) are left out; lists are JSON.
    """
    kept = [name for name in frame if not any(isinstance(value, (bytes, bytearray)) for value in frame[name].head(50))]
    columns = {harmless(str(name)): [_cell(value) for value in frame[name].tolist()] for name in kept}
    text: str = pd.DataFrame(columns).to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8-sig", "replace")


def harmless(text: str) -> str:
    """Text that a spreadsheet takes for text, or for a plain number."""
    if not text.startswith(FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def save_rows(frame: pd.DataFrame, name: str) -> None:
    """A button that saves the rows as firstlight-<name>.csv; they are written when it is pressed."""
    file = f"firstlight-{name}.csv"
    st.download_button(
        "CSV", lambda: csv_of(frame), file, "text/csv", key=f"{name}-csv", type="tertiary", on_click="ignore",
        help=f"{len(frame):,} rows, nothing rounded",
    )  # fmt: skip


def copy_link(chosen: Mapping[str, str]) -> None:
    """A button that copies the address of this view; what is `chosen` is in it, defaults included."""
    _component()(data={"chosen": dict(chosen)}, key="copy-link", width="content", height="content")


@st.cache_resource(max_entries=1)
def _component() -> Any:
    texts = [(HERE / f"link.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")]
    return st.components.v2.component("firstlight_link", html=texts[0], css=texts[1], js=texts[2])


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    if hasattr(value, "tolist"):
        value = value.tolist()
    return harmless(json.dumps(value, default=str, ensure_ascii=False)) if isinstance(value, (list, dict)) else value
