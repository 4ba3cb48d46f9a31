"""Which folder of runs a command reads and writes, and which one is shown beside it and never changed.

Every command follows one rule: `--runs`, else FIRSTLIGHT_RUNS, else a checkout's own `runs/`, else `./runs`. Beside
that last one an installed Firstlight shows the bundled runs; FIRSTLIGHT_BESIDE names another folder to show. Each may
be the address of an archive elsewhere, such as s3://BUCKET/PREFIX: then the folder is the copy of it here.
"""

import atexit
import os
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import replace
from pathlib import Path

from firstlight.command_text import BUNDLED as BUNDLED
from firstlight.command_text import NAMED as NAMED
from firstlight.command_text import flag, named_archive, typed
from firstlight.errors import RunError
from firstlight.installation import HOME, INSTALLED
from firstlight.remote import registry
from firstlight.remote.address import ADDRESS, checked, folder_name, is_address, labels
from firstlight.run_folder import FITTED as FITTED
from firstlight.run_folder import Run
from firstlight.run_id import RUN_ID, run_at

BESIDE = "FIRSTLIGHT_BESIDE"
MORE = "FIRSTLIGHT_MORE"  # what a dashboard shows beside its first archive, one on each line
LABEL = re.compile(r"[a-z0-9_.-]{1,64}")  # of an archive that is shown beside another
COPIES = "elsewhere"  # in the cache: the copies of archives elsewhere, each with a file that holds its address


def archive(given: Path | str | None = None) -> Path:
    """The folder of runs that is read and written; of an archive elsewhere, the copy here.

    given: what --runs says. Raises RunError for an address that makes no sense.
    """
    named = given or named_archive()
    if isinstance(named, str) and is_address(named):
        return _copy_of(checked(named))
    folder = Path(named)
    if folder.parent.name == COPIES and folder not in registry.known and (folder / ADDRESS).is_file():
        return _copy_of(checked((folder / ADDRESS).read_text()))
    return folder


def _copy_of(address: str) -> Path:
    """The folder of the copy of an archive elsewhere, known to this process from now on; nothing is read yet."""
    root = cache().resolve() / COPIES / folder_name(address)
    if root not in registry.known:
        from firstlight.remote.mirror import Mirror

        registry.known[root] = Mirror(address, root)
        atexit.register(_send_fitted)
    return root


def _send_fitted() -> None:
    """At the end of a process: the judges and spectra that it made for an archive elsewhere go there."""
    for other in registry.known.values():
        try:
            other.send_fitted()
        except (RunError, OSError) as error:
            print(f"firstlight: {error}", file=sys.stderr)


def look(runs: Path, run_id: str = "", whole: bool = False) -> None:
    """Bring the copy of an archive elsewhere up to date; a folder of one's own is as it is. Raises RunError."""
    if other := registry.elsewhere(runs):
        other.look(run_id, whole)


def cache() -> Path:
    """Where downloads are kept: in the user's home, or in the archive where nobody knows of one."""
    try:
        return Path.home() / ".cache" / "firstlight"
    except RuntimeError:  # a user without HOME and without a name, as containers have them
        return Path(named_archive()).resolve() / ".cache"


def cache_of_user() -> Path | None:
    """The same for what no archive may say of itself; None where it would lie in the archive, for want of a home."""
    folder = cache()
    return None if folder.resolve().is_relative_to(archive().resolve()) else folder


def add_flag(command: ArgumentParser) -> None:
    """--runs, as every command has it."""
    command.add_argument(
        "--runs", type=named, default=named_archive(), metavar="DIR",
        help="the folder of runs, or s3://BUCKET/PREFIX (default: %(default)s)",
    )  # fmt: skip


def named(text: str) -> Path:
    """What --runs names. Raises ArgumentTypeError."""
    try:
        return archive(text)
    except (RunError, OSError) as error:
        raise ArgumentTypeError(str(error)) from error


def beside(runs: Path) -> Path | None:
    """The folder whose runs are shown beside those of `runs`; None in a checkout where none is named."""
    named = os.environ.get(BESIDE, "")
    if not named and (not INSTALLED or os.environ.get(NAMED) or runs.resolve() != Path("runs").resolve()):
        return None
    other = archive(named).resolve() if named else BUNDLED
    return None if other == runs.resolve() else other


def shown(run: Run) -> Run:
    """The run, or that of its id from beside its archive, where its own folder holds no run."""
    other = beside(run.folder.parent)
    if other is None or run.folder.is_symlink() or (run.folder.exists() and not words_alone(run)):
        return run
    there = Run(other / run.id, run.folder)
    return there if there.card.is_file() else run


def more(runs: Path) -> dict[str, Path]:
    """The other archives that a dashboard shows with `runs`, by what it calls each; the bundled runs are none."""
    said = os.environ.get(MORE)
    if not said or runs.resolve() != archive().resolve():
        return {}
    roots = [archive(line).resolve() for line in said.splitlines()]
    return dict(zip(labels([registry.address(runs), *map(registry.address, roots)])[1:], roots, strict=True))


def located(runs: Path, run_id: str) -> Run:
    """The run that is shown as this: of `runs`, from beside it, or of another archive that a dashboard shows.

    Raises RunError for what is no id, and for one of an archive that is not shown.
    """
    label, _, own = run_id.rpartition(":")
    others = more(runs)
    if label:
        if label not in others:
            run_at(runs, own if LABEL.fullmatch(label) else "")  # what is no id is never repeated
            raise RunError(f"There is no archive {label} here; the run {own} of another one is named as {own}, with "
                           "--runs ARCHIVE.")  # fmt: skip
        return replace(run_at(others[label], own), name=run_id)
    run = shown(run_at(runs, run_id))
    if not others or (run.folder.exists() and not words_alone(run)):
        return run
    found = [
        each for root in others.values() if (each := run_at(root, run_id)).folder.exists() and not words_alone(each)
    ]
    return found[0] if found else run


def existing_run(runs: Path, run_id: str) -> Run:
    """The run with this id, to be read. Raises RunError where there is none."""
    run = run_at(runs, run_id)
    look(runs, run_id, whole=True)
    run = shown(run)
    if not run.card.is_file():
        raise no_run(runs, run_id)
    return run


def no_run(runs: Path, run_id: str) -> RunError:
    """That an archive has no run with this id, and which command lists those that it has."""
    how = f"firstlight store list{flag(runs)}"
    return RunError(f"There is no run {run_id} in {registry.address(runs)}. List the runs with: {how}")


def own_run(runs: Path, run_id: str) -> Run:
    """The run with this id, to be changed. Raises RunError where there is none, and for one that is shown beside."""
    run = existing_run(runs, run_id)
    if run.words is not None:
        raise RunError(stays(run))
    return run


def stays(run: Run) -> str:
    """That a run which is shown from beside an archive is not changed, and how one has it as one's own."""
    return f"{run.id} is a bundled run, which stays as it is; make it your own with: firstlight store copy {typed(run)}"


def ids(runs: Path) -> list[str]:
    """Names of the folders in `runs` and beside it that may be runs, in order."""
    look(runs)
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
