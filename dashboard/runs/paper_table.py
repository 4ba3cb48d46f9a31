"""The table of runs on paper, where the one on the screen would be cut at its frame."""

import html
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.components import elements
from dashboard.components.static_page import still
from dashboard.runs.table import EXTRA, NAMES

WRITTEN = {"best": "{:.4f}", "last": "{:.4f}", "accuracy": "{:.2f} %"}  # as `columns` says to the screen


def draw(rows: pd.DataFrame) -> None:
    """These rows of the table, without the curve of the loss; seen in print alone. In a file the table has no frame."""
    if still():
        return
    shown = rows.drop(columns="loss", errors="ignore")
    headings = [NAMES.get(name, name.removeprefix(EXTRA)) for name in shown]
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(name, value)}</td>" for name, value in zip(shown, row, strict=True)) + "</tr>"
        for row in shown.itertuples(index=False)
    )
    st.html(f'<div class="paper">{elements.framed(headings, body, "runs, for print")}</div>')


def _cell(name: str, value: Any) -> str:
    if isinstance(value, list):
        return html.escape(", ".join(map(str, value)))
    if value is None or value != value:
        return ""
    if name == "picture":
        return f'<img src="{html.escape(value)}" alt="">'
    return html.escape(WRITTEN.get(name, "{}").format(value))
