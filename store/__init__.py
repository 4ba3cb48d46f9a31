"""What a run is, whether it is sound, and what it says.

The names below are the room's public ones. Each is loaded on first use, so that writing a run needs no DuckDB.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from store.archive import Entry, entries, entry, good_entry, verify
    from store.database import Archive, export
    from store.files import replacing, sweep, write_bytes, write_json, write_table
    from store.manifest import Problem, write_manifest
    from store.notes import Notes, read_notes, write_notes
    from store.run import RUNS, Run, RunError, existing_run, run_at

_HOMES = {
    "store.archive": ("Entry", "entries", "entry", "good_entry", "verify"),
    "store.database": ("Archive", "export"),
    "store.files": ("replacing", "sweep", "write_bytes", "write_json", "write_table"),
    "store.manifest": ("Problem", "write_manifest"),
    "store.notes": ("Notes", "read_notes", "write_notes"),
    "store.run": ("RUNS", "Run", "RunError", "existing_run", "run_at"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "RUNS",
    "Archive",
    "Entry",
    "Notes",
    "Problem",
    "Run",
    "RunError",
    "entries",
    "entry",
    "existing_run",
    "export",
    "good_entry",
    "read_notes",
    "replacing",
    "run_at",
    "sweep",
    "verify",
    "write_bytes",
    "write_json",
    "write_manifest",
    "write_notes",
    "write_table",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
