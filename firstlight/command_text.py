"""How a run or its archive is typed behind a command: with `--runs` where the command would not read it by itself."""

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from firstlight.installation import HOME, INSTALLED
from firstlight.remote import registry
from firstlight.remote.address import is_address
from firstlight.run_folder import Run

BUNDLED = HOME / "runs"
NAMED = "FIRSTLIGHT_RUNS"
USUAL = "FIRSTLIGHT_USUAL"  # of a dashboard: the archive that a command without --runs reads where it was started from

_everywhere: ContextVar[bool] = ContextVar("everywhere", default=False)


def named_archive() -> str:
    """The folder or address that counts where a command names none."""
    return os.environ.get(NAMED) or ("runs" if INSTALLED else str(BUNDLED))


def typed(run: Run) -> str:
    """A run as one types it behind a command, with the `--runs` that the command needs to find it."""
    return f"{run.folder.name}{flag(run.archive)}"


def flag(runs: Path | None) -> str:
    """` --runs DIR`, for a shell, where a command that is typed would not read this archive by itself; else empty.

    None: no archive of somebody's.
    """
    if runs is None:
        return ""
    own, usual = registry.address(runs), os.environ.get(USUAL) or named_archive()
    if (
        _everywhere.get()
        or own == usual.rstrip("/")
        or (not is_address(usual) and runs.resolve() == Path(usual).resolve())
    ):
        return ""
    return f" --runs {shlex.quote(own)}"


def flags(archives: Sequence[Path]) -> str:
    """The same of one archive; of several `--runs` of each, which a command takes that is of them all."""
    if len(archives) == 1:
        return flag(archives[0])
    return "".join(f" --runs {shlex.quote(registry.address(each))}" for each in archives)


def plain(text: str, run: Run) -> str:
    """A text that is kept with a run, which may be read elsewhere, without the `--runs` of here."""
    return text.replace(typed(run), run.folder.name)


def placed(text: str, run: Run) -> str:
    """What was kept so, with the `--runs` of here behind the command that goes on with the run."""
    command = f"firstlight resume {run.folder.name}"
    return text.replace(command, f"firstlight resume {typed(run)}") if command in text else text


@contextmanager
def for_everywhere() -> Iterator[None]:
    """What is written within the block is read by people who have the runs elsewhere: commands name no archive."""
    token = _everywhere.set(True)
    try:
        yield
    finally:
        _everywhere.reset(token)
