"""The archives elsewhere that this process uses, by the folder that holds what is here of them.

Whoever reads or writes runs asks here whether a folder is one; where no archive elsewhere is named, the answer costs
nothing.
"""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol


class Elsewhere(Protocol):
    """What the rest of Firstlight asks of an archive elsewhere."""

    address: str

    def look(self, run_id: str = "", whole: bool = False) -> None:
        """Bring what is here up to date: of all runs, or of one; `whole`, its checkpoints too. Raises RunError."""

    def faults(self) -> dict[str, str]:
        """Runs that are there and could not be brought, by id, each with the reason and what to do."""

    def notice(self) -> str:
        """What is to be said where the last look was in vain and what is here may be old."""

    def sending(self, run_id: str) -> AbstractContextManager[None]:
        """What is changed of a run in the block is sent when it ends. Raises RunError, as `hold` and where it fails."""

    def hold(self, run_id: str) -> "Holder":
        """Be the one who writes a run, until that is closed. Raises RunError where another is."""

    def put(self, path: Path, content: bytes) -> None:
        """Replace a file that people write, there first and then here. Raises RunError where somebody was faster."""

    def send_fitted(self) -> None:
        """Send the judges and spectra that were made here. Raises RunError."""


class Holder(Protocol):
    """A run that is written by this process."""

    def close(self) -> None:
        """Send the last of it, and let go. Raises RunError where it cannot be sent."""


known: dict[Path, Elsewhere] = {}
lost: dict[Path, str] = {}  # folder of a run -> why this process may not write it any more


def elsewhere(root: Path) -> Elsewhere | None:
    """The archive elsewhere whose runs are here in `root`; None for a folder of one's own."""
    return known.get(root) if known else None


def address(root: Path) -> str:
    """How an archive is called by whoever named it."""
    other = elsewhere(root)
    return other.address if other else str(root)


def place(folder: Path) -> str:
    """How a run's folder is called by whoever named its archive."""
    other = elsewhere(folder.parent)
    return f"{other.address}/{folder.name}" if other else str(folder)


def sending(folder: Path) -> AbstractContextManager[None]:
    """Within the block a run's folder is changed; where it is of an archive elsewhere, that is sent."""
    other = elsewhere(folder.parent)
    return other.sending(folder.name) if other else nullcontext()
