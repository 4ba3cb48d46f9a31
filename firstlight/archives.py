"""Which folder of runs a command reads and writes, and which one is shown beside it and never changed.

Every command follows one rule: `--runs`, else FIRSTLIGHT_RUNS, else a checkout's own `runs/`, else `./runs`. Beside
that last one an installed Firstlight shows the bundled runs; FIRSTLIGHT_BESIDE names another folder to show.
"""

import os
from argparse import ArgumentParser
from pathlib import Path

from firstlight.errors import RunError
from firstlight.installation import HOME, INSTALLED
from firstlight.run_folder import Run
from firstlight.run_id import RUN_ID, run_at

BUNDLED = HOME / "runs"
NAMED, BESIDE = "FIRSTLIGHT_RUNS", "FIRSTLIGHT_BESIDE"
FITTED = ".fitted"  # in the archive, no run: the judges and spectra that were made for it


def archive(given: Path | None = None) -> Path:
    """The folder of runs that is read and written. given: what --runs says."""
    named = given or os.environ.get(NAMED)
    return Path(named) if named else Path("runs") if INSTALLED else BUNDLED


def cache() -> Path:
    """Where downloads are kept: in the user's home, or in the archive where nobody knows of one."""
    try:
        return Path.home() / ".cache" / "firstlight"
    except RuntimeError:  # a user without HOME and without a name, as containers have them
        return archive().resolve() / ".cache"


def add_flag(command: ArgumentParser) -> None:
    """--runs, as every command has it."""
    command.add_argument(
        "--runs", type=Path, default=archive(), metavar="DIR", help="the folder of runs (default: %(default)s)"
    )


def beside(runs: Path) -> Path | None:
    """The folder whose runs are shown beside those of `runs`; None in a checkout where none is named."""
    named = os.environ.get(BESIDE)
    if not named and (not INSTALLED or os.environ.get(NAMED) or runs.resolve() != Path("runs").resolve()):
        return None
    other = Path(named).resolve() if named else BUNDLED
    return None if other == runs.resolve() else other


def shown(run: Run) -> Run:
    """The run, or that of its id from beside its archive, where its own folder holds no run."""
    other = beside(run.folder.parent)
    if other is None or run.folder.is_symlink() or (run.folder.exists() and not words_alone(run)):
        return run
    there = Run(other / run.id, run.folder)
    return there if there.card.is_file() else run


def existing_run(runs: Path, run_id: str) -> Run:
    """The run with this id, to be read. Raises RunError where there is none."""
    run = shown(run_at(runs, run_id))
    if not run.card.is_file():
        raise RunError(f"There is no run {run_id} in {runs}. List the runs with: firstlight store list")
    return run


def own_run(runs: Path, run_id: str) -> Run:
    """The run with this id, to be changed. Raises RunError where there is none, and for one that is shown beside."""
    run = existing_run(runs, run_id)
    if run.words is not None:
        raise RunError(f"{run_id} is a bundled run, which stays as it is; make it your own with: "
                       f"firstlight store copy {run_id}")  # fmt: skip
    return run


def ids(runs: Path) -> list[str]:
    """Names of the folders in `runs` and beside it that may be runs, in order."""
    names = {folder.name for each in (runs, beside(runs)) if each for folder in each.glob("*/")}
    return sorted(name for name in names if RUN_ID.fullmatch(name))


def hidden(runs: Path) -> list[str]:
    """Ids of the runs that are not shown from beside, because `runs` has its own."""
    other = beside(runs)
    own = [] if other is None else [Run(runs / each) for each in ids(other)]
    return [run.id for run in own if run.folder.exists() and shown(run) is run]


def words_alone(run: Run) -> bool:
    """Whether a folder holds no more than what people said of a run that lies elsewhere; an empty one too."""
    try:
        names = {path.name for path in run.folder.iterdir() if not path.name.startswith(".")}
    except OSError:
        return False
    return names <= {run.notes.name, run.answers.name}


def places(path: Path, runs: Path | None = None) -> list[Path]:
    """Where a judge or a spectrum may lie that is bundled at `path`, in the order of their say.

    In the archive `runs` (that of every command where it is not given), in the one shown beside it, and bundled.
    """
    if not path.is_relative_to(HOME):
        return [path]
    own = archive(runs)
    roots = [own] + [other for other in (beside(own),) if other]
    return [*(root / FITTED / path.relative_to(HOME) for root in roots), path]


def fitted(runs: Path | None = None) -> list[Path]:
    """The judges and spectra that were made for the archive and for the one shown beside it, each file."""
    own = archive(runs)
    roots = [own] + [other for other in (beside(own),) if other]
    return sorted(path for root in roots for path in (root / FITTED).rglob("*") if path.is_file())


def writable(path: Path, runs: Path | None = None) -> Path:
    """Where a judge or a spectrum of `path` is written: in the archive, never in the program's folder."""
    return places(path, runs)[0]


def readable(path: Path, runs: Path | None = None) -> Path:
    """Where the judge or spectrum of `path` is read: the first of its places that has it."""
    return next((place for place in places(path, runs) if place.exists()), path)
