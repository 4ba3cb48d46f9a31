"""CSV files of what is shown, harmless in a spreadsheet; and Parquet files, for programs."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from dashboard.components.inputs import shown
from dashboard.components.static_page import SavedFile, still, still_files
from evaluator.stats.intervals import Estimate
from firstlight.counts import counted
from sampler.origin import stem

ENDS = ("low", "high", "n")  # of an estimate, beside its value
EXACT, SHOWN = "nothing rounded", "rounded as they are shown"  # what a file's numbers are
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what makes a spreadsheet compute a cell


def csv_of(frame: pd.DataFrame) -> bytes:
    """The rows as CSV, UTF-8 with its mark: text that a spreadsheet would compute has an apostrophe before it.

    Columns of bytes (pictures) are left out; lists are JSON.
    """
    frame = _distinct(frame)
    kept = [name for name in frame if not any(isinstance(value, (bytes, bytearray)) for value in frame[name].head(50))]
    columns = {harmless(str(name)): [_cell(value) for value in frame[name].tolist()] for name in kept}
    text: str = pd.DataFrame(columns).to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8-sig", "replace")


def parquet_of(frame: pd.DataFrame) -> bytes:
    """The rows as Parquet; a column of several types is text."""
    kept = _distinct(frame)
    for name in kept:
        try:
            pa.array(kept[name], from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError):
            kept[name] = [None if value is None else str(value) for value in kept[name]]
    file = io.BytesIO()
    kept.to_parquet(file, index=False)
    return file.getvalue()


def _distinct(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy whose columns of the same name are told apart: "n" and "n (2)"."""
    names = [str(name) for name in frame]
    seen = [names[:place].count(name) + 1 for place, name in enumerate(names)]
    return frame.set_axis([name if at == 1 else f"{name} ({at})" for name, at in zip(names, seen, strict=True)], axis=1)


def unrounded(rows: Sequence[Any], **first: Sequence[object]) -> pd.DataFrame:
    """Dataclasses as rows, after the columns that are given: of an estimate, its value, ends and n; what is neither a
    number, a text nor an estimate is left out.
    """
    table = []
    for row in rows:
        cells: dict[str, object] = {}
        for field in fields(row):
            value = getattr(row, field.name)
            if isinstance(value, Estimate):
                cells |= {field.name: value.value} | {f"{field.name}_{end}": getattr(value, end) for end in ENDS}
            elif value is None or isinstance(value, (str, int, float)):
                cells[field.name] = value
        table.append(cells)
    found = pd.DataFrame(table)
    return pd.concat([pd.DataFrame(first, index=found.index), found.drop(columns=list(first), errors="ignore")], axis=1)


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
    """A button that saves the rows as CSV, in a file that is named after the page, the run and its settings; they are
    written when it is pressed.
    """
    save_later(lambda: frame, name, len(frame))


def save_later(rows: Callable[[], pd.DataFrame], name: str, count: int, what: str = EXACT) -> None:
    """The same of so many rows that are looked up when the button is pressed; what: their numbers are."""
    file, key = f"{stem(shown() | {'figure': name})}.csv", f"{name}-csv"
    _button("CSV", lambda: csv_of(rows()), file, key, f"{counted(count, 'row')}, {what}", "text/csv")


def save_filtered(rows: Callable[[], pd.DataFrame], name: str, count: int, what: str = EXACT) -> None:
    """Buttons that save a table that was filtered, as CSV and as Parquet; looked up when one of them is pressed."""
    file = f"{stem(shown() | {'figure': name})}.parquet"
    with st.container(horizontal=True):
        save_later(rows, name, count, what)
        said = f"{counted(count, 'row')}, {'with their types' if what == EXACT else what}"
        _button("Parquet", lambda: parquet_of(rows()), file, f"{name}-csv-parquet", said)


def _button(label: str, content: Callable[[], bytes], file: str, key: str, said: str, kind: str | None = None) -> None:
    """Saves a content that is made when it is pressed; where nobody can press it, the content is kept at once."""
    if still():
        still_files()[key] = SavedFile(file, content(), said)
    st.download_button(label, content, file, kind, key=key, type="tertiary", on_click="ignore", help=said)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    if hasattr(value, "tolist"):
        value = value.tolist()
    return harmless(json.dumps(value, default=str, ensure_ascii=False)) if isinstance(value, (list, dict)) else value
