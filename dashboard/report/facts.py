"""What a report says of one run, and the SHA-256 of the files and queries behind it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dashboard.claims import text as claims_text
from dashboard.data.judgements import Measured, default_look, measured
from dashboard.report.checked_numbers import Ask, Number, numbers_of
from evaluator.claims.statements import Found
from firstlight.manifest import sha256, signature, survey
from firstlight.run_folder import Run
from store.archive import good_entry
from store.queries import statement

SCHEMA = 1  # of a report's own record


@dataclass(frozen=True)
class Facts:
    """What a report says of one run."""

    run: pd.Series  # a row of the query `runs`
    folder: Run
    numbers: list[Number]
    measured: Measured | None
    files: dict[str, str]  # name -> SHA-256
    claims: tuple[Found, ...]  # verdicts on the source's statements


def facts(run_id: str, root: Path, ask: Ask) -> Facts:
    """Everything of one run that is a number. Raises RunError for a missing, malformed or damaged run."""
    folder = good_entry(root, run_id).run
    run = ask("runs", runs=[run_id]).iloc[0]
    look = default_look(ask, run, folder)
    found = measured(ask, run, look, folder) if look else None
    return Facts(
        run, folder, numbers_of(run, ask, found), found, files_of(folder), claims_text.verdicts_of(folder, ask)
    )


def files_of(run: Run) -> dict[str, str]:
    """The SHA-256 of every file of a run that is data, by name; checkpoints and notes are left out."""
    found, _ = survey(run)
    names = sorted(name for name in found if "/" not in name)
    return {name: sha256(str(run.folder / name), signature((run.folder / name).lstat())) for name in names}


def query_hash(name: str) -> str:
    """The SHA-256 of a query's text."""
    return hashlib.sha256(statement(name).encode()).hexdigest()
