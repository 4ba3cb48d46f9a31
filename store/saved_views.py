"""Saved views of the list of runs: a name for a query, kept in the archive's folder `.views`, a file for each."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from firstlight.atomic_writes import write_json
from firstlight.errors import RunError
from firstlight.remote.registry import address, elsewhere
from firstlight.table_schema import SCHEMA

VIEWS = ".views"  # beside the runs
MOST = 100
LONGEST_NAME, LONGEST_QUERY = 60, 4_000  # characters
LARGEST = 1 << 16  # bytes of a file


@dataclass(frozen=True)
class View:
    """A name, and what stands in the address of the page behind its question mark."""

    name: str
    query: str


def views(runs: Path) -> list[View]:
    """The views of an archive, by name; a file that is not as it should be is passed over."""
    found = [_view(path) for path in sorted((runs / VIEWS).glob("*.json"))[:MOST]]
    return sorted((each for each in found if each), key=lambda each: each.name.casefold())


def save(runs: Path, view: View) -> None:
    """Keep a view, in the place of one that has its name. Raises RunError where it cannot be kept."""
    name = " ".join(view.name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise RunError(f"A view has a name of 1 to {LONGEST_NAME} characters; type one.")
    if len(view.query) > LONGEST_QUERY:
        raise RunError(f"A view's address has at most {LONGEST_QUERY:,} characters; choose fewer columns.")
    if elsewhere(runs):
        raise RunError(f"{address(runs)} keeps no views; keep this page's link instead, which holds all of it.")
    path = _path(runs, name)
    if not path.exists() and len(views(runs)) >= MOST:
        raise RunError(f"An archive keeps {MOST} views; remove one first.")
    try:
        write_json(path, {"schema": SCHEMA, "name": name, "query": view.query})
    except (OSError, UnicodeEncodeError) as error:
        raise RunError(f"The view was not kept ({error}); see that {path.parent} may be written.") from error


def remove(runs: Path, name: str) -> None:
    """Forget the view of that name. Raises RunError where it stays."""
    try:
        _path(runs, name).unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            f"The view was not removed ({error.strerror}); see that {runs / VIEWS} may be written."
        ) from error


def _path(runs: Path, name: str) -> Path:
    return runs / VIEWS / f"{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:32]}.json"


def _view(path: Path) -> View | None:
    try:
        if path.stat().st_size > LARGEST:
            return None
        content = json.loads(path.read_bytes())
        name, query = content["name"], content["query"]
        query.encode(), name.encode()  # half a surrogate pair would break every page
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    fits = 0 < len(name) <= LONGEST_NAME and name.isprintable() and len(query) <= LONGEST_QUERY
    return View(name, query) if fits else None
