"""A table of Streamlit's as HTML: its columns as they are configured, pictures and small curves included."""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dashboard.components import elements

WIDE, HIGH = 110, 24  # pixels of a small curve


def table(frame: pd.DataFrame, config: Mapping[str, Any]) -> str:
    """The rows as they stand. config: what Streamlit knows of each column, by name."""
    columns = [(name, config.get(str(name), {})) for name in frame]
    columns = [(name, known) for name, known in columns if not known.get("hidden")]
    names = [str(known.get("label") or name) for name, known in columns]
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    kinds = [(name, known.get("type_config") or {}) for name, known in columns]
    rows = (
        "<tr>" + "".join(f"<td>{_cell(row[name], kind)}</td>" for name, kind in kinds) + "</tr>"
        for _, row in frame.iterrows()
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="table"><span class="more"></span>'
        f'<table class="figures cards" style="{elements.heads(names)}">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(value: Any, kind: Mapping[str, Any]) -> str:
    """One value as its column shows it."""
    if kind.get("type") == "image":
        return f'<img src="{html.escape(value)}" alt="">' if isinstance(value, str) else ""
    if isinstance(value, list | tuple | np.ndarray):
        shown = ", ".join(str(each) for each in value)
        return _curve(list(value)) if kind.get("type") == "line_chart" else html.escape(shown)
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if kind.get("type") == "number" and "%" in str(kind.get("format") or ""):
        return html.escape(str(kind["format"]) % value)
    return html.escape(str(value))


def _curve(values: Sequence[Any]) -> str:
    """A small curve through finite values."""
    kept = [float(each) for each in values if each is not None and math.isfinite(each)]
    if len(kept) < 2:
        return ""
    low, high = min(kept), max(kept)
    points = " ".join(
        f"{WIDE * place / (len(kept) - 1):.1f},{HIGH - 1 - (HIGH - 2) * (each - low) / ((high - low) or 1):.1f}"
        for place, each in enumerate(kept)
    )
    return f'<svg width="{WIDE}" height="{HIGH}" aria-hidden="true"><polyline points="{points}"/></svg>'
