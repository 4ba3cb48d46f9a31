"""The statements of store/sql: their text, what they read, and the values that are bound to them."""

import re
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


def views_of(sql: str) -> list[str]:
    """The views that a statement stands on, directly or through a macro."""
    words = words_of(sql)
    return [view for view in VIEWS if view in words or MACROS.get(view, view) in words]


def tables_of(sql: str) -> list[str]:
    """The tables that a statement reads."""
    return [table for view in views_of(sql) if view != "cards" for table in SOURCES.get(view, (view,))]


def words_of(sql: str) -> set[str]:
    """Every word outside of its comments."""
    return set(re.findall(r"\w+", re.sub(r"--.*", "", sql)))


def bound_to(name: str, sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The values to bind. Raises TypeError for one that is unknown or missing."""
    wanted = set(re.findall(r"\$(\w+)", sql))
    optional = set(re.findall(r"coalesce\(\$(\w+)", sql))
    unknown = parameters.keys() - wanted - {"run", "runs"}
    missing = wanted - optional - parameters.keys()
    if unknown or missing:
        problem = f"lacks {', '.join(sorted(missing))}" if missing else f"knows no {', '.join(sorted(unknown))}"
        raise TypeError(f"the query {name} {problem}")
    return {key: _plain(parameters.get(key)) for key in wanted}


def _plain(value: Any) -> Any:
    """A Python number for a numpy one."""
    return value.item() if isinstance(value, np.generic) else value
