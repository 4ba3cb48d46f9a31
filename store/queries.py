"""The statements of store/sql: their text, what they read, and the values that are bound to them."""

import re
from functools import cache
from typing import Any

import numpy as np

from store.views import SOURCES, SQL, VIEWS, text

QUERIES = frozenset(path.stem for path in SQL.glob("*.sql"))
MACROS = {"judgements": "recognized"}  # view -> the table macro that reads it


def statement(name: str) -> str:
    """The text of store/sql/<name>.sql. Raises KeyError where there is none."""
    if name not in QUERIES:
        raise KeyError(f"there is no query {name!r}; there are {', '.join(sorted(QUERIES))}")
    return text(f"{name}.sql")


@cache
def views_of(sql: str) -> tuple[str, ...]:
    """The views that a statement stands on, directly or through a macro."""
    words = words_of(sql)
    return tuple(view for view in VIEWS if view in words or MACROS.get(view, view) in words)


@cache
def tables_of(sql: str) -> tuple[str, ...]:
    """The tables that a statement reads."""
    return tuple(table for view in views_of(sql) if view != "cards" for table in SOURCES.get(view, (view,)))


@cache
def words_of(sql: str) -> frozenset[str]:
    """Every word outside of its comments."""
    return frozenset(re.findall(r"\w+", re.sub(r"--.*", "", sql)))


@cache
def values_of(sql: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names of a statement's values, and of those that may be left out."""
    wanted, optional = (re.findall(pattern, sql) for pattern in (r"\$(\w+)", r"coalesce\(\$(\w+)"))
    return frozenset(wanted), frozenset(optional)


def bound_to(name: str, sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The values to bind. Raises TypeError for one that is unknown or missing."""
    wanted, optional = values_of(sql)
    unknown = parameters.keys() - wanted - {"run", "runs"}
    missing = wanted - optional - parameters.keys()
    if unknown or missing:
        problem = f"lacks {', '.join(sorted(missing))}" if missing else f"knows no {', '.join(sorted(unknown))}"
        raise TypeError(f"the query {name} {problem}")
    return {key: _plain(parameters.get(key)) for key in wanted}


def _plain(value: Any) -> Any:
    """A Python number for a numpy one."""
    return value.item() if isinstance(value, np.generic) else value
